/** The queue follows the database, whatever happened between the two. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { jobRequestSchema } from '../../src/contract/job.js'
import { consume, openQueue, type QueueAddress } from '../../src/queue/queue.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import type { JobQueue, Ticket } from '../../src/training/ports.js'
import { reconcileForever } from '../../src/training/reconcile.js'
import { submit } from '../../src/training/submit.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { eventually } from '../support/service.js'
import { newJob, openStores, type Stores, startJob, xorSpec } from '../support/stores.js'

let stores: Stores
let address: QueueAddress
let queue: JobQueue

const throwError = (error: unknown) => {
  throw error
}

beforeAll(async () => {
  stores = await openStores()
  address = { type: 'postgres', connectionString: stores.connectionString }
  queue = await openQueue(address, throwError)
})

afterAll(async () => {
  await queue.close()
  await stores.close()
})

beforeEach(async () => {
  await stores.database.job.deleteMany()
})

/** The queue, away until it is told to be there again. */
function brokenQueue(): { enqueue(ticket: Ticket): Promise<void>; repair(): void } {
  let broken = true
  return {
    async enqueue(ticket) {
      if (broken) throw new Error('the queue is away')
      await queue.enqueue(ticket)
    },
    repair() {
      broken = false
    },
  }
}

/** As if the jobs had been put on the queue, or should have been, long ago. */
async function elevenSecondsLater(): Promise<void> {
  await stores.database.job.updateMany({ data: { enqueuedAt: new Date(Date.now() - 11_000) } })
}

/** Reconciles once. */
async function reconcile(to: Pick<JobQueue, 'enqueue'>): Promise<unknown[]> {
  const errors: unknown[] = []
  const reconciler = reconcileForever(stores.jobs, to, (error) => errors.push(error))
  await reconciler.now()
  await reconciler.stop()
  return errors
}

async function takeFromQueue(count: number): Promise<string[]> {
  const taken: string[] = []
  const consumer = await consume(address, {
    concurrency: 4,
    handle: async (jobId) => void taken.push(jobId),
    onError: throwError,
  })
  await eventually(() => taken.length >= count || undefined)
  await consumer.close()
  return taken.toSorted()
}

describe('a job submitted while the queue is away', () => {
  it('is accepted, kept, and put on the queue when that is back', async () => {
    const broken = brokenQueue()
    const errors: unknown[] = []
    const { jobs, models, datasets } = stores
    const job = await submit(
      {
        jobs,
        models,
        datasets,
        queue: broken,
        maximumThreads: 1,
        onQueueError: (error) => errors.push(error),
      },
      { tenantId: 'local', limits: { settings: unlimited, own: {} } },
      jobRequestSchema.parse({ ...xorSpec(), dataset: 'xor' }),
    )
    expect(errors).toEqual([new Error('the queue is away')])
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued' })

    // Until then its ticket may still be on the way.
    expect(await reconcile(broken)).toEqual([])
    await elevenSecondsLater()
    expect(await reconcile(broken)).toEqual([new Error('the queue is away')])
    expect(await jobs.toEnqueue(10_000, 10)).toEqual([{ jobId: job.id, attempt: 0 }])
    broken.repair()
    expect(await reconcile(broken)).toEqual([])
    expect(await takeFromQueue(1)).toEqual([job.id])
    expect(await jobs.toEnqueue(10_000, 10)).toEqual([])
  })
})

describe('the reconciler', () => {
  it('puts every waiting job on the queue, also more than it reads at once', async () => {
    const created = await stores.database.job.createManyAndReturn({
      data: Array.from({ length: 501 }, () => {
        const { inlineDataset, spec, ...rest } = newJob()
        return { ...rest, tenantId: 'local', spec, epochs: spec.epochs }
      }),
      select: { id: true },
    })
    const tickets: Ticket[] = []
    expect(await reconcile({ enqueue: async (ticket) => void tickets.push(ticket) })).toEqual([])
    expect(tickets.map(({ jobId }) => jobId).toSorted()).toEqual(created.map(({ id }) => id).toSorted())
    expect(await stores.jobs.toEnqueue(60_000, 10)).toEqual([])
  })

  it('queues the jobs of silent workers again, with a ticket of their own', async () => {
    const { jobId } = await startJob(stores)
    await stores.database.job.update({ where: { id: jobId }, data: { heartbeatAt: new Date(0) } })
    const tickets: Ticket[] = []
    await reconcile({ enqueue: async (ticket) => void tickets.push(ticket) })
    expect(tickets).toEqual([{ jobId, attempt: 1 }])
    expect(await stores.jobs.get(jobId)).toMatchObject({ status: 'queued' })
  })

  it('can be several at once: each job is delivered once', async () => {
    const jobs = await Promise.all(Array.from({ length: 20 }, () => stores.jobs.create(newJob())))
    await elevenSecondsLater()
    await Promise.all([reconcile(queue), reconcile(queue), reconcile(queue)])
    expect(await takeFromQueue(20)).toEqual(jobs.map(({ id }) => id).toSorted())
  })

  it.skipIf(!hasRedis)('makes all tickets again that Redis forgot', async () => {
    const redis = await startRedis()
    const forgetful: QueueAddress = { type: 'redis', url: redis.url }
    const onRedis = await openQueue(forgetful, throwError)
    const jobs = await Promise.all(Array.from({ length: 20 }, () => stores.jobs.create(newJob())))
    const ids = jobs.map(({ id }) => id).toSorted()
    for (const jobId of ids) await onRedis.enqueue({ jobId, attempt: 0 })
    await redis.flush()
    // Not before it is likely that they were lost.
    await reconcile(onRedis)
    const early: string[] = []
    const handle = async (jobId: string) => void early.push(jobId)
    const consumer = await consume(forgetful, { concurrency: 4, handle, onError: throwError })
    await elevenSecondsLater()
    expect(early).toEqual([])
    await reconcile(onRedis)
    await eventually(() => early.length >= ids.length || undefined)
    expect(early.toSorted()).toEqual(ids)
    await consumer.close()
    await onRedis.close()
    await redis.stop()
  })
})
