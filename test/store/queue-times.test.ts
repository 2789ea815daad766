/** Estimated times of queued jobs, compared with a simulation of threads that take one job after the other. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Prisma } from '../../src/store/database.js'
import { jobStore } from '../../src/store/jobs.js'
import { packJson } from '../../src/store/packed-json.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { clearQueue, newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { turnsOf } from '../support/turns.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await clearQueue(stores)
  await stores.database.worker.deleteMany()
  await stores.database.tenant.deleteMany()
})

const addWorker = (threads: number, seenAt = new Date()) =>
  stores.database.worker.create({
    data: { id: `worker_${threads}_${seenAt.getTime()}`, threads, busyThreads: 0, backend: 'native', seenAt },
  })

interface Running {
  tenantId?: string
  epoch?: number
  epochs?: number
  trainingSeconds?: number
  charged?: number
  heldThreads?: number
  claimedSecondsAgo?: number
}

const rowOf = (job: NewJob) => {
  const { inlineDataset, retraining, sweep, trials, copyOf, replay, sharing, spec, ...rest } = job
  return { ...rest, spec: packJson(spec), epochs: spec.epochs, threads: spec.threads }
}

/** A job of one epoch that is estimated to take this long. */
const queuedRow = (tenantId: string, seconds: number, threads = 1) => ({
  ...rowOf(newJob({ spec: xorSpec({ epochs: 1, threads }), stepsPerEpoch: 0, flopsPerEpoch: 1e9 * seconds })),
  tenantId,
})

const runningRow = ({ tenantId = 'busy', claimedSecondsAgo = 0, ...columns }: Running) => ({
  ...rowOf(newJob()),
  ...{ tenantId, status: 'running' as const, workerId: 'worker_a' },
  ...{ epochs: 100, claimSize: 1, heldThreads: 1, ...columns },
  claimedAt: new Date(Date.now() - 1_000 * claimedSecondsAgo),
})

/** A running job whose epochs so far took a second each. */
const rowWithLeft = (seconds: number, more: Running = {}) =>
  runningRow({ epoch: 10, epochs: 10 + seconds, trainingSeconds: 10, ...more })

async function add(...data: Prisma.JobCreateManyInput[]): Promise<void> {
  await stores.database.job.createMany({ data })
}

/** Resolves with the id. */
async function queue(tenantId: string, seconds: number, threads?: number): Promise<string> {
  const row = queuedRow(tenantId, seconds, threads)
  await add(row)
  return row.id
}

const secondsUntil = (time: string | null | undefined) =>
  time == null ? null : Math.max(0, Math.round((Date.parse(time) - Date.now()) / 1_000))

const read = (id: string) => jobStore(stores.database).get(id)

async function startOf(id: string): Promise<number | null> {
  return secondsUntil((await read(id))?.estimatedStartAt)
}

/** The start of the job after `jobs` of `seconds` each, on threads that are free at these times. */
function simulate(free: readonly number[], jobs: number, seconds: number): number {
  const times = [...free]
  for (let taken = 0; taken < jobs; taken++) {
    times.sort((one, other) => one - other)
    times[0] += seconds
  }
  return Math.min(...times)
}

describe('the estimated start', () => {
  it('is that of threads that take one job after the other, for jobs of equal length', async () => {
    const given = fc.record({
      threads: fc.integer({ min: 1, max: 5 }),
      running: fc.array(fc.integer({ min: 20, max: 400 }), { maxLength: 5 }),
      tenants: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
      seconds: fc.constantFrom(50, 100, 130),
    })
    await fc.assert(
      fc.asyncProperty(given, async ({ threads, running, tenants, seconds }) => {
        await clearQueue(stores)
        await stores.database.worker.deleteMany()
        await addWorker(threads)
        const left = running.slice(0, threads)
        await add(
          ...left.map((each) => rowWithLeft(each)),
          ...tenants.map((tenantId) => queuedRow(tenantId, seconds)),
        )
        const free = [...left, ...upTo(threads - left.length).map(() => 0)]
        const turns = await turnsOf(stores.database)
        const starts = await Promise.all(turns.map(({ id }) => startOf(id)))
        const expected = turns.map((_, index) => simulate(free, index, seconds))
        for (const [index, start] of starts.entries()) {
          expect(Math.abs((start ?? Number.NaN) - expected[index])).toBeLessThanOrEqual(3)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('and the end count the jobs before it', async () => {
    await addWorker(2)
    const ids = []
    for (const tenantId of ['a', 'a', 'a']) ids.push(await queue(tenantId, 100))
    const jobs = await Promise.all(ids.map(read))
    expect(jobs.map((job) => secondsUntil(job?.estimatedStartAt))).toEqual([0, 0, 100])
    expect(jobs.map((job) => secondsUntil(job?.estimatedFinishAt))).toEqual([100, 100, 200])
  })

  it('is null without a worker, and in the answer that creates the job', async () => {
    const id = await queue('a', 100)
    expect(await startOf(id)).toBeNull()
    await addWorker(2, new Date(Date.now() - 60_000))
    expect(await startOf(id)).toBeNull()
    await addWorker(2)
    expect(await startOf(id)).toBe(0)
    expect(await stores.jobs.of('a').create(newJob())).toMatchObject({
      estimatedStartAt: null,
      estimatedFinishAt: null,
    })
  })

  it('of a wide job is when enough threads are free', async () => {
    await addWorker(2)
    await add(rowWithLeft(50))
    expect(await startOf(await queue('a', 100, 2))).toBe(50)
  })

  it('of a job that is wider than all workers is when all threads are free', async () => {
    await addWorker(2)
    await add(rowWithLeft(50))
    expect(await startOf(await queue('a', 100, 64))).toBe(50)
  })

  it('observes the tenant’s own limit of running jobs', async () => {
    await stores.database.tenant.create({ data: { id: 'a', limits: { runningJobs: 1 } } })
    await addWorker(4)
    await add(rowWithLeft(30, { tenantId: 'a' }))
    const [first, second] = [await queue('a', 100), await queue('a', 100)]
    const other = await queue('b', 100)
    expect([await startOf(first), await startOf(second), await startOf(other)]).toEqual([30, 130, 0])
  })

  it('uses the charge of a running job before its first epoch', async () => {
    await addWorker(1)
    await add(runningRow({ charged: 100e6, claimedSecondsAgo: 40 }))
    expect(await startOf(await queue('a', 100))).toBe(60)
  })

  it('expects a running job that exceeds its charge to take as long again', async () => {
    await addWorker(1)
    await add(runningRow({ charged: 10e6, claimedSecondsAgo: 30 }))
    expect(await startOf(await queue('a', 100))).toBe(30)
  })

  it('does not overflow for the longest jobs', async () => {
    await addWorker(1)
    const { id } = await stores.jobs.of('a').create(newJob({ flopsPerEpoch: 1.5e300 }))
    expect(await read(id)).toMatchObject({
      estimatedStartAt: expect.any(String),
      estimatedFinishAt: null,
    })
  })
})
