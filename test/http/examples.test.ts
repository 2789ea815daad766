/** Sends the examples of the OpenAPI document to an empty service. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApp, type RunningApp } from '../support/app.js'
import { epochsOf, startJob, storeEpochs, storeModel, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

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

/** As version 1 of `logic`, which is also its current one. */
async function register(modelId: string): Promise<void> {
  await request(service.app.server).put('/registry/logic/versions').send({ modelId }).expect(201)
  await request(service.app.server).put('/registry/logic/aliases/current').send({ version: 1 }).expect(201)
}

/** @returns a running job that has come to the epoch of the example of a fork */
async function storeEpochsOfExample(): Promise<string> {
  const claim = await startJob(service, 'worker_a', { spec: xorSpec({ epochs: 300 }) })
  await storeEpochs(service, claim, epochsOf(upTo(200)))
  return claim.jobId
}

const needsKeys = (path: string) => path.startsWith('/workshop') || path.startsWith('/admin')

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
      // Only a model that a job trained can be retrained.
      let id = path.endsWith('/retrain') ? (await storeModel(service)).id : ids.get(collection)
      if (path.endsWith('/fork')) id = await storeEpochsOfExample()
      const answer = await request(service.app.server)
        .post(
          path
            .replace('{id}', id ?? 'none')
            .replace('{name}', 'logic')
            .replace('{version}', '1'),
        )
        .set('content-type', type ?? '')
        .send(typeof example === 'string' ? example : JSON.stringify(example))
      // An empty service needs no keys, and therefore has no workshops, nor creates keys.
      if (needsKeys(path)) {
        expect(['no-keys', 'not-found'], path).toContain(answer.body.code)
        continue
      }
      answers.push(`${path} ${Math.floor(answer.status / 100)}xx`)
      if (answer.status >= 400) throw new Error(`${path}: ${answer.text}`)
      if (typeof answer.body.id === 'string') ids.set(path, answer.body.id)
      if (path === '/models') await register(answer.body.id)
    }
    const accepted = creationsFirst.filter(({ path }) => !needsKeys(path))
    expect(answers).toEqual(accepted.map(({ path }) => `${path} 2xx`))
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
    // The client joined no workshop.
    const statusOf = (path: string) => (path === '/stream' ? 426 : path === '/workshop' ? 404 : 200)
    for (const path of paths) await request(service.app.server).get(path).expect(statusOf(path))
  })
})
