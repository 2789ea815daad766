/** Which runs go back to the queue for another tenant's job: as the policy in plain steps says, and each condition alone. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../src/training/new-id.js'
import { countedTime, preemptionOf, type Run, type WaitingJob } from '../support/preemption-policy.js'
import { claimNext, clearQueue, newJob, openStores, type Stores, setStatus } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => clearQueue(stores))

/** A job of `seconds` on one thread, by the estimate: 1 ns an operation, beside 3 µs for each of its 100 steps. */
async function create(tenantId: string, seconds: number, { threads = 1, age = 10, parameters = 17 } = {}) {
  const { spec } = newJob()
  const flopsPerEpoch = ((seconds - 3e-4) * 1e9) / spec.epochs
  const job = newJob({ flopsPerEpoch, parameters, spec: { ...spec, threads } })
  const { id } = await stores.jobs.of(tenantId).create(job)
  await stores.database.$executeRaw`
    UPDATE "Job" SET "createdAt" = now() - ${age}::float8 * interval '1 second' WHERE id = ${id}`
  return id
}

/** A job that a worker claimed so many seconds ago. */
async function run(
  tenantId: string,
  seconds: number,
  { threads = 1, estimated = 1_000, parameters = 17 } = {},
) {
  const id = await create(tenantId, estimated, { threads, parameters })
  const claim = await claimNext(stores.runs, 'worker_a', { all: 8, free: 8 })
  expect(claim?.jobId).toBe(id)
  await stores.database.$executeRaw`
    UPDATE "Job" SET "claimedAt" = now() - ${seconds}::float8 * interval '1 second' WHERE id = ${id}`
  return id
}

const full = { free: 0, all: 2 }
const preempt = (ids: string[], capacity = full) => stores.runs.preempt(ids, capacity)

describe('preemption', () => {
  it('returns one training of a tenant with two while another waits, and the claim takes the waiting job', async () => {
    const ids = [await run('long', 30), await run('long', 20)]
    const waiting = await create('other', 1)
    expect(await preempt(ids)).toEqual([ids[0]])
    await stores.runs.release({ jobId: ids[0], attempt: 1 }, 'preempted')
    expect((await claimNext(stores.runs, 'worker_a'))?.jobId).toBe(waiting)
    expect((await claimNext(stores.runs, 'worker_a'))?.jobId).toBe(ids[0])
  })

  it('is done by one of the workers that see the same waiting job', async () => {
    const ids = [await run('long', 30), await run('long', 20)]
    await create('other', 1)
    const answers = await Promise.all([preempt([ids[0]]), preempt([ids[1]])])
    expect(answers.flat()).toHaveLength(1)
    expect(await preempt(ids)).toEqual([])
    await stores.database
      .$executeRaw`UPDATE "Job" SET "preemptedForAt" = now() - interval '5 seconds' WHERE status = 'queued'`
    expect(await preempt(ids)).toEqual([ids[0]])
  })

  it('frees as many threads as a wide job needs, or none', async () => {
    const ids = [await run('long', 30), await run('long', 20)]
    await create('wide', 1, { threads: 2 })
    expect(await preempt([ids[0]])).toEqual([])
    expect(await preempt(ids)).toEqual(ids)
  })

  it('alternates a long training with that of another tenant after up to a minute', async () => {
    const id = await run('long', 59)
    const other = await create('other', 36_000)
    expect(await preempt([id])).toEqual([])
    await stores.database
      .$executeRaw`UPDATE "Job" SET "claimedAt" = now() - interval '60 seconds' WHERE id = ${id}`
    expect(await preempt([id])).toEqual([id])
    await stores.runs.release({ jobId: id, attempt: 1 }, 'preempted')
    expect((await claimNext(stores.runs, 'worker_a'))?.jobId).toBe(other)
    await stores.database
      .$executeRaw`UPDATE "Job" SET "claimedAt" = now() - interval '61 seconds' WHERE id = ${other}`
    expect(await preempt([other])).toEqual([other])
  })

  it.each<[string, () => Promise<string[]>]>([
    ['jobs of the same tenant wait', async () => [await run('a', 30), await create('a', 1)]],
    [
      'the waiting tenant holds as many threads',
      async () => [await run('a', 30), await run('b', 30), await create('b', 1)],
    ],
    ['the job has just been created', async () => [await run('a', 30), await create('b', 1, { age: 0 })]],
    [
      'the model is so large that storing it takes long',
      async () => [await run('a', 30, { parameters: 6_000_000 }), await create('b', 1)],
    ],
    [
      'the waiting tenant is at its limit of running jobs',
      async () => {
        await stores.database.tenant.create({ data: { id: 'limited', limits: { runningJobs: 0 } } })
        return [await run('a', 30), await create('limited', 1)]
      },
    ],
    [
      'the waiting tenant has used more thread time',
      async () => {
        const ids = [await run('a', 30), await create('b', 1)]
        await stores.database.$executeRaw`SELECT "addUse"('b', 0, 0, 0, 1e9)`
        return ids
      },
    ],
  ])('does not happen if %s', async (_what, given) => {
    expect(await preempt(await given(), { free: 0, all: 1 })).toEqual([])
  })

  it('does not happen while threads are free', async () => {
    const id = await run('a', 30)
    await create('b', 1)
    expect(await preempt([id], { free: 1, all: 2 })).toEqual([])
  })

  it('does not let a tenant save hours of turns while another trains alone', async () => {
    await run('alone', 3_600)
    await stores.runs.advanceClock()
    const [{ threadTime: clock }] = await stores.database.queueClock.findMany()
    expect(clock / 1e6).toBeCloseTo(3_600, 0)
    // Both have the same time now, so a second of the other is enough for the next turn.
    await create('back', 1)
    const first = await claimNext(stores.runs, 'worker_a')
    expect(first?.tenantId).toBe('back')
    await stores.runs.advanceClock()
    expect((await stores.database.queueClock.findMany())[0].threadTime / 1e6).toBeLessThan(3_605)
  })

  it('happens for a tenant that comes back after the clock followed trainings that had just begun', async () => {
    const ids = [await run('long', 3), await run('long', 2)]
    await stores.runs.advanceClock()
    // Both count 10 s. The clock is at the turn of the second claim, when the first counted.
    const [{ threadTime: clock }] = await stores.database.queueClock.findMany()
    expect(clock / 1e6).toBeCloseTo(10, 0)
    await create('back', 1)
    expect(await preempt(ids)).toEqual([ids[0]])
  })
})

const tenants = ['a', 'b', 'c'] as const
const tenantId = fc.constantFrom(...tenants)

const waitingJob = fc.record({
  tenantId,
  priority: fc.constantFrom(0, 0, 0, 1),
  threads: fc.constantFrom(1, 1, 1, 2, 9),
  seconds: fc.constantFrom(0.01, 0.01, 5, 300, 5_000),
  // Those below 0 stay new or recent for any duration of the test.
  age: fc.constantFrom(-60, 5, 600, 600),
  sincePreemption: fc.constantFrom(-60, 60, 60, 60),
})

const runningJob = fc.record({
  tenantId,
  threads: fc.constantFrom(1, 1, 1, 2),
  // No sums of these differ by less than a tenth, because some time passes before the statement.
  seconds: fc.constantFrom(1.37, 4.37, 20.37, 45.37, 600.37),
  charged: fc.constantFrom(1e4, 7e6, 3e7, 2e9),
  parameters: fc.constantFrom(17, 17, 17, 1_000_000, 20_000_000),
})

describe('the statement', () => {
  it('agrees with the policy', async () => {
    const used = fc.record({ a: fc.nat(40), b: fc.nat(40), c: fc.nat(40) })
    let preempted = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(waitingJob, { maxLength: 6, size: 'max' }),
        fc.array(runningJob, { minLength: 1, maxLength: 6, size: 'max' }),
        used,
        fc.nat(40),
        fc.constantFrom(0, 0, 0, 1),
        async (waiting, running, seconds, clockSeconds, free) => {
          await clearQueue(stores)
          const clock = clockSeconds * 1e6
          await stores.database.tenant.deleteMany()
          await stores.database.tenant.createMany({ data: [{ id: 'c', limits: { runningJobs: 2 } }] })
          const queue = await storeQueue(waiting)
          const runs = await storeRuns(running)
          await stores.database.tenantUse.deleteMany()
          const charges = (name: string) => runs.filter((each) => each.tenantId === name)
          for (const name of tenants) {
            const charged = charges(name).reduce((sum, each) => sum + each.charged, 0)
            await stores.database
              .$executeRaw`SELECT "addUse"(${name}, 0, ${charges(name).length}, 0, ${charged + seconds[name] * 1e6})`
          }
          await stores.database.queueClock.updateMany({ data: { threadTime: clock, timeScale: 1 } })
          const counted = new Map(
            tenants.map((name) => [
              name as string,
              seconds[name] * 1e6 + charges(name).reduce((sum, each) => sum + countedTime(each), 0),
            ]),
          )
          const state = {
            queue,
            runs,
            clock,
            used: counted,
            waiting: new Map(
              tenants.map((name) => [
                name as string,
                {
                  threadTime: Math.max(clock, counted.get(name) ?? 0),
                  busy: charges(name).length,
                  allowed: name === 'c' ? 2 : Number.POSITIVE_INFINITY,
                },
              ]),
            ),
          }
          await setClaimTimes(runs)
          const own = runs.slice(0, 4).map(({ id }) => id)
          const capacity = { free, all: 4 }
          const expected = preemptionOf(state, own, { ...capacity, timeScale: 1 })
          expect(await preempt(own, capacity)).toEqual(expected)
          if (expected.length > 0) preempted++
        },
      ),
      { numRuns: 40, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    )
    // Otherwise the test would not cover it.
    expect(preempted).toBeGreaterThan(3)
  }, 120_000)
})

type Waiting = typeof waitingJob extends fc.Arbitrary<infer T> ? T : never
type Running = typeof runningJob extends fc.Arbitrary<infer T> ? T : never

async function storeQueue(waiting: Waiting[]): Promise<WaitingJob[]> {
  const queue: WaitingJob[] = []
  for (const [
    index,
    { tenantId: owner, threads, seconds, age, sincePreemption, priority },
  ] of waiting.entries()) {
    const id = await create(owner, seconds, { threads, age })
    await stores.database.$executeRaw`
      UPDATE "Job" SET priority = ${priority}, "preemptedForAt" = now() - ${sincePreemption}::float8 * interval '1 second'
      WHERE id = ${id}`
    queue.push({
      id,
      tenantId: owner,
      threads,
      seconds,
      age,
      sincePreemption,
      priority,
      queueNumber: index,
      isSmall: true,
    })
  }
  return queue
}

async function storeRuns(running: Running[]): Promise<Run[]> {
  const runs: Run[] = []
  for (const { tenantId: owner, threads, seconds, charged, parameters } of running) {
    const id = newId('job')
    await stores.jobs.of(owner).create(newJob({ id, parameters }))
    await setStatus(stores, id, 'running', {
      claimSize: 1,
      heldThreads: threads,
      charged,
      workerId: 'worker_a',
    })
    runs.push({ id, tenantId: owner, threads, seconds, charged, parameters })
  }
  return runs
}

async function setClaimTimes(runs: Run[]): Promise<void> {
  const ids = runs.map(({ id }) => id)
  const seconds = runs.map((run) => run.seconds)
  await stores.database.$executeRaw`
    UPDATE "Job" SET "claimedAt" = now() - given.seconds * interval '1 second'
    FROM unnest(${ids}::text[], ${seconds}::float8[]) AS given(id, seconds) WHERE "Job".id = given.id`
}
