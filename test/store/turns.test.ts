/** Turns: priorities, fairness between tenants, and concurrent claims. */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { packJson } from '../../src/store/packed-json.js'
import { eventually } from '../support/service.js'
import {
  capacityWith,
  claimNext,
  clearQueue,
  newJob,
  openStores,
  type Stores,
  startJob,
} from '../support/stores.js'
import { settle } from '../support/waiting.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await clearQueue(stores)
})

/** Created one second apart, though stored at once; their ids in that order. */
async function createJobs(jobs: { tenantId: string; priority: number }[]): Promise<string[]> {
  const begin = Date.now() - 10_000_000
  const data = jobs.map(({ tenantId, priority }, index) => {
    // Long enough that none exceeds its estimate meanwhile.
    const { inlineDataset, retraining, sweep, trials, copyOf, replay, sharing, spec, ...rest } = newJob({
      priority,
      flopsPerEpoch: 1e10,
    })
    return {
      ...rest,
      tenantId,
      spec: packJson(spec),
      epochs: spec.epochs,
      createdAt: new Date(begin + 1_000 * index),
    }
  })
  await stores.database.job.createMany({ data })
  return data.map(({ id }) => id)
}

const of = (tenantId: string, count: number, priority = 0) => upTo(count).map(() => ({ tenantId, priority }))

/** All tenants of these tests. */
async function allQueued(): Promise<Job[]> {
  const lists = await Promise.all(
    ['a', 'b', 'c', 'd'].map((tenantId) => stores.jobs.of(tenantId).list({ limit: 100, status: 'queued' })),
  )
  return lists.flatMap(({ data }) => data)
}

async function claimAll(count: number): Promise<string[]> {
  const taken: string[] = []
  for (let times = 0; times < count; times++) {
    const claim = await claimNext(stores.runs, 'worker_a')
    if (claim !== null) taken.push(claim.jobId)
  }
  return taken
}

describe('turns', () => {
  it('follow the order of submission for a single tenant', async () => {
    const ids = await createJobs(of('a', 5))
    expect(await claimAll(5)).toEqual(ids)
  })

  it('alternate between tenants, and follow priorities within each', async () => {
    const [a1, a2, a3, b1, b2, urgent, low] = await createJobs([
      ...of('a', 3),
      ...of('b', 2),
      ...of('a', 1, 5),
      ...of('c', 1, -5),
    ])
    // Priorities do not affect other tenants.
    expect(await claimAll(7)).toEqual([b1, urgent, low, a1, b2, a2, a3])
  })

  it('are not blocked by a tenant with 1,000 waiting jobs: another’s first gets the next free slot', async () => {
    const crowd = await createJobs(of('crowd', 1_000))
    expect(await claimAll(4)).toEqual(crowd.slice(0, 4))
    const { id, queuePosition } = await stores.jobs.of('late').create(newJob())
    expect(queuePosition).toBe(1)
    expect(await claimAll(2)).toEqual([id, crowd[4]])
  })

  it('match queuePosition, for any waiting and running jobs', async () => {
    const job = fc.record({
      tenantId: fc.constantFrom('a', 'b', 'c', 'd'),
      priority: fc.constantFrom(-1, 0, 0, 0, 1),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 25 }),
        fc.nat({ max: 6 }),
        async (jobs, running) => {
          await clearQueue(stores)
          const ids = await createJobs(jobs)
          const byId = new Map(ids.map((id, index) => [id, jobs[index]]))
          await claimAll(Math.min(running, jobs.length))
          const data = await allQueued()
          const places = data.map(({ queuePosition }) => queuePosition)
          expect(places.toSorted((x, y) => (x ?? 0) - (y ?? 0))).toEqual(upTo(data.length))
          const tenantOf = (id: string) => byId.get(id)?.tenantId ?? ''
          const positionOf = async (id: string) => (await stores.jobs.of(tenantOf(id)).get(id))?.queuePosition
          // Each claim takes exactly the job that was first by its position.
          for (let left = data.length; left > 0; left--) {
            const waiting = await allQueued()
            const first = waiting.find(({ queuePosition }) => queuePosition === 1)
            expect(await positionOf(first?.id ?? '')).toBe(1)
            const [taken] = await claimAll(1)
            expect(taken).toBe(first?.id)
            const own = waiting.filter(({ id }) => tenantOf(id) === tenantOf(taken))
            const priorities = own.map(({ id }) => byId.get(id)?.priority ?? 0)
            expect(byId.get(taken)?.priority).toBe(Math.max(...priorities))
          }
          expect(await claimNext(stores.runs, 'worker_a')).toBeNull()
        },
      ),
      { numRuns: 12 },
    )
  })

  it('follow the queue positions while no job runs', async () => {
    const tenants = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(tenants, async (names) => {
        await clearQueue(stores)
        await createJobs(names.map((tenantId) => ({ tenantId, priority: 0 })))
        const data = await allQueued()
        const order = data.toSorted((x, y) => (x.queuePosition ?? 0) - (y.queuePosition ?? 0))
        expect(await claimAll(names.length)).toEqual(order.map(({ id }) => id))
      }),
      { numRuns: 10 },
    )
  })
})

describe('concurrent claims', () => {
  it('take each job once and leave none', async () => {
    const ids = await createJobs(upTo(40).map((index) => ({ tenantId: `t${index % 3}`, priority: 0 })))
    const workers = upTo(8).map(async (worker) => {
      const taken: string[] = []
      for (;;) {
        const claim = await claimNext(stores.runs, `worker_${worker}`)
        if (claim === null) return taken
        taken.push(claim.jobId)
      }
    })
    const taken = (await Promise.all(workers)).flat()
    expect(taken.toSorted()).toEqual(ids.toSorted())
    expect(await stores.database.job.count({ where: { status: 'running', attempt: 1 } })).toBe(40)
  })

  it('skip a job that another transaction has locked', async () => {
    const [first, second] = await createJobs(of('a', 2))
    const writer = await lock(first)
    expect(await claimAll(1)).toEqual([second])
    await writer.release()
    expect(await claimAll(1)).toEqual([first])
  })

  it('take the jobs whose turn it is, also during other claims', async () => {
    const ids = await createJobs(of('a', 12))
    const gate = new pg.Client({ connectionString: stores.connectionString })
    await gate.connect()
    // Claims count running jobs under this lock, after they have chosen.
    await gate.query(`SELECT pg_advisory_lock(hashtextextended('running a', 0))`)
    const waiting = async (count: number) => {
      await eventually(async () => {
        const { rows } = await gate.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
        )
        return rows.length === count || undefined
      })
    }
    const capacity = capacityWith({ jobs: 4 })
    const claims = [stores.runs.claim('worker_a', capacity)]
    await waiting(1)
    claims.push(stores.runs.claim('worker_b', capacity))
    await waiting(2)
    // Small enough for a batch.
    claims.push(stores.runs.claim('worker_c', { ...capacity, seconds: 1e9 }))
    await waiting(3)
    await gate.query(`SELECT pg_advisory_unlock(hashtextextended('running a', 0))`)
    await gate.end()
    const taken = (await Promise.all(claims)).map((each) => each.jobs.map(({ jobId }) => jobId))
    expect(taken).toEqual([[ids[0]], [ids[1]], ids.slice(2, 6)])
  })

  it('wait for a locked job if it is the only one', async () => {
    const [only] = await createJobs(of('a', 1))
    const writer = await lock(only)
    const tries = vi.spyOn(stores.database.pool, 'query')
    const claiming = claimNext(stores.runs, 'worker_a')
    await eventually(() => tries.mock.calls.length >= 3 || undefined)
    const early = await Promise.race([claiming, settle().then(() => 'waits')])
    tries.mockRestore()
    expect(early).toBe('waits')
    await writer.release()
    expect(await claiming).toMatchObject({ jobId: only, attempt: 1 })
  })

  it('find nothing if that transaction cancels the only job', async () => {
    const [only] = await createJobs(of('a', 1))
    const writer = await lock(only)
    const claiming = claimNext(stores.runs, 'worker_a')
    await writer.release(`UPDATE "Job" SET status = 'cancelled' WHERE id = '${only}'`)
    expect(await claiming).toBeNull()
  })

  it('ignore running jobs', async () => {
    await startJob(stores)
    expect(await claimNext(stores.runs, 'worker_b')).toBeNull()
  })
})

/** Another connection locks the row of the job until it is released, with a last statement if given. */
async function lock(id: string): Promise<{ release(last?: string): Promise<void> }> {
  const client = new pg.Client({ connectionString: stores.connectionString })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT 1 FROM "Job" WHERE id = $1 FOR UPDATE', [id])
  return {
    async release(last = 'SELECT 1') {
      await client.query(last)
      await client.query('COMMIT')
      await client.end()
    },
  }
}
