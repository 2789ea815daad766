/** Which jobs a worker claims for its spare thread. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { claimNext, clearQueue, newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

const capacity = { all: 2, jobs: 128, seconds: 0.1, timeScale: 1 }

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await clearQueue(stores)
  await stores.database.tenant.deleteMany()
})

async function create(tenantId: string, changes: Partial<NewJob> = {}): Promise<string> {
  return (await stores.jobs.of(tenantId).create(newJob(changes))).id
}

/** A job of `seconds` by the estimate. */
const lasting = (seconds: number): Partial<NewJob> => ({ flopsPerEpoch: (seconds * 1e9) / xorSpec().epochs })

async function claimed(changes: Partial<typeof capacity> = {}): Promise<string[]> {
  const { jobs } = await stores.runs.claimSpare('worker_a', { ...capacity, ...changes })
  return jobs.map(({ jobId }) => jobId)
}

async function fail(id: string): Promise<void> {
  const { attempt } = await stores.database.job.findUniqueOrThrow({ where: { id } })
  await stores.runs.fail({ jobId: id, attempt }, { code: 'internal', message: 'over', epoch: null })
}

describe('the spare thread takes', () => {
  it('small jobs of a tenant that runs none, together', async () => {
    const small = [await create('b'), await create('b')]
    await create('b', lasting(1))
    const { jobs, left, waiting } = await stores.runs.claimSpare('worker_a', capacity)
    expect(jobs.map(({ jobId }) => jobId)).toEqual(small)
    expect({ left, waiting }).toEqual({ left: 0, waiting: null })
  })

  it('none of a tenant that runs some, there or elsewhere', async () => {
    const first = await create('a')
    await claimNext(stores.runs, 'worker_b')
    await create('a')
    const other = await create('b')
    expect(await claimed()).toEqual([other])
    const second = await create('b')
    expect(await claimed()).toEqual([])
    await fail(other)
    expect(await claimed()).toEqual([second])
    await fail(first)
    expect(await claimed()).toHaveLength(1)
  })

  it('small jobs after a large one of the same tenant', async () => {
    await create('b', { priority: 1, ...lasting(60) })
    const small = await create('b')
    expect(await claimed()).toEqual([small])
  })

  it('as much work as a batch has, of several tenants by their turns', async () => {
    const ids = [await create('b', lasting(0.04)), await create('c', lasting(0.04))]
    await create('b', lasting(0.04))
    const { jobs, left } = await stores.runs.claimSpare('worker_a', capacity)
    expect(jobs.map(({ jobId }) => jobId)).toEqual(ids)
    expect(left).toBe(1)
  })

  const alone = {
    validationSplit: 0,
    earlyStopping: { monitor: 'loss', patience: 5, minDelta: 0, restoreBest: false, folds: 3 },
  } as const
  it.each<[string, Partial<NewJob>]>([
    ['that is estimated to take longer', lasting(0.11)],
    ['with several threads', { spec: xorSpec({ threads: 2 }) }],
    ['with folds', { spec: xorSpec(alone) }],
    ['with many weights', { parameters: 100_001 }],
  ])('no job %s', async (_what, changes) => {
    await create('b', changes)
    expect(await claimed()).toEqual([])
  })

  it('no job by an estimate that is small on a faster machine only', async () => {
    await create('b', lasting(0.04))
    expect(await claimed({ timeScale: 3 })).toEqual([])
    expect(await claimed({ timeScale: 2 })).toHaveLength(1)
  })

  it('no job that ran before', async () => {
    const id = await create('b')
    const [claim] = (await stores.runs.claimSpare('worker_a', capacity)).jobs
    await stores.runs.release(claim, 'preempted')
    expect(await claimed()).toEqual([])
    expect((await claimNext(stores.runs, 'worker_a'))?.jobId).toBe(id)
  })

  it.each(['datasetId', 'validationDatasetId'])('no job with a large dataset (%s)', async (column) => {
    const size = (bytes: number) =>
      stores.database.dataset.create({
        data: { id: `ds_${bytes}`, tenantId: 'b', origin: 'uploaded', columns: [], rows: 1, bytes },
      })
    await size(262_144)
    await size(262_145)
    await create('b', { [column]: 'ds_262145' })
    const small = await create('b', { [column]: 'ds_262144' })
    expect(await claimed()).toEqual([small])
    await clearQueue(stores)
    await stores.database.dataset.deleteMany()
  })

  it('no job of a tenant that may run none, or is suspended', async () => {
    await stores.database.tenant.createMany({
      data: [
        { id: 'b', limits: { runningJobs: 0 } },
        { id: 'c', suspendedAt: new Date() },
        { id: 'd', limits: { runningJobs: 1 } },
      ],
    })
    for (const tenant of ['b', 'c', 'd', 'd']) await create(tenant)
    expect(await claimed()).toHaveLength(1)
  })
})

describe('the turns of a tenant', () => {
  const used = async (tenantId: string) =>
    (await stores.database.tenantUse.aggregate({ where: { tenantId }, _sum: { threadTime: true } }))._sum
      .threadTime ?? 0
  const clock = async () => (await stores.database.queueClock.findMany())[0].threadTime

  it('count what it used of the spare thread, and leave the clock', async () => {
    await stores.database.queueClock.updateMany({ data: { threadTime: 5e6 } })
    const id = await create('b', lasting(0.05))
    expect(await claimed()).toEqual([id])
    await stores.database.job.update({
      where: { id },
      data: { claimedAt: new Date(Date.now() - 2_000) },
    })
    await fail(id)
    expect((await used('b')) / 1e6).toBeCloseTo(7, 0)
    expect(await clock()).toBe(5e6)
  })

  it('end its use of the spare thread when it has a second more than its share', async () => {
    await stores.database.queueClock.updateMany({ data: { threadTime: 5e6 } })
    for (const _ of upTo(30)) await create('b', lasting(0.09))
    let claims = 0
    for (;;) {
      const ids = await claimed()
      if (ids.length === 0) break
      claims += ids.length
      await stores.database.job.updateMany({
        where: { id: { in: ids } },
        data: { claimedAt: new Date(Date.now() - 90) },
      })
      for (const id of ids) await fail(id)
    }
    expect(claims).toBeGreaterThan(8)
    expect(claims).toBeLessThan(14)
    await stores.database.queueClock.updateMany({ data: { threadTime: 6.5e6 } })
    expect(await claimed()).toHaveLength(1)
  })
})
