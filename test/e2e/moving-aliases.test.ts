/** Predictions by two processes while an alias moves: each is of one version, and none is of an earlier one than it could know. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { predictionsSchema } from '../../src/contract/model.js'
import { openApp, type RunningApp } from '../support/app.js'
import { type Service, startService } from '../support/service.js'
import { float32Bytes, linearModel } from '../support/stores.js'

const versions = 5
const predictions = process.env.LONG_TESTS === undefined ? 2_000 : 6_000
const atOnce = 32
const rows = 3

let here: RunningApp
let there: Service
let urls: string[]
let ids: string[]

beforeAll(async () => {
  here = await openApp()
  there = await startService({ DATABASE_URL: here.connectionString }, 'dist/src/server.js')
  urls = [await here.app.listen({ host: '127.0.0.1', port: 0 }), there.url]
  ids = []
  for (let version = 1; version <= versions; version++) {
    const model = linearModel({ weights: float32Bytes([0, 0, version]) })
    ids.push((await here.models.create(model)).id)
    await here.registry.of('local').register('churn', model.id, null)
  }
}, 60_000)

afterAll(async () => {
  await there.stop()
  await here.close()
})

async function put(url: string, version: number, etag: string | undefined): Promise<string> {
  const answer = await fetch(`${url}/registry/churn/aliases/current`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...(etag === undefined ? {} : { 'if-match': etag }) },
    body: JSON.stringify({ version }),
  })
  expect([200, 201]).toContain(answer.status)
  await answer.arrayBuffer()
  return z.string().parse(answer.headers.get('etag'))
}

const query = Array.from({ length: rows }, () => 'x=1,2').join('&')

async function predict(url: string) {
  const answer = await fetch(`${url}/models/churn@current/predict?${query}`)
  expect(answer.status).toBe(200)
  return predictionsSchema.parse(await answer.json())
}

it(`of ${predictions} predictions, each is of one version that was current meanwhile`, {
  timeout: 120_000,
}, async () => {
  let etag = await put(urls[0], 1, undefined)
  /** Counts moves. Move m is to version m % versions + 1. */
  let begun = 0
  let done = 0
  let isOver = false
  const versionAfter = (move: number) => (move % versions) + 1
  const moving = (async () => {
    while (!isOver) {
      begun += 1
      etag = await put(urls[begun % 2], versionAfter(begun), etag)
      done = begun
    }
  })()
  let left = predictions
  const seen = new Set<number>()
  const start = performance.now()
  const asking = Array.from({ length: atOnce }, async (_, worker) => {
    while (left-- > 0) {
      const before = done
      const { modelId, version, predictions: answers } = await predict(urls[worker % 2])
      const possible = Array.from({ length: begun - before + 1 }, (_each, index) =>
        versionAfter(before + index),
      )
      expect(possible).toContain(version)
      expect(modelId).toBe(ids[(version ?? 0) - 1])
      expect(answers.map((answer) => answer?.output)).toEqual(Array.from({ length: rows }, () => [version]))
      seen.add(version ?? 0)
    }
  })
  await Promise.all(asking)
  const seconds = (performance.now() - start) / 1_000
  isOver = true
  await moving
  expect(seen.size).toBe(versions)
  expect(done).toBeGreaterThan(predictions / 300)
  if (process.env.LOG_LEVEL === 'info')
    console.log(`${predictions / seconds} predictions a second, ${done} moves`)
})

it('a move is seen by each request after its response, in any process', { timeout: 60_000 }, async () => {
  const alias = await here.registry.of('local').alias('churn', 'current')
  let { etag } = alias
  for (let move = 0; move < 100; move++) {
    const version = ((alias.version + move) % versions) + 1
    etag = await put(urls[move % 2], version, etag)
    const answers = await Promise.all(urls.map(predict))
    expect(answers.map((answer) => answer.version)).toEqual([version, version])
  }
})
