/** The OpenAPI document is complete: every route, no dangling reference, no empty schema. */
import { readFileSync } from 'node:fs'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApp, type RunningApp } from '../support/app.js'
import { routesOf } from '../support/routes.js'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

const operationSchema = z.object({
  summary: z.string().min(1),
  tags: z.array(z.string()).length(1),
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema: z.looseObject({}) }))
    .optional(),
  requestBody: z
    .object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) })
    .optional(),
  responses: z.record(
    z.string().regex(/^([1-5]\d\d|[1-5]XX|default)$/),
    z.object({
      description: z.string().min(1),
      content: z.record(z.string(), z.object({ schema: z.looseObject({}) })).optional(),
    }),
  ),
})

const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(methods), operationSchema)),
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
      (route) => !/ (\/docs|\/(openapi|asyncapi)\.json|\/v2\/$)/.test(route),
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
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        expect(Object.keys(content).length === 0, `${method} ${path} ${status}`).toBe(status === '204')
        for (const [type, { schema }] of Object.entries(content)) {
          expect(Object.keys(schema), `${method} ${path} ${status} ${type}`).not.toEqual([])
        }
      }
      const problem = operation.responses['4XX']
      const errors = path.startsWith('/v2') ? 'application/json' : 'application/problem+json'
      expect(Object.keys(problem?.content ?? {}), `${method} ${path}`).toEqual([errors])
    }
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
    const text = JSON.stringify(post.operation.requestBody)
    for (const word of ['locallyConnected1d', 'binaryCrossentropy', 'learningRate'])
      expect(text).toContain(word)
    const [upload] = operations().filter(({ path, method }) => path === '/datasets' && method === 'post')
    expect(Object.keys(upload.operation.requestBody?.content ?? {})).toEqual(
      expect.arrayContaining(['text/csv', 'multipart/form-data']),
    )
  })
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
