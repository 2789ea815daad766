/** Sends the examples of the OpenAPI document to an empty service. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApp, type RunningApp } from '../support/app.js'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

const withExamples = z.object({ examples: z.array(z.unknown()).min(1).optional() })
const operationSchema = z.object({
  parameters: z
    .array(
      z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: withExamples }),
    )
    .default([]),
  requestBody: z
    .object({
      content: z.record(
        z.string(),
        z.object({ example: z.unknown().optional(), schema: z.object({ format: z.string().optional() }) }),
      ),
    })
    .optional(),
})
const documentSchema = z.object({
  paths: z.record(z.string(), z.partialRecord(z.enum(methods), operationSchema)),
})

let service: RunningApp
let document: z.infer<typeof documentSchema>

beforeAll(async () => {
  service = await openApp()
  document = documentSchema.parse((await request(service.app.server).get('/openapi.json')).body)
})

afterAll(() => service.close())

describe('every example of a body', () => {
  it('is accepted by an empty service, creations first', async () => {
    const ids = new Map<string, string>()
    const answers: string[] = []
    const posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
      post?.requestBody === undefined ? [] : [{ path, content: post.requestBody.content }],
    )
    // Uploads have no example body.
    const texts = posts.filter(({ content }) => Object.values(content)[0]?.schema.format !== 'binary')
    expect(texts.length).toBeGreaterThanOrEqual(5)
    const creationsFirst = texts.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length)
    for (const { path, content } of creationsFirst) {
      const [type, media] = Object.entries(content)[0] ?? []
      const example = media?.example
      expect(example, `an example for ${path}`).toBeDefined()
      const collection = `/${path.split('/')[1]}`
      if (path.endsWith('/resume')) {
        await request(service.app.server)
          .post(`${collection}/${ids.get(collection)}/pause`)
          .expect(200)
      }
      const answer = await request(service.app.server)
        .post(path.replace('{id}', ids.get(collection) ?? 'none'))
        .set('content-type', type ?? '')
        .send(typeof example === 'string' ? example : JSON.stringify(example))
      answers.push(`${path} ${Math.floor(answer.status / 100)}xx`)
      if (answer.status >= 400) throw new Error(`${path}: ${answer.text}`)
      if (typeof answer.body.id === 'string') ids.set(path, answer.body.id)
    }
    expect(answers).toEqual(creationsFirst.map(({ path }) => `${path} 2xx`))
  })
})

describe('every address that needs no id', () => {
  it('answers without parameters', async () => {
    const paths = Object.entries(document.paths).flatMap(([path, { get }]) => {
      if (get === undefined) return []
      const required = get.parameters.filter(({ in: place }) => place === 'path')
      if (required.some(({ schema }) => schema.examples === undefined)) return []
      const filled = required.reduce(
        (filling, { name, schema }) => filling.replace(`{${name}}`, String(schema.examples?.[0])),
        path,
      )
      return [filled]
    })
    expect(paths.length).toBeGreaterThanOrEqual(8)
    // The stream of many jobs without a list is a WebSocket.
    const statusOf = (path: string) => (path === '/stream' ? 426 : 200)
    for (const path of paths) await request(service.app.server).get(path).expect(statusOf(path))
  })
})
