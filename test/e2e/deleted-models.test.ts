/** A model that was deleted answers nobody any more, whichever process deleted it, while others are asked without a pause. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { type Service, startService } from '../support/service.js'
import { linearModel } from '../support/stores.js'

/** In the long tests as many as the service promises. */
const count = process.env.LONG_TESTS === undefined ? 200 : 1_000
const atOnce = 10

let here: RunningApp
let there: Service
let urls: string[]

beforeAll(async () => {
  here = await openApp()
  there = await startService({ DATABASE_URL: here.connectionString }, 'dist/src/server.js')
  urls = [await here.app.listen({ host: '127.0.0.1', port: 0 }), there.url]
}, 60_000)

afterAll(async () => {
  await there.stop()
  await here.close()
})

/** Copies of one model, with its weights. */
async function storeMany(): Promise<string[]> {
  const { id } = await here.models.create(linearModel())
  const named = `'mdl_' || lpad(to_hex(number), 32, '0')`
  for (const [table, column] of [
    ['Model', 'id'],
    ['WeightChunk', 'modelId'],
  ]) {
    await here.database.$executeRawUnsafe(`
      INSERT INTO "${table}" SELECT copy.* FROM "${table}" AS original, generate_series(1, ${count}) AS number,
        jsonb_populate_record(original, jsonb_build_object('${column}', ${named})) AS copy
      WHERE original."${column}" = '${id}'`)
  }
  return Array.from({ length: count }, (_, index) => `mdl_${(index + 1).toString(16).padStart(32, '0')}`)
}

async function statusOf(url: string, method = 'GET'): Promise<number> {
  const answer = await fetch(url, { method })
  await answer.arrayBuffer()
  return answer.status
}

/** Deletes a model that both processes have cached, and returns their answers to later predictions. */
async function deleteWhileAsked(id: string, deletingUrl: string): Promise<number[]> {
  const ask = () => Promise.all(urls.map((url) => statusOf(`${url}/models/${id}/predict?x=1,2`)))
  expect(await ask()).toEqual([200, 200])
  const meanwhile = ask()
  expect(await statusOf(`${deletingUrl}/models/${id}`, 'DELETE')).toBe(204)
  const afterwards = await ask()
  for (const status of await meanwhile) expect([200, 404]).toContain(status)
  return afterwards
}

it(`${count} deletions by two processes leave no cached prediction`, { timeout: 300_000 }, async () => {
  const ids = await storeMany()
  const statuses: number[] = []
  const left = ids.values()
  const deleting = Array.from({ length: atOnce }, async (_, worker) => {
    for (const id of left) statuses.push(...(await deleteWhileAsked(id, urls[worker % 2])))
  })
  await Promise.all(deleting)
  expect(statuses).toHaveLength(2 * count)
  expect(statuses.filter((status) => status !== 404)).toEqual([])
})
