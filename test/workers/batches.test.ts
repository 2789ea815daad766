/** Small jobs trained together: each ends as it would alone, whatever becomes of the others. */
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { databaseTrouble } from '../../src/store/database.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import type { TrainingOrder } from '../../workers/messages.js'
import { processorModule, sharedDatasets, storedTables, trainerPool } from '../support/built.js'
import { readEpochs } from '../support/read-epochs.js'
import { eventually } from '../support/service.js'
import { newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { uploadOf } from '../support/tables.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let pool: InstanceType<typeof trainerPool.TrainerPool>
let processor: InstanceType<typeof processorModule.Processor>

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.job.deleteMany()
  begin()
})

afterEach(end)

/** Of one thread: it takes all that is queued, and does not leave a part to others. */
function begin(): void {
  pool = new trainerPool.TrainerPool()
  const { runs, datasets, models, serviceMetrics } = stores
  processor = new processorModule.Processor({
    workerId: 'worker_a',
    runs,
    storedTables: new storedTables.StoredTables(datasets, 64 * 1024 * 1024),
    models,
    serviceMetrics,
    pool,
    sharedDatasets: new sharedDatasets.SharedDatasets(64 * 1024 * 1024),
    checkpointMilliseconds: 1_000,
    backend: 'auto',
    threads: 1,
    databaseTrouble,
    retryMilliseconds: [0, 0],
    log: pino({ level: 'silent' }),
  })
}

async function end(): Promise<void> {
  await processor.close()
  await pool.close()
  vi.restoreAllMocks()
}

async function create(spec: Partial<JobSpec> = {}, changes: Partial<NewJob> = {}): Promise<string> {
  return (await stores.jobs.create(newJob({ spec: xorSpec({ epochs: 50, ...spec }), ...changes }))).id
}

/** It is taken together with others, for it is said to be small. */
async function createEndless(): Promise<string> {
  const id = await create({ epochs: 10_000_000 })
  await stores.database.job.update({ where: { id }, data: { epochs: 50 } })
  return id
}

/** Trains until nothing is queued; how many went together each time. */
async function trainAll(): Promise<number[]> {
  const train = vi.spyOn(pool, 'train')
  train.mockClear()
  while (await processor.processNext());
  return train.mock.calls.map(([orders]) => orders.length)
}

const rowOf = (id: string) => stores.database.job.findUniqueOrThrow({ where: { id } })

async function sha256Of(id: string): Promise<string> {
  const { weightSha256 } = await stores.database.model.findUniqueOrThrow({ where: { jobId: id } })
  return weightSha256
}

async function numbersOf(id: string): Promise<number[]> {
  return (await readEpochs(stores, id, 0, 1_000)).map(({ epoch }) => epoch)
}

describe('small jobs', () => {
  it('have the same weights in a batch as alone', async () => {
    const specs = upTo(20).map((seed) => ({ seed, batchSize: 3, validationSplit: seed % 2 === 0 ? 0.25 : 0 }))
    const ids: string[] = []
    for (const spec of specs) ids.push(await create(spec))
    expect(await trainAll()).toEqual([20])
    const together = await Promise.all(ids.map(sha256Of))
    expect(new Set(together).size).toBe(20)
    for (const id of ids) {
      expect(await stores.jobs.get(id)).toMatchObject({ status: 'succeeded', epoch: 50 })
      expect(await numbersOf(id)).toEqual(upTo(50))
    }
    const alone: string[] = []
    for (const spec of specs) {
      const id = await create(spec)
      expect(await trainAll()).toEqual([1])
      alone.push(await sha256Of(id))
    }
    expect(together).toEqual(alone)
  })

  it('encode shared rows once', async () => {
    for (const seed of [1, 1, 2, 1]) await create({ seed, validationSplit: 0.25 })
    const train = vi.spyOn(pool, 'train')
    await processor.processNext()
    const [[orders]] = train.mock.calls
    const given = orders.map(({ data }) => (typeof data === 'number' ? data : data.type))
    expect(given).toEqual(['raw', 0, 'raw', 0])
  })

  it('on invalid rows are refused with a message each, and the others are not', async () => {
    const rows = uploadOf(tableFromInline({ x: [[0], [1]], y: [0, 1e300] }))
    await stores.datasets.create(rows)
    const network = { inputShape: [1], layers: xorSpec().network.layers }
    const spec = { dataset: rows.id, network, loss: 'meanSquaredError' as const, batchSize: 2 }
    const wrong = [await create(spec, { datasetId: rows.id })]
    const right = await create()
    wrong.push(await create(spec, { datasetId: rows.id }))
    expect(await trainAll()).toEqual([3])
    expect(await rowOf(right)).toMatchObject({ status: 'succeeded' })
    for (const id of wrong) {
      expect(await stores.jobs.get(id)).toMatchObject({
        status: 'failed',
        error: { code: 'invalid-dataset', message: expect.stringContaining('row 2') },
      })
    }
  })

  it('whose dataset was deleted fail, and the others do not', async () => {
    const rows = uploadOf(
      tableFromInline({
        x: [
          [0, 1],
          [1, 0],
        ],
        y: [0, 1],
      }),
    )
    await stores.datasets.create(rows)
    const spec = { dataset: rows.id, batchSize: 2 }
    const ids = [
      await create(spec, { datasetId: rows.id }),
      await create(),
      await create(spec, { datasetId: rows.id }),
    ]
    await stores.database.dataset.delete({ where: { id: rows.id } })
    await trainAll()
    const statuses = await Promise.all(ids.map(async (id) => (await rowOf(id)).status))
    expect(statuses).toEqual(['failed', 'succeeded', 'failed'])
  })
})

describe('a job that is cancelled among small ones', () => {
  it.each([0, 1, 2])('at index %d does not affect the others', async (position) => {
    const ids = [await create(), await create(), await create()]
    const train = pool.train.bind(pool)
    vi.spyOn(pool, 'train').mockImplementationOnce(async (orders, listener) => {
      await stores.jobs.cancel(ids[position])
      // As a hint or the next heartbeat would.
      Atomics.store(orders[position].stop, 0, 1)
      return train(orders, listener)
    })
    await processor.processNext()
    const statuses = await Promise.all(ids.map(async (id) => (await rowOf(id)).status))
    expect(statuses).toEqual(ids.map((_, index) => (index === position ? 'cancelled' : 'succeeded')))
  })
})

describe('a thread that dies among small jobs', () => {
  it('counts a crash of the current job, keeps earlier models, and queues later jobs', async () => {
    const before = await create()
    const fatal = await createEndless()
    const after = await create({ seed: 2 })
    const processing = processor.processNext()
    await eventually(async () => (await rowOf(fatal)).epoch > 0 || undefined)
    await pool.close()
    await processing
    expect(await rowOf(before)).toMatchObject({ status: 'succeeded' })
    expect(await rowOf(fatal)).toMatchObject({ status: 'queued', crashes: 1 })
    expect(await rowOf(after)).toMatchObject({ status: 'queued', crashes: 0, claimAlone: false, epoch: 0 })
    await stores.jobs.cancel(fatal)
    await trainAll()
    expect(await rowOf(after)).toMatchObject({ status: 'succeeded', attempt: 2 })
    expect(await numbersOf(after)).toEqual(upTo(50))
  })

  it('three times during the same job fails that job alone', async () => {
    const ids = [await create(), await create({ seed: 2 }), await create({ seed: 3 })]
    const train = pool.train.bind(pool)
    // A fault, which no check of ours foresees.
    vi.spyOn(pool, 'train').mockImplementation((orders, listener) => train(orders.map(broken), listener))
    const broken = (order: TrainingOrder) =>
      order.spec.seed === 2 ? { ...order, stop: new Int32Array(new SharedArrayBuffer(0)) } : order
    while (await processor.processNext());
    const [first, fatal, last] = await Promise.all(ids.map((id) => stores.jobs.get(id)))
    expect(fatal).toMatchObject({ status: 'failed', error: { code: 'worker-crashed' } })
    expect([first?.status, last?.status]).toEqual(['succeeded', 'succeeded'])
    const crashes = await Promise.all(ids.map(async (id) => (await rowOf(id)).crashes))
    expect(crashes).toEqual([0, 3, 0])
  })

  it('loses nothing of its last report, which is being stored', async () => {
    const before = await create()
    const fatal = await createEndless()
    const { succeedAll } = stores.runs
    const storing = vi.spyOn(stores.runs, 'succeedAll').mockImplementation(async (successes) => {
      await pool.close()
      return succeedAll(successes)
    })
    await processor.processNext()
    expect(storing).toHaveBeenCalledTimes(1)
    expect(await rowOf(before)).toMatchObject({ status: 'succeeded' })
    expect(await rowOf(fatal)).toMatchObject({ status: 'queued', crashes: 1 })
  })
})

describe('a worker that stops among small jobs', () => {
  it('releases unfinished jobs, the current one with a checkpoint', async () => {
    const before = await create()
    const under = await createEndless()
    const after = await create({ seed: 2 })
    const processing = processor.processNext()
    await eventually(async () => (await rowOf(under)).epoch > 0 || undefined)
    processor.stop()
    await processing
    expect(await rowOf(before)).toMatchObject({ status: 'succeeded' })
    expect(await rowOf(under)).toMatchObject({ status: 'queued', crashes: 0 })
    expect(await rowOf(after)).toMatchObject({ status: 'queued', crashes: 0, epoch: 0 })
    const checkpoint = await stores.runs.checkpoint(under, () => {})
    expect(checkpoint?.epoch).toBe((await rowOf(under)).epoch)
    // Those of a worker that lives are no crash, and may be taken together again.
    await stores.jobs.cancel(under)
    await end()
    begin()
    expect(await trainAll()).toEqual([1])
  })
})
