/** Workers are woken while anything is queued, whatever became of earlier wake-ups. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import { consume, openQueue } from '../../src/queue/queue.js'
import { writeDraft } from '../../src/store/drafts.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import type { JobQueue } from '../../src/training/ports/queue.js'
import { reconcileForever } from '../../src/training/reconcile.js'
import { submit } from '../../src/training/submit.js'
import { generated } from '../support/generated.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { eventually } from '../support/service.js'
import { newJob, openStores, type Stores, startJob, xorSpec } from '../support/stores.js'

let stores: Stores

const throwError = (error: unknown) => {
  throw error
}

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.job.deleteMany()
})

/** A queue that counts its wake-ups. */
function countingQueue() {
  const queue = {
    wakeUps: 0,
    async wake() {
      queue.wakeUps++
    },
  }
  return queue
}

/** Reconciles once; the errors that were reported. */
async function reconcile(queue: Pick<JobQueue, 'wake'>): Promise<unknown[]> {
  const errors: unknown[] = []
  const reconciler = reconcileForever({ ...stores, queue }, (error) => errors.push(error))
  await reconciler.now()
  await reconciler.stop()
  return errors
}

describe('a job submitted while the queue is unreachable', () => {
  it('is accepted and stored, and wakes workers after the outage', async () => {
    const away = async () => {
      throw new Error('the queue is away')
    }
    const errors: unknown[] = []
    const { jobs, models, datasets } = stores
    const job = await submit(
      {
        jobs,
        models,
        datasets,
        generated,
        queue: { afterCommit: away },
        maximumThreads: 1,
        reusesRuns: false,
        advanceSweeps: () => {},
        onQueueError: (error) => errors.push(error),
      },
      { tenantId: 'local', limits: { settings: unlimited, own: {} } },
      jobRequestSchema.parse({ ...xorSpec(), dataset: 'xor' }),
    )
    expect(errors).toEqual([new Error('the queue is away')])
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued' })
    expect(await reconcile({ wake: away })).toEqual([new Error('the queue is away')])
    const queue = countingQueue()
    expect(await reconcile(queue)).toEqual([])
    expect(queue.wakeUps).toBe(1)
  })
})

describe('the reconciler', () => {
  it('wakes workers while jobs are queued, and only then', async () => {
    const queue = countingQueue()
    await reconcile(queue)
    await startJob(stores)
    await reconcile(queue)
    expect(queue.wakeUps).toBe(0)
    const { id } = await stores.jobs.create(newJob())
    await reconcile(queue)
    await reconcile(queue)
    expect(queue.wakeUps).toBe(2)
    await stores.jobs.pause(id)
    await reconcile(queue)
    expect(queue.wakeUps).toBe(2)
  })

  it('begins anew at each call after the last has ended', async () => {
    await stores.jobs.create(newJob())
    const queue = countingQueue()
    const reconciler = reconcileForever({ ...stores, queue }, throwError)
    onTestFinished(() => reconciler.stop())
    await reconciler.now()
    await reconciler.now()
    expect(queue.wakeUps).toBe(2)
  })

  it('queues the jobs of silent workers again, and wakes other workers', async () => {
    const { jobId } = await startJob(stores)
    await stores.database.job.update({ where: { id: jobId }, data: { heartbeatAt: new Date(0) } })
    const queue = countingQueue()
    await reconcile(queue)
    expect(await stores.jobs.get(jobId)).toMatchObject({ status: 'queued' })
    expect(queue.wakeUps).toBe(1)
  })

  it('deletes at once what a silent worker has written of a large model', async () => {
    const claim = await startJob(stores)
    const { database } = stores
    await writeDraft(database, claim, { modelId: 'mdl_0000000000000001' }, new Uint8Array(5 * 1024 * 1024))
    await reconcile(countingQueue())
    expect(await database.weightChunk.count()).toBe(3)
    await database.job.update({ where: { id: claim.jobId }, data: { heartbeatAt: new Date(0) } })
    await reconcile(countingQueue())
    expect(await database.weightChunk.count()).toBe(0)
    expect(await database.draft.count()).toBe(0)
  })

  it('counts one crash per job of a silent worker, even if several run', async () => {
    const { jobId } = await startJob(stores)
    await stores.database.job.update({ where: { id: jobId }, data: { heartbeatAt: new Date(0) } })
    const queue = countingQueue()
    await Promise.all([reconcile(queue), reconcile(queue), reconcile(queue)])
    const row = await stores.database.job.findUniqueOrThrow({ where: { id: jobId } })
    expect(row).toMatchObject({ status: 'queued', crashes: 1 })
    expect(queue.wakeUps).toBeGreaterThanOrEqual(1)
  })

  it.skipIf(!hasRedis)('wakes again when Redis forgot', async () => {
    const redis = await startRedis()
    const queue = await openQueue(redis.url, throwError)
    await stores.jobs.create(newJob())
    await queue.afterCommit()
    await redis.flush()
    let woken = 0
    const work = async () => void woken++
    const consumer = await consume(redis.url, { concurrency: 1, work, onError: throwError })
    expect(woken).toBe(0)
    expect(await reconcile(queue)).toEqual([])
    await eventually(() => woken === 1 || undefined)
    await consumer.close()
    await queue.close()
    await redis.stop()
  })
})
