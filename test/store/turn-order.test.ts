/** Claims and positions use sums and parts of the queue, and agree with the policy applied to all rows. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobStatus, jobStatusSchema } from '../../src/contract/job-status.js'
import { jobStore } from '../../src/store/jobs.js'
import { packJson } from '../../src/store/packed-json.js'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { Capacity } from '../../src/training/ports/runs.js'
import { expectTrueCounters } from '../support/counters.js'
import { capacityWith, clearQueue, newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { choose, chooseForSpare } from '../support/turn-policy.js'
import { readQueue, turnsOf } from '../support/turns.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const tenants = ['a', 'b', 'c', 'd'] as const

interface Given {
  tenantId: (typeof tenants)[number]
  priority: number
  status: JobStatus
  /** Distance to the queue number of the job before it: some are in other buckets. */
  gap: number
  threads: number
  /** Each step counts as 3.1 µs. */
  epochs: number
  /** Epochs that are stored already. */
  done: number
  hasFolds: boolean
  claimAlone: boolean
  attempt: number
  /** Thread-microseconds of a running job: 310 are a job of 100 epochs. */
  charged: number
}

/** The first value, except for one in fifteen. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { arbitrary: fc.constant(usual), weight: 14 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  )

const given: fc.Arbitrary<Given> = fc.record({
  tenantId: fc.constantFrom(...tenants),
  priority: fc.constantFrom(-1, 0, 0, 0, 1),
  status: fc.constantFrom<JobStatus>(
    'queued',
    'queued',
    'queued',
    'queued',
    'queued',
    ...jobStatusSchema.options,
  ),
  gap: fc.constantFrom(1, 1, 1, 2, 1_000, 5_000),
  threads: fc.constantFrom(1, 1, 1, 1, 1, 1, 2, 3, 64),
  epochs: fc.constantFrom(100, 100, 200, 500),
  done: fc.constantFrom(0, 0, 50),
  hasFolds: mostly(false, true),
  claimAlone: mostly(false, true),
  attempt: mostly(0, 1),
  charged: fc.constantFrom(0, 310, 620, 1_000),
})

/** Mostly the maximum. */
const queue = fc.array(given, { maxLength: 60, size: 'max' })

type Stored = Given & { id: string }

let queueNumber = 0n

async function store(jobs: Given[]): Promise<Map<string, Stored>> {
  await clearQueue(stores)
  const stored = jobs.map((each) => ({ ...each, id: newId('job') }))
  const rule = { monitor: 'loss' as const, patience: 5, minDelta: 0, restoreBest: false, folds: 3 }
  await stores.database.job.createMany({
    data: stored.map(
      ({
        id,
        tenantId,
        priority,
        status,
        gap,
        threads,
        epochs,
        done,
        hasFolds,
        claimAlone,
        attempt,
        charged,
      }) => {
        const spec = xorSpec({ threads, epochs, ...(hasFolds ? { earlyStopping: rule } : {}) })
        const { inlineDataset, retraining, sweep, trials, copyOf, replay, sharing, ...rest } = newJob({
          id,
          priority,
          spec,
        })
        queueNumber += BigInt(gap)
        return {
          ...rest,
          spec: packJson(spec),
          threads,
          hasFolds,
          tenantId,
          status,
          epochs,
          epoch: done,
          claimAlone,
          attempt,
          charged,
          queueNumber,
          workerId: 'worker_a',
        }
      },
    ),
  })
  return new Map(stored.map((each) => [each.id, each]))
}

async function queuePositions(ids: string[]): Promise<(number | null | undefined)[]> {
  const jobs = jobStore(stores.database)
  return Promise.all(ids.map(async (id) => (await jobs.get(id))?.queuePosition))
}

/** Jobs of a tenant that take equally long; those of b twice, and those of c three times as long. */
const alike = queue.map((jobs) =>
  jobs.map((job) => {
    const times = { a: 1, b: 2, c: 3, d: 1 }[job.tenantId]
    return { ...job, threads: 1, epochs: 100 * times, done: 0 }
  }),
)

describe('queuePosition', () => {
  it('is the position in the order, for each queued job', async () => {
    await fc.assert(
      fc.asyncProperty(alike, async (jobs) => {
        const stored = await store(jobs)
        const turns = await turnsOf(stores.database)
        expect(await queuePositions(turns.map(({ id }) => id))).toEqual(turns.map((_, index) => index + 1))
        const others = [...stored.values()].filter(({ status }) => status !== 'queued')
        expect(await queuePositions(others.map(({ id }) => id))).toEqual(others.map(() => null))
      }),
      { numRuns: 25 },
    )
  })

  it('increases along the queue of each tenant, for jobs of any length', async () => {
    await fc.assert(
      fc.asyncProperty(queue, async (jobs) => {
        await store(jobs)
        const turns = await turnsOf(stores.database)
        for (const tenant of tenants) {
          const own = turns.filter(({ tenantId }) => tenantId === tenant)
          const positions = (await queuePositions(own.map(({ id }) => id))).map(Number)
          expect(positions).toEqual([...new Set(positions)].toSorted((x, y) => x - y))
          expect(positions.at(-1) ?? 0).toBeLessThanOrEqual(turns.length)
          expect(positions[0] ?? 1).toBeGreaterThanOrEqual(1)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('of a new job is its position, for any tenant and priority', async () => {
    const created = fc.array(
      fc.record({ tenantId: fc.constantFrom('a', 'd', 'new'), priority: fc.integer({ min: -2, max: 2 }) }),
      { minLength: 1, maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(alike, created, async (jobs, more) => {
        await store(jobs)
        // This test chooses queue numbers, and new jobs must come after them.
        await stores.database.$queryRaw`
          SELECT setval(pg_get_serial_sequence('"Job"', 'queueNumber'), ${queueNumber}::bigint)::text`
        for (const { tenantId, priority } of more) {
          const { id, queuePosition } = await stores.jobs.of(tenantId).create(newJob({ priority }))
          queueNumber += 1n
          const turns = await turnsOf(stores.database)
          expect(queuePosition).toBe(1 + turns.findIndex((each) => each.id === id))
        }
      }),
      { numRuns: 25 },
    )
  })
})

const capacity: fc.Arbitrary<Capacity> = fc
  .record({
    all: fc.integer({ min: 1, max: 3 }),
    busy: fc.nat({ max: 2 }),
    jobs: fc.constantFrom(1, 2, 5, 48, 48),
    // Of jobs with 100 epochs left; the fraction keeps it away from the edge.
    small: fc.constantFrom(0, 1, 5, 20, 20),
    timeScale: fc.constantFrom(1, 1, 0.5, 4),
    freeIn: fc.nat({ max: 8 }),
  })
  .map(({ all, busy, jobs, small, timeScale, freeIn }) => {
    const free = Math.max(1, all - busy)
    const seconds = (count: number) => (count + 0.37) * 100 * 3.1e-6
    return capacityWith({
      all,
      free,
      jobs,
      seconds: seconds(small),
      timeScale,
      freeIn: Array.from({ length: all }, (_, index) => (index < free ? 0 : seconds(freeIn + index))),
    })
  })

/** The jobs that a claim takes now. */
async function expectedClaim(
  allowed: Record<(typeof tenants)[number], number>,
  capacity: Capacity,
): Promise<ReturnType<typeof choose>> {
  const { jobs, tenants } = await readQueue(stores.database)
  const limits = new Map<string, number>(Object.entries(allowed))
  const waiting = [...tenants].map(
    ([id, tenant]) => [id, { ...tenant, allowed: limits.get(id) ?? 0 }] as const,
  )
  return choose(jobs, new Map(waiting), capacity)
}

/** Ends so many running jobs at most. */
async function endRunning(most: number): Promise<void> {
  // The clock must not decide: an end then returns the whole charge of the claim.
  await stores.database.job.updateMany({ data: { claimedAt: null } })
  const over = await stores.database.job.findMany({ where: { status: 'running' }, take: most })
  await stores.database.job.updateMany({
    where: { id: { in: over.map(({ id }) => id) } },
    data: { status: 'failed' },
  })
}

describe('a claim', () => {
  it('takes the jobs whose turn it is, up to the limits of a batch and of running jobs', async () => {
    const limit = fc.constantFrom(1, 2, 5, 100, 100, 100)
    const allowed = fc.record({ a: limit, b: limit, c: limit, d: fc.constant(3) })
    const step = fc.record({ capacity, ends: fc.nat({ max: 3 }) })
    const met = { together: 0, passed: 0, reserved: 0 }
    await fc.assert(
      fc.asyncProperty(
        queue,
        allowed,
        fc.array(step, { minLength: 5, maxLength: 10 }),
        async (jobs, limits, steps) => {
          await stores.database.tenant.deleteMany()
          // The last tenant uses the setting.
          const { d, ...own } = limits
          await stores.database.tenant.createMany({
            data: Object.entries(own).map(([id, runningJobs]) => ({ id, limits: { runningJobs } })),
          })
          const runs = runStore(stores.database, { ...unlimited, runningJobs: d })
          await store(jobs)
          let reservation: Capacity['reservation'] = null
          for (const { capacity: free, ends } of steps) {
            const capacity = { ...free, reservation }
            const { taken, first } = await expectedClaim(limits, capacity)
            const expected = taken.map(({ id }) => id)
            const claimed = await runs.claim('worker_a', capacity)
            expect(claimed.jobs.map(({ jobId }) => jobId)).toEqual(expected)
            const waits = first !== null && Math.min(first.threads, capacity.all) > capacity.free
            expect(claimed.waiting?.jobId).toBe(waits ? first.id : undefined)
            expect(claimed.left).toBe(await stores.database.job.count({ where: { status: 'queued' } }))
            if (waits && expected.length > 0) met.passed++
            if (waits && reservation?.jobId === first.id) met.reserved++
            met.together = Math.max(met.together, expected.length)
            reservation = claimed.waiting && { jobId: claimed.waiting.jobId, seconds: 2.5 * 310e-6 }
            const rows = await stores.database.job.findMany({ where: { id: { in: expected } } })
            for (const row of rows)
              expect(row).toMatchObject({ status: 'running', claimSize: expected.length })
            await endRunning(ends)
          }
          await expectTrueCounters(stores.database)
        },
      ),
      // Reports the example found so far instead of shrinking until the test times out.
      { numRuns: 40, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true },
    )
    // Otherwise the test would not cover it.
    expect(met.together).toBeGreaterThan(2)
    expect(met.passed).toBeGreaterThan(3)
    expect(met.reserved).toBeGreaterThan(3)
  }, 180_000)
})

describe('a claim for the spare thread', () => {
  it('takes small jobs of tenants that run none, by their turns', async () => {
    const limits = { a: 1, b: 2, c: 100, d: 3 }
    const step = fc.record({ capacity, ends: fc.nat({ max: 3 }), clock: fc.constantFrom(0, 400, 2e6) })
    const met = { together: 0, nothing: 0 }
    await stores.database.tenant.deleteMany()
    await stores.database.tenant.createMany({
      data: Object.entries(limits).map(([id, runningJobs]) => ({ id, limits: { runningJobs } })),
    })
    const runs = runStore(stores.database, unlimited)
    await fc.assert(
      fc.asyncProperty(queue, fc.array(step, { minLength: 3, maxLength: 6 }), async (jobs, steps) => {
        await store(jobs.map((job) => ({ ...job, status: job.tenantId === 'c' ? 'queued' : job.status })))
        for (const { capacity, ends, clock: threadTime } of steps) {
          await stores.database.queueClock.updateMany({ data: { threadTime } })
          const { jobs, tenants, clock } = await readQueue(stores.database)
          const waiting = [...tenants].map(
            ([id, tenant]) =>
              [id, { ...tenant, allowed: new Map(Object.entries(limits)).get(id) ?? 0 }] as const,
          )
          const { taken, left } = chooseForSpare(jobs, new Map(waiting), capacity, clock)
          const claimed = await runs.claimSpare('worker_a', capacity)
          expect(claimed.jobs.map(({ jobId }) => jobId)).toEqual(taken.map(({ id }) => id))
          expect(claimed).toMatchObject({ left, waiting: null })
          expect((await readQueue(stores.database)).clock).toBe(threadTime)
          met.together = Math.max(met.together, taken.length)
          if (taken.length === 0 && jobs.length > 0) met.nothing++
          await endRunning(ends)
        }
        await expectTrueCounters(stores.database)
      }),
      { numRuns: 30, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true },
    )
    expect(met.together).toBeGreaterThan(2)
    expect(met.nothing).toBeGreaterThan(3)
  }, 180_000)
})
