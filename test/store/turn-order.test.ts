/** Positions and claims go by sums and parts of the queue; they agree with the order counted from all rows. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobStatus, jobStatusSchema } from '../../src/contract/job.js'
import { jobStore } from '../../src/store/jobs.js'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { Room } from '../../src/training/ports.js'
import { expectTrueCounters } from '../support/counters.js'
import { newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { turnsOf } from '../support/turns.js'

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
  /** From the number of the job before it: some lie in other buckets of numbers. */
  gap: number
  threads: number
  /** Each is taken to last 3.1 µs. */
  epochs: number
  /** Those that are stored already. */
  done: number
  hasFolds: boolean
  claimAlone: boolean
}

/** The first, but for one in fifteen. */
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
  threads: mostly(1, 2, 3, 64),
  epochs: fc.constantFrom(100, 100, 200, 500),
  done: fc.constantFrom(0, 0, 50),
  hasFolds: mostly(false, true),
  claimAlone: mostly(false, true),
})

/** As long as they may be more often than not. */
const queue = fc.array(given, { maxLength: 60, size: 'max' })

type Stored = Given & { id: string }

let queueNumber = 0n

async function store(jobs: Given[]): Promise<Map<string, Stored>> {
  await stores.database.job.deleteMany()
  const stored = jobs.map((each) => ({ ...each, id: newId('job') }))
  const rule = { monitor: 'loss' as const, patience: 5, minDelta: 0, restoreBest: false, folds: 3 }
  await stores.database.job.createMany({
    data: stored.map(
      ({ id, tenantId, priority, status, gap, threads, epochs, done, hasFolds, claimAlone }) => {
        const spec = xorSpec({ threads, epochs, ...(hasFolds ? { earlyStopping: rule } : {}) })
        const { inlineDataset, ...rest } = newJob({ id, priority, spec })
        queueNumber += BigInt(gap)
        return {
          ...rest,
          tenantId,
          status,
          epochs,
          epoch: done,
          claimAlone,
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

describe('queuePosition', () => {
  it('is the place in the order, of each job that is queued', async () => {
    await fc.assert(
      fc.asyncProperty(queue, async (jobs) => {
        const stored = await store(jobs)
        const turns = await turnsOf(stores.database)
        expect(await queuePositions(turns.map(({ id }) => id))).toEqual(turns.map(({ place }) => place))
        const others = [...stored.values()].filter(({ status }) => status !== 'queued')
        expect(await queuePositions(others.map(({ id }) => id))).toEqual(others.map(() => null))
      }),
      { numRuns: 25 },
    )
  })

  it('of a job just created is its place, whoever creates it and however urgent it is', async () => {
    const created = fc.array(
      fc.record({ tenantId: fc.constantFrom(...tenants, 'new'), priority: fc.integer({ min: -2, max: 2 }) }),
      { minLength: 1, maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(queue, created, async (jobs, more) => {
        await store(jobs)
        // Jobs of this test have numbers of their own choice, the next must come after them.
        await stores.database.$queryRaw`
          SELECT setval(pg_get_serial_sequence('"Job"', 'queueNumber'), ${queueNumber}::bigint)::text`
        for (const { tenantId, priority } of more) {
          const { id, queuePosition } = await stores.jobs.of(tenantId).create(newJob({ priority }))
          queueNumber += 1n
          const turn = (await turnsOf(stores.database)).find((each) => each.id === id)
          expect(queuePosition).toBe(turn?.place)
        }
      }),
      { numRuns: 25 },
    )
  })
})

const room: fc.Arbitrary<Room> = fc
  .record({
    all: fc.integer({ min: 1, max: 3 }),
    busy: fc.nat({ max: 2 }),
    jobs: fc.constantFrom(1, 2, 5, 48, 48),
    // Of jobs with 100 epochs left; the half keeps it away from the edge.
    small: fc.nat({ max: 20 }),
  })
  .map(({ all, busy, jobs, small }) => ({
    all,
    free: Math.max(1, all - busy),
    jobs,
    seconds: (small + 0.5) * 100 * 3.1e-6,
  }))

/** Which jobs a claim takes now. */
async function expectedClaim(
  stored: Map<string, Stored>,
  allowed: Record<(typeof tenants)[number], number>,
  { free, all, jobs, seconds }: Room,
): Promise<string[]> {
  const turns = await turnsOf(stores.database)
  const left = { ...allowed }
  for (const { tenantId, busy } of turns) {
    for (const each of tenants) if (each === tenantId) left[each] = allowed[each] - busy
  }
  const permitted = turns
    .flatMap(({ id }) => stored.get(id) ?? [])
    .filter(({ tenantId }) => left[tenantId]-- > 0)
    .slice(0, Math.min(jobs, Math.ceil(turns.length / all)))
  if (permitted.length === 0 || Math.min(permitted[0].threads, all) > free) return []
  let spent = 0
  const more = permitted.findIndex(({ threads, hasFolds, claimAlone, epochs, done }) => {
    spent += (epochs - done) * 3.1e-6
    return threads > 1 || hasFolds || claimAlone || spent > seconds
  })
  return permitted.slice(0, more < 0 ? undefined : Math.max(1, more)).map(({ id }) => id)
}

describe('a claim', () => {
  it('takes the jobs whose turn it is, as many as go together and may run', async () => {
    const limit = fc.constantFrom(1, 2, 5, 100, 100, 100)
    const allowed = fc.record({ a: limit, b: limit, c: limit, d: fc.constant(3) })
    const step = fc.record({ room, ends: fc.nat({ max: 3 }) })
    let together = 0
    await fc.assert(
      fc.asyncProperty(
        queue,
        allowed,
        fc.array(step, { minLength: 5, maxLength: 10 }),
        async (jobs, limits, steps) => {
          await stores.database.tenant.deleteMany()
          // The last goes by the setting.
          const { d, ...own } = limits
          await stores.database.tenant.createMany({
            data: Object.entries(own).map(([id, runningJobs]) => ({ id, limits: { runningJobs } })),
          })
          const runs = runStore(stores.database, { ...unlimited, runningJobs: d })
          const stored = await store(jobs)
          for (const { room, ends } of steps) {
            const expected = await expectedClaim(stored, limits, room)
            const claims = await runs.claim('worker_a', room)
            expect(claims.map(({ jobId }) => jobId)).toEqual(expected)
            together = Math.max(together, claims.length)
            const rows = await stores.database.job.findMany({ where: { id: { in: expected } } })
            for (const row of rows)
              expect(row).toMatchObject({ status: 'running', claimSize: expected.length })
            const over = await stores.database.job.findMany({ where: { status: 'running' }, take: ends })
            await stores.database.job.updateMany({
              where: { id: { in: over.map(({ id }) => id) } },
              data: { status: 'failed' },
            })
          }
          await expectTrueCounters(stores.database)
        },
      ),
      { numRuns: 25 },
    )
    // Otherwise this tested nothing of it.
    expect(together).toBeGreaterThan(3)
  }, 60_000)
})
