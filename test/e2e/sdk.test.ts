/** The client over a service whose API process is killed. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Descent } from '../../sdk/src/index.js'
import { createKey } from '../support/create-key.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { freePort, type Service, startService } from '../support/service.js'
import { upTo } from '../support/watching.js'

let database: FreshDatabase
let worker: Service
let api: Service
let key: string
let environment: Record<string, string>

const startApi = () => startService(environment, 'dist/src/server.js')

beforeAll(async () => {
  database = await freshDatabase()
  key = await createKey(database.connectionString, 'mine', ['jobs:read', 'jobs:write'])
  environment = { DATABASE_URL: database.connectionString, PORT: String(await freePort()) }
  worker = await startService({ DATABASE_URL: database.connectionString }, 'dist/workers/main.js')
  api = await startApi()
}, 120_000)

afterAll(async () => {
  await Promise.all([api?.stop(), worker?.stop()])
  await database?.drop()
})

describe.each([
  { kind: 'WebSocket', WebSocket },
  { kind: 'server-sent events', WebSocket: null },
])('a stream by $kind', ({ WebSocket }) => {
  it('loses no epoch when the API process is killed and starts again', async () => {
    const client = new Descent({ url: api.url, key, WebSocket })
    const epochs = 40_000
    const job = await client.jobs.create({
      dataset: 'xor',
      network: { layers: [8, 1].map((units) => ({ type: 'dense', units, activation: 'sigmoid' })) },
      loss: 'binaryCrossentropy',
      batchSize: 1,
      epochs,
    })
    const finished = job.done()
    const seen: number[] = []
    let kills = 0
    for await (const { epoch } of job.epochs()) {
      seen.push(epoch)
      if (kills >= 2 || epoch < 5_000 * (kills + 1)) continue
      kills++
      await api.stop('SIGKILL')
      const created = client.jobs.create({ dataset: 'xor', epochs: 1, network: 'auto' }, { retries: 10 })
      api = await startApi()
      expect((await created).id).toMatch(/^job_/)
    }
    expect(kills).toBe(2)
    expect(seen).toEqual(upTo(epochs))
    expect(job.status).toBe('succeeded')
    expect(await finished).toMatchObject({ id: job.id, epoch: epochs })
  })
})
