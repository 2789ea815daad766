/** Without Redis, the transactions that queue jobs wake workers. */
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Hints, listenForHints } from '../../src/store/hints.js'
import { notifyQueue } from '../../src/store/wake-ups.js'
import type { JobQueue } from '../../src/training/ports/queue.js'
import { eventually } from '../support/service.js'
import { claimNext, linearModel, newJob, openStores, type Stores, startJob } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let queue: JobQueue
const listening: Hints[] = []

beforeEach(async () => {
  stores = await openStores()
  queue = notifyQueue(stores.database)
})

afterEach(async () => {
  await Promise.all(listening.splice(0).map((hints) => hints.close()))
  await queue.close()
  await stores.close()
})

interface Worker {
  woken: number
  hints: Hints
  /** Resolves when the notifications of all earlier commits have arrived. */
  hearAll(): Promise<void>
}

async function startWorker(): Promise<Worker> {
  const heard = new Set<string>()
  const hints = await listenForHints(stores.connectionString, {
    onHint: ({ jobId }) => heard.add(jobId),
    onQueued: () => worker.woken++,
    onReconnect: () => {},
  })
  listening.push(hints)
  const worker: Worker = {
    woken: 0,
    hints,
    async hearAll() {
      const marker = `marker_${heard.size}`
      await stores.database.$executeRaw`SELECT pg_notify('descent_jobs', ${`${marker} queued 0 0`})`
      await eventually(() => heard.has(marker) || undefined)
    },
  }
  return worker
}

describe('workers are woken', () => {
  it('all of them, when a job is created, released or resumed, and by nothing else', async () => {
    const [worker, other] = [await startWorker(), await startWorker()]
    let expected = 0
    const step = async (wakes: boolean, change: () => Promise<unknown>) => {
      await change()
      await worker.hearAll()
      expected += wakes ? 1 : 0
      expect(worker.woken).toBe(expected)
    }
    const { id } = await stores.jobs.create(newJob())
    expected++
    await step(false, () => claimNext(stores.runs, 'worker_a'))
    await step(true, () => stores.runs.release({ jobId: id, attempt: 1 }, 'worker-stopped'))
    await step(false, () => stores.jobs.pause(id))
    await step(true, () => stores.jobs.resume(id, undefined))
    await step(false, () => claimNext(stores.runs, 'worker_a'))
    await step(true, () => stores.jobs.releaseWorker('worker_a'))
    await step(false, () => claimNext(stores.runs, 'worker_a'))
    await step(false, () => stores.runs.heartbeat([{ jobId: id, attempt: 4 }]))
    await step(false, () => stores.runs.succeed({ jobId: id, attempt: 4 }, linearModel()))
    await step(true, () => stores.jobs.create(newJob()))
    await step(true, () => queue.wake())
    await step(false, () => queue.afterCommit())
    await other.hearAll()
    expect(other.woken).toBe(expected)
  })

  it('when the job can be claimed, not before', async () => {
    const worker = await startWorker()
    const client = new pg.Client({ connectionString: stores.connectionString })
    await client.connect()
    const { jobId } = await startJob(stores)
    await worker.hearAll()
    const before = worker.woken
    await client.query('BEGIN')
    await client.query(`UPDATE "Job" SET status = 'queued' WHERE id = $1`, [jobId])
    await worker.hearAll()
    expect(worker.woken).toBe(before)
    await client.query('COMMIT')
    await client.end()
    await worker.hearAll()
    expect(worker.woken).toBe(before + 1)
  })

  it('by nothing that is rolled back', async () => {
    const worker = await startWorker()
    const { id } = await stores.jobs.create(newJob())
    await expect(stores.jobs.create(newJob({ id }))).rejects.toThrow()
    await worker.hearAll()
    expect(worker.woken).toBe(1)
  })

  it('again after their connection was lost', async () => {
    const worker = await startWorker()
    await stores.database.$queryRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'descent worker'
        AND datname = current_database()`
    await eventually(async () => {
      await queue.wake()
      return worker.woken > 0 || undefined
    })
  })
})

describe('the queue', () => {
  it('counts connected workers, not other listeners', async () => {
    const until = (workers: number) =>
      eventually(async () => ((await queue.workers()) === workers ? true : undefined))
    expect(await queue.workers()).toBe(0)
    listening.push(await listenForHints(stores.connectionString, { onHint: () => {}, onReconnect: () => {} }))
    const workers = await Promise.all(upTo(3).map(startWorker))
    expect(await queue.workers()).toBe(3)
    listening.splice(listening.indexOf(workers[0].hints), 1)
    await workers[0].hints.close()
    await until(2)
  })

  it('reports that the database is unreachable', async () => {
    const away = await openStores()
    await away.close()
    const dead = notifyQueue(away.database)
    await expect(dead.workers()).rejects.toThrow()
    await expect(dead.wake()).rejects.toThrow()
    await expect(dead.afterCommit()).resolves.toBeUndefined()
  })
})
