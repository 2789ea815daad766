/** Tenants share threads by time, not by jobs: in the database, and in a simulation of 10,000 arrivals. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { claimNext, clearQueue, newJob, openStores, type Stores } from '../support/stores.js'
import { type Arrival, simulate } from '../support/turn-simulation.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => clearQueue(stores))

/** A job of `seconds` on one thread, by the estimate. */
async function queue(tenantId: string, count: number, seconds: number, threads = 1): Promise<void> {
  const { spec } = newJob()
  for (const _ of upTo(count)) {
    const flopsPerEpoch = (seconds * 1e9) / spec.epochs
    await stores.jobs.of(tenantId).create(newJob({ flopsPerEpoch, spec: { ...spec, threads } }))
  }
}

/** Trains jobs in sequence, each for the time of `lasts`. Returns the seconds per tenant. */
async function train(count: number, lasts: Record<string, number>, all = 1): Promise<Record<string, number>> {
  const trained: Record<string, number> = Object.fromEntries(Object.keys(lasts).map((name) => [name, 0]))
  for (const _ of upTo(count)) {
    const claim = await claimNext(stores.runs, 'worker_a', { all, free: all })
    if (claim === null) break
    const seconds = lasts[claim.tenantId]
    await stores.database.$executeRaw`
      UPDATE "Job" SET "claimedAt" = now() - ${seconds}::float8 * interval '1 second' WHERE id = ${claim.jobId}`
    await stores.runs.fail(claim, { code: 'internal', message: 'over', epoch: null })
    trained[claim.tenantId] += seconds * Math.min(claim.spec.threads, all)
  }
  return trained
}

describe('turns by thread time', () => {
  it('give tenants of long and short jobs the same time', async () => {
    await queue('long', 20, 10)
    await queue('short', 200, 1)
    const trained = await train(110, { long: 10, short: 1 })
    expect(trained.long).toBeGreaterThanOrEqual(90)
    expect(trained.short).toBeGreaterThanOrEqual(90)
  })

  it('count measured times, not estimates', async () => {
    await queue('liar', 40, 0.01)
    await queue('honest', 40, 5)
    const trained = await train(30, { liar: 5, honest: 5 })
    expect(Math.abs(trained.liar - trained.honest)).toBeLessThanOrEqual(10)
  })

  it('count each thread of a wide job', async () => {
    await queue('wide', 20, 1, 4)
    await queue('narrow', 100, 1)
    const trained = await train(50, { wide: 1, narrow: 1 }, 4)
    expect(Math.abs(trained.wide - trained.narrow)).toBeLessThanOrEqual(8)
  })

  it('do not accumulate while a tenant has nothing queued', async () => {
    await queue('busy', 100, 1)
    await train(50, { busy: 1 })
    await queue('back', 30, 1)
    const trained = await train(20, { busy: 1, back: 1 })
    expect(Math.abs(trained.busy - trained.back)).toBeLessThanOrEqual(2)
  })

  it('count a running job that exceeds its estimate', async () => {
    await queue('slow', 3, 1)
    await queue('other', 3, 1)
    const first = await claimNext(stores.runs, 'worker_a')
    expect(first?.tenantId).toBe('slow')
    await stores.database
      .$executeRaw`UPDATE "Job" SET "claimedAt" = now() - interval '1 hour' WHERE status = 'running'`
    expect((await train(3, { slow: 1, other: 1 })).other).toBe(3)
  })

  it('do not count the delay before a retry after a crash', async () => {
    const threadTime = async () =>
      (await stores.database.tenantUse.aggregate({ _sum: { threadTime: true } }))._sum
    await queue('unlucky', 1, 1)
    const claim = await claimNext(stores.runs, 'worker_a')
    if (claim === null) throw new Error('nothing was claimed')
    const heldFor = async (seconds: number) => {
      await stores.database.$executeRaw`
        UPDATE "Job" SET "claimedAt" = now() - ${seconds}::float8 * interval '1 second' WHERE id = ${claim.jobId}`
    }
    await heldFor(5)
    expect(await stores.runs.crash(claim, 1_000)).toBe(true)
    const held = (await threadTime()).threadTime ?? 0
    expect(held / 1e6).toBeCloseTo(5, 0)
    await heldFor(3_600)
    await queue('unlucky', 1, 1)
    await queue('other', 1, 1)
    await stores.database.queueClock.updateMany({ data: { threadTime: 0 } })
    const [{ turn }] = await stores.database.$queryRaw<{ turn: number }[]>`
      SELECT "threadTime" AS turn FROM "waitingTenants"() WHERE "tenantId" = 'unlucky'`
    expect(turn).toBe(held)
    expect(await stores.runs.requeue(claim)).toBe(true)
    expect((await threadTime()).threadTime).toBe(held)
  })

  it('do not depend on a tenant’s priorities', async () => {
    const { spec } = newJob()
    for (const _ of upTo(10)) {
      await stores.jobs.of('loud').create(newJob({ priority: 100, flopsPerEpoch: 1e9 / spec.epochs }))
    }
    await queue('modest', 10, 1)
    expect(await train(10, { loud: 1, modest: 1 })).toEqual({ loud: 5, modest: 5 })
  })
})

/** The same numbers in every run (Park and Miller, 1988). */
function randoms(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const exponential = (random: () => number, mean: number) => -mean * Math.log(1 - random())

/** Arrivals of tenants with mean gaps and lengths in seconds, in the order of time. */
function arrivals(
  tenants: Record<string, { gap: number; length: number; widths: number[]; jobs: number; priority?: number }>,
): Arrival[] {
  const random = randoms(20_261_128)
  return Object.entries(tenants)
    .flatMap(([tenantId, { gap, length, widths, jobs, priority = 0 }]) => {
      let at = 0
      return upTo(jobs).map(() => {
        at += exponential(random, gap)
        const seconds = exponential(random, length)
        const threads = widths[Math.floor(random() * widths.length)]
        // Estimates are wrong by up to a factor of three either way.
        return { at, tenantId, priority, threads, seconds, estimated: seconds * 3 ** (2 * random() - 1) }
      })
    })
    .toSorted((x, y) => x.at - y.at)
}

describe('a simulation of 10,000 arrivals on 8 threads', () => {
  const threads = 8

  it('gives waiting tenants equal shares, for jobs of any kind', () => {
    const always = { gap: 1e-3, jobs: 2_500 }
    const jobs = arrivals({
      short: { ...always, length: 1, widths: [1] },
      long: { ...always, length: 8, widths: [1] },
      wide: { ...always, length: 2, widths: [4, 8] },
      loud: { ...always, length: 2, widths: [1, 2], priority: 100 },
    })
    expect(jobs).toHaveLength(10_000)
    const { shares } = simulate(jobs, { threads, until: 1_000 })
    for (const tenant of ['short', 'long', 'wide', 'loud']) {
      expect(shares.get(tenant)).toBeGreaterThan(0.22)
      expect(shares.get(tenant)).toBeLessThan(0.28)
    }
  })

  it('limits the wait after a flood of one tenant, and leaves few threads idle', () => {
    const jobs = arrivals({
      flood: { gap: 1, length: 6, widths: [1, 1, 2], jobs: 6_000 },
      wide: { gap: 12, length: 3, widths: [8], jobs: 500 },
      few: { gap: 2, length: 1, widths: [1], jobs: 3_500 },
    })
    expect(jobs).toHaveLength(10_000)
    const result = simulate(jobs, { threads, preempting: false })
    const strict = simulate(jobs, { threads, passing: false, preempting: false })
    // The minimum, if all threads were always busy.
    const work = jobs.reduce((sum, job) => sum + job.threads * job.seconds, 0)
    const idle = ({ end }: { end: number }) => 1 - work / threads / end
    // Wide jobs leave threads idle before they start; jobs that pass them halve this.
    expect(idle(result)).toBeLessThan(0.12)
    expect(idle(result)).toBeLessThan(idle(strict) / 2)
    const worst = (tenant: string) => Math.max(...(result.waits.get(tenant) ?? []))
    expect(median(result.waits.get('few') ?? [])).toBeLessThan(3)
    expect(worst('few')).toBeLessThan(60)
    expect(worst('wide')).toBeLessThan(240)
  })
})

describe('preemption in a simulation of 10,000 arrivals on 8 threads', () => {
  const threads = 8

  it('ends the wait of a tenant beside trainings of ten minutes', () => {
    const jobs = arrivals({
      first: { gap: 100, length: 600, widths: [1], jobs: 200 },
      second: { gap: 100, length: 600, widths: [1, 2], jobs: 200 },
      few: { gap: 2, length: 0.5, widths: [1], jobs: 9_600 },
    })
    expect(jobs).toHaveLength(10_000)
    const until = 19_000
    const { waits } = simulate(jobs, { threads, until })
    const without = simulate(jobs, { threads, until, preempting: false })
    const few = waits.get('few') ?? []
    const waited = without.waits.get('few') ?? []
    // At most 0.25 s until the decision, and a second in which a training that was just claimed keeps its thread.
    expect(Math.max(...few)).toBeLessThan(5)
    expect(median(few)).toBeLessThan(0.4)
    expect(median(waited)).toBeGreaterThan(10)
  })

  it('ends the wait of a tenant that returns seldom, at once', () => {
    const jobs = arrivals({
      always: { gap: 1e-3, length: 18, widths: [1], jobs: 5_000 },
      seldom: { gap: 3, length: 0.01, widths: [1], jobs: 5_000 },
    })
    const { waits } = simulate(jobs, { threads: 2, until: 10_000 })
    expect(Math.max(...(waits.get('seldom') ?? []))).toBeLessThan(3)
  })

  it('gives tenants with long trainings equal shares, and alternates them seldom', () => {
    const jobs = arrivals({
      many: { gap: 1e-3, length: 3_000, widths: [1], jobs: 5_000 },
      late: { gap: 1e-3, length: 3_000, widths: [1, 2, 8], jobs: 5_000 },
    })
    const until = 20_000
    const { shares, preemptions } = simulate(jobs, { threads, until })
    expect(shares.get('late')).toBeGreaterThan(0.45)
    expect(shares.get('late')).toBeLessThan(0.55)
    // At most one a minute and thread.
    expect(preemptions).toBeLessThan((until / 60) * threads)
  })
})

describe('the spare thread in a simulation', () => {
  it('ends the wait of a tenant that returns with small jobs, without preemptions', () => {
    const jobs = arrivals({
      always: { gap: 1e-3, length: 3_000, widths: [1], jobs: 100 },
      seldom: { gap: 3, length: 0.01, widths: [1], jobs: 5_000 },
    })
    const options = { threads: 2, until: 10_000 }
    const { waits, preemptions } = simulate(jobs, { ...options, spare: true })
    const few = (waits.get('seldom') ?? []).toSorted((x, y) => x - y)
    // Those with estimates above 0.1 s wait for a preemption.
    expect(few[Math.floor(0.98 * few.length)]).toBe(0)
    expect(preemptions).toBeLessThan(simulate(jobs, options).preemptions / 20)
  })

  it('gives a tenant with a backlog of small jobs no more than its share', () => {
    const jobs = arrivals({
      small: { gap: 1e-3, length: 0.02, widths: [1], jobs: 9_000 },
      first: { gap: 1e-3, length: 3_000, widths: [1], jobs: 100 },
      second: { gap: 1e-3, length: 3_000, widths: [1], jobs: 100 },
    })
    const { shares } = simulate(jobs, { threads: 2, until: 200, spare: true })
    for (const tenant of ['small', 'first', 'second']) {
      expect(shares.get(tenant)).toBeGreaterThan(0.28)
      expect(shares.get(tenant)).toBeLessThan(0.39)
    }
  })
})

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)]
}
