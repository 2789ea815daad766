/**
 * Trials of a sweep that continue from the checkpoints of others have the bytes of trainings from epoch 1, on real stores and
 * threads.
 */
import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { type JobSpec, jobSpecSchema } from '../../src/contract/job-spec.js'
import { databaseTrouble } from '../../src/store/database.js'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import type { BackendSetting } from '../../src/threads/messages.js'
import { newId } from '../../src/training/new-id.js'
import { unknownOrigin } from '../../src/training/ports/origin.js'
import { shareEpochs } from '../../src/training/sweeps/run-prefix.js'
import { processorModule, sharedDatasets, storedTables, trainerPool } from '../support/built.js'
import { clearQueue, newJob, openStores, type Stores } from '../support/stores.js'
import { sweepDefinition } from '../support/sweep-definition.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => clearQueue(stores))

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

/** About a millisecond an epoch on the fastest backend, so that 30 epochs take several slices. */
const base = jobSpecSchema.parse({
  dataset: { name: 'spirals', rows: 400, noise: 0.1, seed: 1 },
  network: { inputShape: [2], layers: [dense(64, 'tanh'), dense(64, 'relu'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.003 },
  epochs: 200,
  batchSize: 8,
  validationSplit: 0.2,
  seed: 5,
})

/** Trains jobs one by one, in the order of the queue, until none is left. */
async function trainAll(backend: BackendSetting): Promise<void> {
  const { database, datasets, models, serviceMetrics } = stores
  const pool = new trainerPool.TrainerPool()
  const processor = new processorModule.Processor({
    workerId: `worker_${backend}`,
    runs: runStore(database, unlimited, { seconds: 0, bytes: 256 * 1024 * 1024 }),
    storedTables: new storedTables.StoredTables(datasets, 64 * 1024 * 1024),
    models,
    serviceMetrics,
    pool,
    sharedDatasets: new sharedDatasets.SharedDatasets(64 * 1024 * 1024),
    checkpointMilliseconds: 0,
    backend,
    threads: 1,
    databaseTrouble,
    retryMilliseconds: [0, 0],
    log: pino({ level: 'silent' }),
  })
  while (await processor.processNext());
  await processor.close()
  await pool.close()
}

async function newSweep(trials: number): Promise<string> {
  const id = newId('sweep')
  const parameters = [{ path: '/epochs', min: 1, max: trials, integer: true, steps: Math.max(2, trials) }]
  const definition = sweepDefinition({ spec: { dataset: 'xor' }, parameters, metric: 'loss' })
  await stores.sweeps.of('local').create({ id, name: null, definition, trials, ...unknownOrigin })
  return id
}

/** Stores trials with these specs. Large, so that they are claimed one by one. */
async function addTrials(sweepId: string, specs: readonly JobSpec[]): Promise<string[]> {
  const sweep = await stores.sweeps.dueSweep(sweepId)
  if (sweep === null) throw new Error(`${sweepId} is not due`)
  const jobs = specs.map((spec, index) =>
    newJob({ spec, flopsPerEpoch: 1e9, sweep: { id: sweepId, trial: sweep.created + index + 1 } }),
  )
  const planned = { jobs: shareEpochs(jobs), refused: [], points: [] }
  expect(await stores.sweeps.addTrials(sweep, sweep.created + jobs.length, planned)).toBe(jobs.length)
  return jobs.map(({ id }) => id)
}

async function jobOf(id: string): Promise<Job> {
  const job = await stores.jobs.get(id)
  if (job === null) throw new Error(`there is no job ${id}`)
  return job
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function outcomeOf(id: string) {
  const { metrics, bestEpoch, status, error, backend, epoch, epochs } = await jobOf(id)
  const [model, stored] = await Promise.all([
    stores.database.model.findUnique({ where: { jobId: id } }),
    stores.epochs.readPacked(id, 0, 10_000),
  ])
  return {
    ...{ metrics, bestEpoch, status, error, backend, epoch, epochs },
    finals: [model?.finalLoss, model?.finalValLoss, model?.epoch],
    weights: model?.weightSha256,
    stored: sha256(
      new Uint8Array(stored.metrics.buffer, stored.metrics.byteOffset, stored.metrics.byteLength),
    ),
  }
}

/** The trials of these specs, and the same specs trained from epoch 1. */
async function trainBoth(specs: readonly JobSpec[], backend: BackendSetting) {
  const sweep = await newSweep(specs.length)
  const ids = await addTrials(sweep, specs)
  await trainAll(backend)
  const alone: string[] = []
  for (const spec of specs) alone.push((await stores.jobs.create(newJob({ spec, flopsPerEpoch: 1e9 }))).id)
  await trainAll(backend)
  return { sweep, ids, alone, trials: await Promise.all(ids.map(jobOf)) }
}

async function expectEqual(ids: readonly string[], others: readonly string[]): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const outcome = await outcomeOf(id)
    expect(outcome.status).toBe('succeeded')
    expect(outcome).toEqual(await outcomeOf(others[index]))
  }
}

const step = (stepEpochs: number, factor = 0.1) =>
  ({ type: 'step', stepEpochs, factor, warmupEpochs: 10 }) as const

describe.each(['native', 'wasm'] as const)('on the backend %s', (backend) => {
  it('a longer trial continues after the last epoch of a shorter one, in either order of their numbers', async () => {
    const specs = [160, 40, 80].map((epochs) => ({ ...base, epochs, watch: 'diagnose' as const }))
    const { sweep, ids, alone, trials } = await trainBoth(specs, backend)
    expect(trials.map(({ continuedFrom }) => continuedFrom)).toEqual([
      { job: ids[2], epoch: 80 },
      null,
      { job: ids[1], epoch: 40 },
    ])
    await expectEqual(ids, alone)
    expect(await stores.sweeps.of('local').get(sweep)).toMatchObject({ epochs: 280, continuedEpochs: 120 })
    // Only the epochs that it trained took time.
    const batches = await stores.database.epochBatch.findMany({
      where: { jobId: ids[0] },
      orderBy: { firstEpoch: 'asc' },
    })
    const trained = batches.filter(({ startSeconds }) => startSeconds !== null)
    expect(trained[0]).toMatchObject({ firstEpoch: 81, startSeconds: 0 })
    const { trainingSeconds } = await stores.database.job.findUniqueOrThrow({ where: { id: ids[0] } })
    expect(trained.at(-1)?.endSeconds).toBeCloseTo(trainingSeconds ?? Number.NaN, 9)
    // Boundaries and statistics of the first epochs are there, too. Their epochs depend on the time.
    const { taken } = await stores.snapshots.read(ids[0], -1, 1_000)
    const others = await stores.snapshots.read(alone[0], -1, 1_000)
    expect(taken.filter(({ epoch }) => epoch <= 80).length).toBeGreaterThan(0)
    for (const { epoch, bytes } of taken) {
      const other = others.taken.find((each) => each.epoch === epoch)
      if (other !== undefined) expect(sha256(bytes)).toBe(sha256(other.bytes))
    }
    const statistics = await stores.statistics.read(ids[0])
    expect(statistics.filter(({ epoch }) => epoch <= 80).length).toBeGreaterThan(0)
  })

  it('step schedules share the epochs before the first drop', async () => {
    const schedules = [step(90), step(30), step(60), step(30, 0.5)]
    const specs = schedules.map((schedule) => ({ ...base, epochs: 120, schedule }))
    const { ids, alone, trials } = await trainBoth(specs, backend)
    expect(trials.map(({ continuedFrom }) => continuedFrom)).toEqual([
      { job: ids[2], epoch: 70 },
      null,
      { job: expect.toBeOneOf([ids[1], ids[3]]), epoch: 40 },
      { job: ids[1], epoch: 40 },
    ])
    await expectEqual(ids, alone)
  })

  it('early stopping goes on counting', async () => {
    const earlyStopping = { monitor: 'valLoss', patience: 30, minDelta: 0, restoreBest: true } as const
    const specs = [step(60), step(90)].map((schedule) => ({ ...base, schedule, earlyStopping }))
    const { ids, alone, trials } = await trainBoth(specs, backend)
    expect(trials[1].continuedFrom).toEqual({ job: ids[0], epoch: 70 })
    await expectEqual(ids, alone)
  })
})

describe('a trial trains from epoch 1', () => {
  const specs = [40, 80].map((epochs) => ({ ...base, epochs }))

  /** Trains the first trial on `wasm`, changes its row, and trains the second on a backend. */
  async function continuedAfter(change: object, backend: BackendSetting = 'wasm', second = specs[1]) {
    const sweep = await newSweep(2)
    const [first] = await addTrials(sweep, [specs[0]])
    await trainAll('wasm')
    await stores.database.job.update({ where: { id: first }, data: change })
    const [id] = await addTrials(sweep, [second])
    await trainAll(backend)
    return jobOf(id)
  }

  it('unless the other trial has the same first epochs', async () => {
    expect(await continuedAfter({})).toMatchObject({ status: 'succeeded', continuedFrom: { epoch: 40 } })
  })

  it('on another backend', async () => {
    const job = await continuedAfter({}, 'native')
    expect(job).toMatchObject({ status: 'succeeded', backend: 'native', continuedFrom: null })
  })

  it('with another seed', async () => {
    expect((await continuedAfter({}, 'wasm', { ...specs[1], seed: 6 })).continuedFrom).toBeNull()
  })

  it('with another batch size', async () => {
    expect((await continuedAfter({}, 'wasm', { ...specs[1], batchSize: 16 })).continuedFrom).toBeNull()
  })

  it('if the other trial was changed while it ran', async () => {
    const changes = [{ at: new Date().toISOString(), fromEpoch: 20, before: {}, after: {} }]
    expect((await continuedAfter({ changes })).continuedFrom).toBeNull()
  })

  it('if another release began the other trial', async () => {
    // The prefix has the release.
    expect((await continuedAfter({ prefix: Buffer.alloc(32) })).continuedFrom).toBeNull()
  })

  it('if the epochs of the other trial were thinned', async () => {
    expect((await continuedAfter({ epochsKept: 10 })).continuedFrom).toBeNull()
  })
})

it('a trial that another release or backend continues is no source for others', async () => {
  const prefixAfter = async (backend: BackendSetting, release: 'same' | 'other') => {
    const sweep = await newSweep(1)
    const [id] = await addTrials(sweep, [{ ...base, epochs: 60 }])
    const where = { id }
    await stores.database.job.update({ where, data: { pauseAfter: 30 } })
    await trainAll('wasm')
    if (release === 'other') await stores.database.job.update({ where, data: { prefix: Buffer.alloc(32) } })
    await stores.database.job.update({ where, data: { status: 'queued', pauseAfter: null } })
    // The backend that began is not available.
    if (backend !== 'wasm') await stores.database.job.update({ where, data: { backend: 'none' } })
    await trainAll(backend)
    expect(await jobOf(id)).toMatchObject({ status: 'succeeded', epoch: 60 })
    return (await stores.database.job.findUniqueOrThrow({ where })).prefix
  }
  expect(await prefixAfter('wasm', 'same')).toHaveLength(32)
  expect(await prefixAfter('wasm', 'other')).toBeNull()
  expect(await prefixAfter('reference', 'same')).toBeNull()
})

it('a trial pauses at its rung if it continues there', async () => {
  const sweep = await newSweep(2)
  const [first] = await addTrials(sweep, [{ ...base, epochs: 40 }])
  await trainAll('wasm')
  const { loss } = await stores.database.job.findUniqueOrThrow({ where: { id: first } })
  const [second] = await addTrials(sweep, [{ ...base, epochs: 80 }])
  await stores.database.job.update({ where: { id: second }, data: { pauseAfter: 40 } })
  await trainAll('wasm')
  expect(await jobOf(second)).toMatchObject({
    ...{ status: 'paused', epoch: 40, continuedFrom: { job: first, epoch: 40 } },
    metrics: { loss },
  })
})
