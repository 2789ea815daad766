/** The OpenAPI document is complete: every route, named schemas, no dangling reference, no empty schema. */
import { readFileSync } from 'node:fs'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApp, type RunningApp } from '../support/app.js'
import { routesOf } from '../support/routes.js'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

const contentSchema = z.record(z.string(), z.object({ schema: z.looseObject({}) }))

const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  tags: z.array(z.string()).length(1),
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema: z.looseObject({}) }))
    .optional(),
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z
    .object({ default: z.object({ $ref: z.string() }) })
    .catchall(z.object({ description: z.string().min(1), content: contentSchema.optional() })),
})

const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(methods), operationSchema)),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({})),
    responses: z.record(z.string(), z.object({ content: contentSchema })),
  }),
})

let service: RunningApp
let document: z.infer<typeof documentSchema>
let raw: unknown

beforeAll(async () => {
  service = await openApp()
  const answer = await request(service.app.server).get('/openapi.json')
  raw = answer.body
  document = documentSchema.parse(raw)
})

afterAll(() => service.close())

function operations() {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )
}

/** Every object within the document, with the pointer to it. */
function* objectsIn(value: unknown, pointer = '#'): Generator<[string, Record<string, unknown>]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* objectsIn(item, `${pointer}/${index}`)
  } else if (typeof value === 'object' && value !== null) {
    yield [pointer, { ...value }]
    for (const [key, item] of Object.entries(value)) yield* objectsIn(item, `${pointer}/${key}`)
  }
}

describe('/openapi.json', () => {
  it('is the document that the build writes without a service', () => {
    expect(JSON.parse(readFileSync('dist/openapi.json', 'utf8'))).toEqual(raw)
  })

  it('documents the routes of the application and no others', () => {
    const documented = operations().map(({ path, method }) => {
      return `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
    })
    const ours = [...routesOf(service.app.printRoutes({ commonPrefix: false }))].filter(
      (route) => !/ (\/docs|\/mcp|\/(openapi|asyncapi)\.json|\/v2\/$)/.test(route),
    )
    expect(ours).toContain('POST /jobs')
    expect(documented.toSorted()).toEqual(ours.toSorted())
  })

  it('has a target for every reference', () => {
    const pointers = new Set([...objectsIn(raw)].map(([pointer]) => pointer))
    const references = [...objectsIn(raw)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []))
    expect(references.filter((reference) => !pointers.has(reference))).toEqual([])
  })

  it('describes every response: no schema is empty', () => {
    for (const { path, method, operation } of operations()) {
      const { default: failure, ...successes } = operation.responses
      expect(Object.keys(successes).filter((status) => !/^2\d\d$/.test(status))).toEqual([])
      for (const [status, { content = {} }] of Object.entries(successes)) {
        expect(Object.keys(content).length === 0, `${method} ${path} ${status}`).toBe(status === '204')
        for (const [type, { schema }] of Object.entries(content)) {
          expect(Object.keys(schema), `${method} ${path} ${status} ${type}`).not.toEqual([])
        }
      }
      const name = path.startsWith('/v2') ? 'InferenceError' : 'Problem'
      expect(failure, `${method} ${path}`).toEqual({ $ref: `#/components/responses/${name}` })
    }
    const types = Object.entries(document.components.responses).map(([name, { content }]) => [name, content])
    expect(Object.fromEntries(types)).toEqual({
      InferenceError: { 'application/json': { schema: { $ref: '#/components/schemas/InferenceError' } } },
      Problem: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    })
  })

  it('has an id for every operation: a verb and a noun, once', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)+$|^(predict|redeliver)$/.test(id))).toEqual([])
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('has a named schema for every JSON body and response', () => {
    const unnamed = operations().flatMap(({ operation: { operationId, requestBody, responses } }) => {
      const { default: _failure, ...successes } = responses
      const contents = [requestBody, ...Object.values(successes)].map((part) => part?.content ?? {})
      const isUnnamed = contents.some((content) => {
        const { $ref, format } = content['application/json']?.schema ?? { format: 'binary' }
        return $ref === undefined && format !== 'binary'
      })
      return isUnnamed ? [operationId] : []
    })
    expect(unnamed).toEqual([])
  })

  it('repeats no long schema of an object', () => {
    const places = new Map<string, string[]>()
    for (const [pointer, schema] of objectsIn(raw)) {
      const text = JSON.stringify(schema)
      if (schema.type !== 'object' || !('properties' in schema) || text.length < 200) continue
      places.set(text, [...(places.get(text) ?? []), pointer])
    }
    expect(places.size).toBeGreaterThan(150)
    expect([...places.values()].filter((pointers) => pointers.length > 1)).toEqual([])
  })

  it('maps the discriminator of every union of objects to named schemas', () => {
    const unions = Object.entries(document.components.schemas).filter(([, schema]) => 'oneOf' in schema)
    expect(unions.map(([name]) => name)).toEqual(
      expect.arrayContaining(['Layer', 'Optimizer', 'StreamMessage']),
    )
    const mapped = z.object({
      oneOf: z.array(z.object({ $ref: z.string() })),
      discriminator: z.object({
        propertyName: z.enum(['type', 'name']),
        mapping: z.record(z.string(), z.string()),
      }),
    })
    for (const [name, schema] of unions) {
      const { oneOf, discriminator } = mapped.parse(schema)
      const targets = new Set(Object.values(discriminator.mapping))
      expect(targets, name).toEqual(new Set(oneOf.map(({ $ref }) => $ref)))
      for (const [value, target] of Object.entries(discriminator.mapping)) {
        const option = document.components.schemas[target.replace('#/components/schemas/', '')]
        expect(JSON.stringify(option), `${name} ${value}`).toContain(`"${value}"`)
      }
    }
    const others = [...objectsIn(raw)].filter(
      ([pointer, schema]) => 'oneOf' in schema && pointer.split('/').length > 4,
    )
    expect(others.map(([pointer]) => pointer)).toEqual([])
  })

  it('names every parameter of a path', () => {
    for (const { path, operation } of operations()) {
      const named = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name)
      expect(named, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })

  it('contains the schemas of a job and an upload', () => {
    const [post] = operations().filter(({ path, method }) => path === '/jobs' && method === 'post')
    expect(Object.keys(post.operation.requestBody?.content ?? {})).toEqual(['application/json'])
    const { JobRequest, LayerInput } = document.components.schemas
    expect(JSON.stringify(JobRequest)).toContain('learningRate')
    expect(JSON.stringify(LayerInput)).toContain('locallyConnected1d')
    const [upload] = operations().filter(({ path, method }) => path === '/datasets' && method === 'post')
    expect(Object.keys(upload.operation.requestBody?.content ?? {})).toEqual(
      expect.arrayContaining(['text/csv', 'multipart/form-data']),
    )
  })
})

it.each([
  '/openapi.json',
  '/docs/json',
  '/asyncapi.json',
])('%s is not sent again to a client that has it', async (path) => {
  const { status, headers } = await request(service.app.server).get(path)
  expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
  const again = await request(service.app.server).get(path).set('if-none-match', headers.etag)
  expect([again.status, again.text]).toEqual([304, ''])
})

describe('/docs', () => {
  it('serves Swagger UI', async () => {
    const answer = await request(service.app.server).get('/docs')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toContain('text/html')
    const shown = await request(service.app.server).get('/docs/json')
    expect(shown.body).toEqual(raw)
    const script = await request(service.app.server).get('/docs/static/swagger-initializer.js')
    expect(script.status).toBe(200)
  })
})
