/** Workers in /workers, /health/ready and /metrics. */
import { hostname } from 'node:os'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { submit } from '../../examples/client.js'
import { workerSchema } from '../../src/contract/worker.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'
import { startJob } from '../support/stores.js'

const listSchema = z.object({
  data: z.array(workerSchema),
  hasMore: z.boolean(),
  lastId: z.string().nullable(),
})

describe('workers that report', () => {
  let service: RunningApp

  beforeAll(async () => {
    service = await openApp()
  })

  afterAll(() => service.close())

  const get = (path: string) => request(service.app.server).get(path).expect(200)

  it('are listed and counted until they stop reporting', async () => {
    const { workers, database } = service
    const place = { host: 'machine', processId: 7 }
    await workers.report({ id: 'worker_a', threads: 4, busyThreads: 0, backend: 'native', ...place })
    await workers.report({ id: 'worker_b', threads: 2, busyThreads: 2, backend: 'wasm', ...place })
    await workers.report({ id: 'worker_a', threads: 4, busyThreads: 1, backend: 'native', ...place })
    await workers.report({ id: 'worker_c', threads: 8, busyThreads: 8, backend: 'wasm', ...place })
    await database.$executeRaw`UPDATE "Worker" SET "seenAt" = now() - interval '11 seconds' WHERE id = 'worker_c'`
    await startJob(service, 'worker_b')
    await startJob(service, 'worker_b', { tenantId: 'blue' })
    await startJob(service, 'worker_b', { tenantId: 'blue' })

    const { data } = listSchema.parse((await get('/workers')).body)
    expect(
      data.map((worker) => [
        worker.id,
        worker.threads,
        worker.busyThreads,
        worker.runningJobs,
        worker.runningTenants,
      ]),
    ).toEqual([
      ['worker_b', 2, 2, 3, 2],
      ['worker_a', 4, 1, 0, 0],
    ])
    expect(data[0]).toMatchObject(place)
    const first = listSchema.parse((await get('/workers?limit=1')).body)
    expect(first.hasMore).toBe(true)
    const second = listSchema.parse((await get(`/workers?limit=1&after=${first.lastId}`)).body)
    expect(second.data.map(({ id }) => id)).toEqual(['worker_a'])

    expect((await get('/health/ready')).body.workers).toEqual({ seen: 2, threads: 6, busyThreads: 3 })
    const { text } = await get('/metrics')
    expect(text).toContain('\ndescent_workers 2\n')
    expect(text).toContain('\ndescent_worker_threads{state="busy"} 3\n')
    expect(text).toContain('\ndescent_worker_threads{state="free"} 3\n')

    await workers.cleanUp()
    expect(await database.worker.count()).toBe(2)
    await workers.remove('worker_b')
    expect((await get('/health/ready')).body.workers).toEqual({ seen: 1, threads: 4, busyThreads: 1 })
  })
})

describe('the worker of npm start', () => {
  it('appears with its threads, is busy while it trains, and disappears when it dies', async () => {
    const folder = temporaryFolder()
    const service = await startService({ DATA_DIRECTORY: folder.path, WORKER_CONCURRENCY: '2' })
    const list = async () => listSchema.parse(await (await fetch(`${service.url}/workers`)).json()).data
    const [worker] = await eventually(async () => {
      const found = await list()
      return found.length === 1 ? found : undefined
    })
    const here = { host: hostname(), processId: service.workerPids()[0] }
    expect(worker).toMatchObject({ threads: 2, busyThreads: 0, runningJobs: 0, ...here })
    await submit(service.url, {
      dataset: 'xor',
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 10_000_000,
    })
    await eventually(async () => ((await list())[0]?.busyThreads === 1 ? true : undefined))
    process.kill(service.workerPids()[0], 'SIGKILL')
    await eventually(async () => {
      const ids = (await list()).map(({ id }) => id)
      return ids.length === 1 && ids[0] !== worker.id ? true : undefined
    })
    await service.stop()
    folder.remove()
  }, 60_000)
})
