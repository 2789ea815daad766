/** From a queued to an ended job, on the real stores and real threads. */
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import type { InputRow } from '../../src/datasets/raw-rows.js'
import { databaseTrouble } from '../../src/store/database.js'
import { StatementError } from '../../src/store/statements.js'
import type { BackendSetting } from '../../src/threads/messages.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { predict } from '../../src/training/predict.js'
import type { TrainingOrder } from '../../workers/messages.js'
import {
  predictorPool,
  processorModule,
  sharedDatasets,
  storedTables,
  trainerPool,
} from '../support/built.js'
import { allDamages, damage } from '../support/damage.js'
import { reading, uploadFrom } from '../support/prepared.js'
import { readEpochs } from '../support/read-epochs.js'
import { rechunked } from '../support/rechunked.js'
import { eventually } from '../support/service.js'
import {
  claimJob,
  linearModel,
  newJob,
  openStores,
  type Stores,
  storeEpochs,
  storeModel,
  xorSpec,
} from '../support/stores.js'
import { uploadOf } from '../support/tables.js'
import { underLoad } from '../support/waiting.js'
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
  pool = new trainerPool.TrainerPool()
  processor = processorOf('worker_a')
})

function processorOf(workerId: string, backend: BackendSetting = 'auto', retryMilliseconds = [0, 0]) {
  const { runs, datasets, models, serviceMetrics } = stores
  return new processorModule.Processor({
    workerId,
    runs,
    storedTables: new storedTables.StoredTables(datasets, 64 * 1024 * 1024),
    models,
    serviceMetrics,
    pool,
    sharedDatasets: new sharedDatasets.SharedDatasets(64 * 1024 * 1024),
    checkpointMilliseconds: 1_000,
    backend,
    threads: 2,
    databaseTrouble,
    retryMilliseconds,
    log: pino({ level: 'silent' }),
  })
}

afterEach(async () => {
  await processor.close()
  await pool.close()
  vi.restoreAllMocks()
})

async function create(spec: Partial<JobSpec> = {}, changes: Partial<NewJob> = {}): Promise<string> {
  return (await stores.jobs.create(newJob({ spec: xorSpec(spec), ...changes }))).id
}

/** A job that is not claimed together with others. */
async function createAlone(...given: Parameters<typeof create>): Promise<string> {
  const id = await create(...given)
  await stores.database.job.update({ where: { id }, data: { claimAlone: true } })
  return id
}

/** Of each order of each batch: rows to encode, rows that are encoded, or those of an earlier order of the batch. */
const dataOf = (batches: TrainingOrder[][]) =>
  batches.map((orders) => orders.map(({ data }) => (typeof data === 'number' ? data : data.type)))

/** Also on a fast machine. */
const endless = { epochs: 10_000_000, network: { inputShape: [2], layers: [64, 1].map(dense) } }

function dense(units: number) {
  return { type: 'dense' as const, units, activation: 'sigmoid' as const, useBias: true }
}

/** Starts a job that does not end by itself, and waits for its first epochs. */
async function startEndless(on = processor): Promise<{ id: string; processing: Promise<boolean> }> {
  const id = await create(endless)
  const processing = on.processNext()
  await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > 0 || undefined)
  return { id, processing }
}

/** Types and reasons. */
async function eventsOf(id: string): Promise<string[]> {
  const { data = [] } = (await stores.jobs.events(id, { limit: 100 })) ?? {}
  // Checkpoints come by time.
  const events = data.filter(({ type }) => type !== 'checkpointed')
  return events.map(({ type, reason }) => [type, reason].filter(Boolean).join(' '))
}

async function historyOf(id: string) {
  const epochs = await readEpochs(stores, id, 0, 1_000_000)
  expect(epochs.map(({ epoch }) => epoch)).toEqual(upTo(epochs.length))
  return epochs
}

/** The same in every run; how long it takes is not. */
const measured = (epochs: Epoch[]) => epochs.map(({ seconds, ...metrics }) => metrics)

const uploaded = (x: number[][], y: number[]) => uploadOf(tableFromInline({ x, y }))

describe('the spare thread', () => {
  const small = (tenantId: string) => stores.jobs.of(tenantId).create(newJob())

  /** The wake-ups of the worker are not part of the processor. */
  const processSpare = () => processor.processSpare({ onClaim: () => {} })

  it('trains small jobs of other tenants while all threads are busy', async () => {
    const endless = [await startEndless()]
    const early = await small('b')
    expect(await processSpare()).toBe(false)
    // Otherwise the next thread would train it.
    await stores.database.job.delete({ where: { id: early.id, status: 'queued' } })
    endless.push(await startEndless())
    const own = await small('local')
    const { id } = await small('b')
    expect(processor.busyThreads).toBe(2)
    expect(await processSpare()).toBe(true)
    expect((await stores.jobs.of('b').get(id))?.status).toBe('succeeded')
    expect(await processSpare()).toBe(false)
    expect((await stores.jobs.get(own.id))?.status).toBe('queued')
    processor.stop()
    await Promise.all(endless.map(({ processing }) => processing))
    for (const { id } of endless) expect(await eventsOf(id)).toContain('released worker-stopped')
  })

  it('is started in advance while all threads are busy', async () => {
    const endless = [await startEndless(), await startEndless()]
    await eventually(() => (pool.size === 3 ? true : undefined))
    processor.stop()
    await Promise.all(endless.map(({ processing }) => processing))
  })
})

describe('jobs with the same dataset', () => {
  const withFeature = (second: string): Partial<JobSpec> => ({
    derivedFeatures: [{ type: 'product', of: ['x1', second] }],
    network: { inputShape: [3], layers: [dense(1)] },
    scaling: 'standardize',
  })
  it.each<[string, Partial<JobSpec>, Partial<JobSpec>]>([
    ['excluded rows', {}, { excludedRows: [0, 3] }],
    ['derived features', withFeature('x1'), withFeature('x2')],
  ])('do not share their encoded rows if they have other %s', async (_what, first, second) => {
    await createAlone(first)
    const id = await createAlone(second)
    await processor.processNext()
    await processor.processNext()
    const alone = await createAlone(second)
    const another = processorOf('worker_b')
    await another.processNext()
    await another.close()
    const losses = async (job: string) => (await historyOf(job)).map(({ loss }) => loss)
    expect(await losses(id)).toHaveLength(100)
    expect(await losses(id)).toEqual(await losses(alone))
  })
})

describe('a job', () => {
  it('is trained, and its epochs and model are stored', async () => {
    const id = await create({ epochs: 500 }, { name: 'my xor' })
    await processor.processNext()
    const job = await stores.jobs.get(id)
    expect(job).toMatchObject({ status: 'succeeded', epoch: 500, error: null })
    const epochs = await historyOf(id)
    expect(epochs).toHaveLength(500)
    expect(job?.metrics.loss).toBe(epochs[499].loss)
    expect(await stores.models.get(job?.modelId ?? '')).toMatchObject({
      jobId: id,
      name: 'my xor',
      parameters: 17,
    })
  })

  it('keeps its snapshots, also after its model is deleted', async () => {
    const id = await create({ epochs: 100 })
    await processor.processNext()
    const snapshots = await stores.snapshots.read(id, -1, 100)
    // Two to a doubling, rounded up.
    const epochs = [0, 1, 2, 3, 4, 6, 8, 12, 16, 23, 32, 46, 64, 91]
    expect(snapshots.taken.map(({ epoch }) => epoch)).toEqual(epochs)
    expect(snapshots.taken.map(({ bytes }) => bytes.length)).toEqual(epochs.map(() => 4 * 17))
    const { modelId } = (await stores.jobs.get(id)) ?? {}
    const weights = await stores.models.weights(modelId ?? '')
    expect(snapshots.tensors).toEqual(weights?.tensors)
    expect(await stores.models.delete(modelId ?? '')).toBe('deleted')
    expect(await stores.snapshots.read(id, -1, 100)).toEqual(snapshots)
    expect((await stores.snapshots.read(id, 2, 3)).taken.map(({ epoch }) => epoch)).toEqual([3, 4, 6])
  })

  it('with restored best weights has the metrics of those weights', async () => {
    const moons = { name: 'moons' as const, rows: 60, noise: 0.5, seed: 0 }
    const earlyStopping = { ...{ monitor: 'valLoss' as const, patience: 8 }, minDelta: 0, restoreBest: true }
    const id = await create({
      dataset: moons,
      validationSplit: 0.3,
      epochs: 500,
      batchSize: 8,
      earlyStopping,
    })
    await processor.processNext()
    const job = await stores.jobs.get(id)
    const epochs = await historyOf(id)
    // Found again in the history: the epoch of the smallest loss, eight epochs before the last.
    const losses = epochs.map(({ valLoss }) => valLoss ?? Number.POSITIVE_INFINITY)
    const best = 1 + losses.indexOf(Math.min(...losses))
    expect(best).toBe(epochs.length - 8)
    expect(job).toMatchObject({ status: 'succeeded', epoch: epochs.length, bestEpoch: best })
    const { loss, accuracy, valLoss, valAccuracy } = epochs[best - 1]
    expect(job?.metrics).toEqual({ loss, accuracy, valLoss, valAccuracy })
    const model = await stores.models.getEvaluated(job?.modelId ?? '')
    expect(model).toMatchObject({ epoch: best, metrics: job?.metrics })
    const evaluation = model?.evaluation
    if (evaluation?.type !== 'classification') throw new Error('is no classification')
    expect([evaluation.rows, evaluation.count]).toEqual(['validation', 18])
    expect(valAccuracy).toBe(evaluation.right / evaluation.count)
    // Not those of the last epoch.
    expect(epochs.at(-1)?.valLoss).not.toBe(valLoss)
  })

  it('whose folds choose the epochs trains on all rows for that number, also after a crash', async () => {
    const moons = { name: 'moons' as const, rows: 90, noise: 0.4, seed: 2 }
    const rule = { monitor: 'valLoss' as const, patience: 20, minDelta: 0, restoreBest: true, folds: 5 }
    const spec = { dataset: moons, epochs: 300, batchSize: 10, earlyStopping: rule }
    const id = await create(spec)
    await processor.processNext()
    const job = await stores.jobs.get(id)
    const epochs = await historyOf(id)
    expect(epochs.length).toBeLessThan(300)
    expect(job).toMatchObject({ status: 'succeeded', epoch: epochs.length, epochs: epochs.length })
    expect(job).toMatchObject({ bestEpoch: null, spec: { epochs: 300 }, metrics: { valLoss: null } })
    const model = await stores.models.getEvaluated(job?.modelId ?? '')
    expect(model).toMatchObject({ epoch: epochs.length, metrics: job?.metrics })
    expect(model?.evaluation).toMatchObject({ rows: 'folds', available: 90, count: 90, unanswered: 0 })

    const again = await create(spec)
    // The worker dies when all epochs are stored and the model is not.
    vi.spyOn(stores.runs, 'isWhole').mockReturnValue(false)
    vi.spyOn(stores.runs, 'succeed').mockResolvedValueOnce(false)
    await processor.processNext()
    expect(await stores.jobs.get(again)).toMatchObject({ status: 'running', epochs: epochs.length })
    await stores.runs.crash({ jobId: again, attempt: 1 })
    await processor.processNext()
    expect(await stores.jobs.get(again)).toMatchObject({ status: 'succeeded', epochs: epochs.length })
    expect(measured(await historyOf(again))).toEqual(measured(epochs))
    const repeated = await stores.models.getEvaluated((await stores.jobs.get(again))?.modelId ?? '')
    expect(repeated?.weightSha256).toBe(model?.weightSha256)
    expect(repeated?.evaluation).toEqual(model?.evaluation)
  })

  it('sends heartbeats while folds are trained', async () => {
    const spirals = { name: 'spirals' as const, rows: 2_000, noise: 0.1, seed: 1 }
    const rule = { monitor: 'valLoss' as const, patience: 1e6, minDelta: 0, restoreBest: true, folds: 5 }
    const id = await create({ dataset: spirals, epochs: 1e6, batchSize: 32, earlyStopping: rule })
    const processing = processor.processNext()
    await eventually(async () => (await stores.jobs.get(id))?.status === 'running' || undefined)
    await stores.jobs.pause(id)
    const paused = performance.now()
    processor.notice({ jobId: id, status: 'paused', epoch: 0 })
    await processing
    expect(performance.now() - paused).toBeLessThan(underLoad(2_000))
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'paused', epoch: 0, epochs: 1e6 })
    // The folds choose the epochs, also of a job that goes on.
    await expect(stores.jobs.resume(id, { epochs: 5 })).rejects.toMatchObject({
      code: 'invalid-spec',
      errors: [{ pointer: '/epochs' }],
    })
    expect(await stores.jobs.resume(id, { epochs: 1e6, learningRate: 0.5 })).toBe(true)
    expect(await stores.jobs.get(id)).toMatchObject({
      spec: { epochs: 1e6, optimizer: { learningRate: 0.5 } },
    })
    await stores.jobs.cancel(id)
  })

  it('on uploaded rows is trained on standardized features', async () => {
    const rows = uploaded(
      [
        [10, 1],
        [20, 1],
        [30, 1],
        [40, 1],
      ],
      [0, 0, 1, 1],
    )
    await stores.datasets.create(rows)
    const id = await create({ dataset: rows.id, epochs: 1, scaling: 'standardize' }, { datasetId: rows.id })
    await processor.processNext()
    const model = await stores.models.get((await stores.jobs.get(id))?.modelId ?? '')
    const [first, second] = model?.coding.features ?? []
    expect(first).toMatchObject({ name: 'x1', offset: 25, scale: expect.closeTo(Math.sqrt(125)) })
    expect(second).toEqual({ type: 'number', name: 'x2', offset: 1, scale: 1 })
  })

  it('learns from categories, booleans and missing values, and predicts for raw values', async () => {
    const columns = (rows: number) => {
      const all = Array.from({ length: rows }, (_, row) => row)
      return {
        size: [all.map((row) => (row % 5 === 0 ? '' : String(row)))],
        colour: [all.map((row) => ['red', 'green', 'blue'][row % 3])],
        ripe: [all.map((row) => String(row % 2 === 0))],
        good: [all.map((row) => (row % 3 === 1 && row % 2 === 0 ? 'yes' : 'no'))],
      }
    }
    const missing = { everywhere: 'drop' as const, columns: [{ name: 'size', rule: 'mean' as const }] }
    const training = await stores.datasets.create(uploadFrom(reading(columns(60)), { missing }))
    const validation = await stores.datasets.create(uploadFrom(reading(columns(12)), { missing }))
    const layers = [
      { type: 'dense' as const, units: 8, activation: 'tanh' as const, useBias: true },
      { type: 'dense' as const, units: 1, activation: 'sigmoid' as const, useBias: true },
    ]
    const spec = {
      dataset: training.id,
      validationDataset: validation.id,
      network: { inputShape: [5], layers },
      optimizer: {
        type: 'adam' as const,
        learningRate: 0.05,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        biasCorrection: true,
        weightDecay: 0,
      },
      scaling: 'standardize' as const,
      epochs: 300,
    }
    const id = await create(spec, { datasetId: training.id, validationDatasetId: validation.id })
    await processor.processNext()
    const job = await stores.jobs.get(id)
    expect(job).toMatchObject({ status: 'succeeded', metrics: { accuracy: 1, valAccuracy: 1 } })
    const model = await stores.models.get(job?.modelId ?? '')
    expect(model).toMatchObject({ columns: ['size', 'colour', 'ripe'], classes: ['no', 'yes'] })
    const predictors = predictorPool.openPredictorPool(stores.models, { backend: 'auto', threads: 2 })
    try {
      const rows: InputRow[] = [
        { colour: 'green', ripe: true },
        { size: 30, colour: 'green', ripe: false },
      ]
      const readRows = () => ({ rows, requestPointer: (pointer: string) => pointer })
      const { predictions } = await predict(
        { tenantId: 'local', model, predictors },
        model?.id ?? '',
        readRows,
      )
      expect(predictions.map((each) => each?.label)).toEqual(['yes', 'no'])
    } finally {
      await predictors.close()
    }
  })

  it('whose dataset was deleted fails with a message', async () => {
    const rows = uploaded(
      [
        [0, 0],
        [1, 1],
      ],
      [0, 1],
    )
    await stores.datasets.create(rows)
    const id = await create({ dataset: rows.id }, { datasetId: rows.id })
    await stores.database.dataset.delete({ where: { id: rows.id } })
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'invalid-dataset', message: expect.stringContaining('no longer exists'), epoch: null },
    })
  })

  it('whose source model was deleted fails instead of starting with new weights', async () => {
    const { id: from } = await storeModel(stores)
    const id = await create({ from })
    await stores.database.model.delete({ where: { id: from } })
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining(from) },
    })
  })

  it('on targets that do not fit fails for good', async () => {
    const rows = uploaded(
      [
        [0, 0],
        [1, 1],
      ],
      [0, 1e300],
    )
    await stores.datasets.create(rows)
    const id = await create({ dataset: rows.id, batchSize: 2 }, { datasetId: rows.id })
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'invalid-dataset', message: expect.stringContaining('row 2') },
    })
  })

  it('that diverges fails and keeps its history', async () => {
    const layers = [{ type: 'dense' as const, units: 1, activation: 'linear' as const, useBias: true }]
    const optimizer = {
      type: 'sgd' as const,
      learningRate: 1e12,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    }
    const network = { inputShape: [2], layers }
    const id = await create({ ...endless, network, optimizer, loss: 'squaredError' })
    await processor.processNext()
    const job = await stores.jobs.get(id)
    const epochs = await historyOf(id)
    expect(epochs.at(-1)).toMatchObject({ loss: null, diverged: true })
    expect(epochs.length).toBeGreaterThan(1)
    expect(job).toMatchObject({ status: 'failed', modelId: null, epoch: epochs.length })
    expect(job?.error).toMatchObject({ code: 'diverged', epoch: epochs.length })
  })

  it('continues after a lost attempt without a gap or a repetition', async () => {
    const whole = await create({ epochs: 300 })
    await processor.processNext()
    const expected = await historyOf(whole)
    const id = await create({ epochs: 300 })
    const lost = await claimJob(stores, id, 'worker_dead')
    // The next attempt keeps the backend of the stored epochs.
    const { backend } = (await stores.jobs.get(whole)) ?? {}
    await storeEpochs(stores, lost, expected.slice(0, 123), { backend: backend ?? '' })
    await stores.jobs.releaseWorker('worker_dead')
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'succeeded', epoch: 300 })
    const history = await historyOf(id)
    expect(measured(history)).toEqual(measured(expected))
    // What was stored took no time here, and what is computed again takes none a second time.
    const seconds = history.map((epoch) => epoch.seconds ?? -1)
    expect(seconds.slice(0, 123)).toEqual(upTo(123).map(() => 0))
    // A single epoch may take less than the microsecond that is kept.
    expect(seconds[299]).toBeGreaterThan(0)
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
  })

  it('runs once for several wake-ups, and not after its end', async () => {
    const id = await create()
    const done = await Promise.all([processor.processNext(), processor.processNext()])
    expect(done.toSorted()).toEqual([false, true])
    expect(await historyOf(id)).toHaveLength(100)
    const before = await stores.jobs.get(id)
    expect(await processor.processNext()).toBe(false)
    expect(await stores.jobs.get(id)).toEqual(before)
  })
})

describe('a running job', () => {
  it('stops when it is cancelled, by a hint or at the next heartbeat', async () => {
    for (const hint of [true, false]) {
      const { id, processing } = await startEndless()
      await stores.jobs.cancel(id)
      if (hint) processor.notice({ jobId: id, status: 'cancelled', epoch: 0 })
      await processing
      const job = await stores.jobs.get(id)
      expect(job).toMatchObject({ status: 'cancelled', modelId: null })
      expect(await historyOf(id)).toHaveLength(job?.epoch ?? 0)
    }
  })

  it('is released when the worker stops, which claims no more', async () => {
    const { id, processing } = await startEndless()
    processor.stop()
    await processing
    const job = await stores.jobs.get(id)
    expect(job).toMatchObject({ status: 'queued', error: null })
    await historyOf(id)
    await processor.processNext()
    expect(await stores.jobs.get(id)).toEqual(job)
  })

  it('keeps its backend, even if a faster one is available', async () => {
    const slow = processorOf('worker_slow', 'reference')
    const { id, processing } = await startEndless(slow)
    slow.stop()
    await processing
    await slow.close()
    const { epoch = 0 } = (await stores.jobs.get(id)) ?? {}
    const resumed = processor.processNext()
    await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > epoch || undefined)
    processor.stop()
    await resumed
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued', backend: 'reference' })
    await historyOf(id)
  })

  it('changes its backend if the settings require another', async () => {
    const slow = processorOf('worker_slow', 'reference')
    const { id, processing } = await startEndless(slow)
    slow.stop()
    await processing
    await slow.close()
    const { epoch = 0 } = (await stores.jobs.get(id)) ?? {}
    const fixed = processorOf('worker_fixed', 'wasm')
    const resumed = fixed.processNext()
    await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > epoch || undefined)
    fixed.stop()
    await resumed
    await fixed.close()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued', backend: 'wasm' })
  })

  it('is queued again when its thread dies', async () => {
    const { id, processing } = await startEndless()
    await pool.close()
    await processing
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued' })
    expect(await stores.database.job.findUnique({ where: { id } })).toMatchObject({
      crashes: 1,
      workerId: 'worker_a',
    })
  })

  it('is not changed by a worker that lost its claim', async () => {
    const { id, processing } = await startEndless()
    await stores.database.job.update({
      where: { id },
      data: { attempt: { increment: 1 }, workerId: 'worker_b' },
    })
    await processing
    expect(await stores.database.job.findUnique({ where: { id } })).toMatchObject({
      status: 'running',
      workerId: 'worker_b',
    })
  })

  it.each([
    ['step by step', false],
    ['whole', true],
  ])('continues after an outage of the database, and stores everything once, %s', async (_name, isWhole) => {
    // One step, which ends within the first slice on any machine.
    const id = await create({ epochs: 1 })
    const away = new StatementError('record', new Error('the database is away'))
    const { runs } = stores
    vi.spyOn(runs, 'isWhole').mockReturnValue(isWhole)
    const writes = [vi.spyOn(runs, 'record'), vi.spyOn(runs, 'succeed'), vi.spyOn(runs, 'succeedAll')]
    for (const write of writes) write.mockRejectedValueOnce(away).mockRejectedValueOnce(away)
    await processor.processNext()
    expect(writes.map(({ mock }) => mock.calls.length)).toEqual(isWhole ? [0, 0, 3] : [3, 3, 0])
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'succeeded', epoch: 1 })
    expect(await historyOf(id)).toHaveLength(1)
  })

  it('is released if a write took effect but its answer was lost', async () => {
    const { record } = stores.runs
    const id = await create(endless)
    vi.spyOn(stores.runs, 'record').mockImplementationOnce(async (claim, progress) => {
      await record(claim, progress)
      throw new StatementError('record', new Error('the connection broke'))
    })
    await processor.processNext()
    const job = await stores.jobs.get(id)
    expect(job).toMatchObject({ status: 'queued', error: null })
    expect(await historyOf(id)).toHaveLength(job?.epoch ?? 0)
  })

  it('is queued again without a crash when the database stays unreachable', async () => {
    const id = await create(endless)
    vi.spyOn(stores.runs, 'record').mockImplementation(async () => {
      const later = Date.now() + 31_000
      vi.spyOn(Date, 'now').mockReturnValue(later)
      throw new StatementError('record', new Error('the database is away'))
    })
    await processor.processNext()
    vi.restoreAllMocks()
    expect(await eventsOf(id)).toEqual(['queued', 'claimed', 'released database-unavailable'])
    // After a pause.
    await eventually(async () => (await stores.jobs.get(id))?.status === 'queued' || undefined)
    expect(await stores.database.job.findUnique({ where: { id } })).toMatchObject({ crashes: 0 })
  })
})

describe('a long training', () => {
  it('gives its thread to a waiting job of another tenant, and continues to the same epochs', async () => {
    const first = await startEndless()
    const second = await startEndless()
    const waiting = (await stores.jobs.of('other').create(newJob())).id
    // The two jobs of `local` hold all threads, and the first was claimed earlier.
    expect(await first.processing).toBe(true)
    const stored = (await stores.jobs.get(first.id))?.epoch ?? 0
    expect(await eventsOf(first.id)).toEqual(['queued', 'claimed', 'released preempted'])
    await processor.processNext()
    expect(await stores.jobs.of('other').get(waiting)).toMatchObject({ status: 'succeeded' })
    const again = processor.processNext()
    const reaches = (id: string, epoch: number) =>
      eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) >= epoch || undefined)
    await reaches(first.id, stored + 1)
    await reaches(second.id, stored + 50)
    for (const { id } of [first, second]) await stores.jobs.of('local').cancel(id)
    await Promise.all([again, second.processing])
    // Both have the same spec and seed; only one was interrupted, after the epoch `stored`.
    const around = async (id: string) => measured(await readEpochs(stores, id, stored - 50, 100))
    const epochs = await around(first.id)
    expect(epochs.map(({ epoch }) => epoch)).toContain(stored + 1)
    expect((await around(second.id)).slice(0, epochs.length)).toEqual(epochs)
  })
})

describe('a job whose folds choose the epochs', () => {
  it('gives its thread to another tenant after a fold, and continues with the next fold', async () => {
    const spirals = { name: 'spirals' as const, rows: 2_000, noise: 0.1, seed: 1 }
    const rule = { monitor: 'valLoss' as const, patience: 1e6, minDelta: 0, restoreBest: true, folds: 8 }
    const spec = { dataset: spirals, epochs: 5_000, batchSize: 32, earlyStopping: rule }
    const undisturbed = await createAlone(spec)
    await processor.processNext()
    const { modelId } = (await stores.jobs.get(undisturbed)) ?? {}
    const first = await createAlone(spec)
    // The other tenant holds no thread, and this job needs all of them.
    const preempted = processor.processNext()
    await eventually(async () => (await eventsOf(first)).includes('claimed') || undefined)
    const waiting = await stores.jobs.of('other').create(newJob({ spec: xorSpec({ threads: 2 }) }))
    await preempted
    expect(await eventsOf(first)).toEqual(['queued', 'claimed', 'released preempted'])
    await processor.processNext()
    expect(await stores.jobs.of('other').get(waiting.id)).toMatchObject({ status: 'succeeded' })
    await processor.processNext()
    const job = await stores.jobs.get(first)
    expect(job).toMatchObject({ status: 'succeeded' })
    const models = await Promise.all(
      [modelId, job?.modelId].map((id) => stores.models.getEvaluated(id ?? '')),
    )
    expect(models[1]?.weightSha256).toBe(models[0]?.weightSha256)
    expect(models[1]?.evaluation).toEqual(models[0]?.evaluation)
  }, 120_000)
})

describe('a dataset of which a chunk is damaged', () => {
  /** 40 rows in chunks of 15, 15 and 10. */
  const createDataset = async () => {
    const x = Array.from({ length: 40 }, (_, row) => [row / 7, row / 3])
    const y = x.map((_, row) => row % 2)
    const rows = uploadOf(rechunked(tableFromInline({ x, y }), [15]))
    await stores.datasets.create(rows)
    return rows.id
  }
  const createOn = (datasetId: string) => create({ dataset: datasetId, epochs: 2 }, { datasetId })

  it.each(allDamages)('fails its jobs at the first attempt, and no others: %s', async (how) => {
    const [damaged, other] = [await createDataset(), await createDataset()]
    await damage(stores, damaged, how)
    const ids = [await createOn(damaged), await createOn(other)]
    while (await processor.processNext());
    const [first, second] = await stores.jobs.getMany(ids)
    const message = expect.stringContaining(`Dataset ${damaged} is damaged: `)
    expect(first).toMatchObject({ status: 'failed', error: { code: 'integrity', message } })
    expect(await eventsOf(ids[0])).toEqual(['queued', 'claimed', 'ended'])
    expect(second).toMatchObject({ status: 'succeeded' })
  })

  it('fails a job that validates on it', async () => {
    const [training, validationDatasetId] = [await createDataset(), await createDataset()]
    await damage(stores, validationDatasetId, 'with a flipped bit')
    const id = await create(
      { dataset: training, validationDataset: validationDatasetId },
      { datasetId: training, validationDatasetId },
    )
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'failed', error: { code: 'integrity' } })
  })
})

describe('an internal error', () => {
  const message = expect.stringMatching(/^The service failed/)
  const internal = { status: 'failed', error: { code: 'internal', message } }

  it('ends the job at once, without details in the error', async () => {
    const id = await create(endless)
    vi.spyOn(stores.runs, 'record').mockRejectedValue(new TypeError('undefined is not a function'))
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject(internal)
    expect(await eventsOf(id)).toEqual(['queued', 'claimed', 'ended'])
  })

  it('in the code of a thread is not retried', async () => {
    const id = await create()
    const train = pool.train.bind(pool)
    vi.spyOn(pool, 'train').mockImplementation((orders, listener) =>
      train(
        orders.map((order) => Object.assign({ ...order }, { changes: null })),
        listener,
      ),
    )
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject(internal)
  })

  it('in one job does not affect others of its batch', async () => {
    const ids = [await create(), await create({ seed: 2 }), await create({ seed: 3 })]
    const { succeedAll } = stores.runs
    vi.spyOn(stores.runs, 'succeedAll').mockImplementation(async (successes) => {
      if (successes.some(({ claim }) => claim.jobId === ids[1])) throw new RangeError('not a number')
      return succeedAll(successes)
    })
    while (await processor.processNext());
    const jobs = await stores.jobs.getMany(ids)
    expect(jobs.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'succeeded'])
    expect(jobs[1]).toMatchObject(internal)
  })

  it('during the preparation of a job ends that job alone', async () => {
    const { id: from } = await stores.models.create(linearModel())
    const ids = [await create({ from }), await create()]
    vi.spyOn(stores.models, 'get').mockRejectedValue(new TypeError('no such field'))
    while (await processor.processNext());
    const [first, second] = await stores.jobs.getMany(ids)
    expect(first).toMatchObject(internal)
    expect(second).toMatchObject({ status: 'succeeded' })
  })

  it('ends a job that cannot be read, but not others of the claim', async () => {
    const ids = [await create(), await create()]
    await stores.database.$executeRaw`
      UPDATE "Job" SET changes = '[{"at": "never"}]' WHERE id = ${ids[0]}`
    while (await processor.processNext());
    const rows = await stores.database.job.findMany({
      where: { id: { in: ids } },
      orderBy: { queueNumber: 'asc' },
    })
    expect(rows.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      ['failed', 'internal'],
      ['succeeded', null],
    ])
  })
})

describe('jobs of several threads', () => {
  it('run concurrently within the threads of the worker', async () => {
    const slow = { epochs: 300_000 }
    const ids = [await create(slow), await create(slow), await create({ ...slow, threads: 2 })]
    let busy = 0
    let most = 0
    const train = pool.train.bind(pool)
    vi.spyOn(pool, 'train').mockImplementation((orders, listener) => {
      const { threads } = orders[0].spec
      busy += threads
      most = Math.max(most, busy)
      const trained = () => {
        busy -= threads
        listener.trained()
      }
      return train(orders, { ...listener, trained })
    })
    await Promise.all(ids.map(() => processor.processNext()))
    expect(most).toBe(2)
    for (const id of ids) {
      const job = await stores.jobs.get(id)
      expect(job).toMatchObject({ status: 'succeeded', backend: expect.any(String) })
    }
  })

  /** The jobs in the order of their starts. */
  async function inOrderOfBeginning(): Promise<string[]> {
    const { data } = await stores.jobs.list({ limit: 100 })
    expect(data.map(({ status }) => status)).toEqual(data.map(() => 'succeeded'))
    const begun = data.toSorted((a, b) => ((a.startedAt ?? '') < (b.startedAt ?? '') ? -1 : 1))
    return begun.map(({ id }) => id)
  }

  it('start in their turn, for any number of later long jobs', async () => {
    // Of different lengths: the two threads are never free at the same moment by themselves.
    const early = [await create({ epochs: 20_000 }), await create({ epochs: 50_000 })]
    early.push(await create({ epochs: 20_000 }))
    const wide = await create({ epochs: 2_000, threads: 2 })
    // Estimated to take for ever.
    const narrow = async () => {
      const id = await create({ epochs: 20_000 })
      await stores.database.job.update({ where: { id }, data: { flopsPerEpoch: 1e12 } })
      return id
    }
    const late: string[] = []
    for (const _ of upTo(4)) late.push(await narrow())
    let coming = 6
    async function slot(): Promise<void> {
      while ((await stores.database.job.count({ where: { status: 'queued' } })) > 0) {
        await processor.processNext()
        if (coming-- > 0) late.push(await narrow())
      }
    }
    await Promise.all([slot(), slot()])
    const order = await inOrderOfBeginning()
    expect(order).toHaveLength(14)
    expect(new Set(order.slice(0, 3))).toEqual(new Set(early))
    expect(order[3]).toBe(wide)
    expect(new Set(order.slice(4))).toEqual(new Set(late))
  })

  it('are passed by those that end before the threads are free', async () => {
    const long = await create({ epochs: 400_000 })
    const training = processor.processNext()
    const wide = await create({ epochs: 1_000, threads: 2 })
    const short = await create({ epochs: 100 })
    await Promise.all([training, processor.processNext(), processor.processNext()])
    expect(await inOrderOfBeginning()).toEqual([long, short, wide])
  })

  it('and of one thread all end in several workers, also those wider than any worker', async () => {
    const threads = [1, 2, 3, 1, 2, 2, 1, 1, 64, 2, 1, 3]
    for (const [index, count] of threads.entries()) {
      const job = newJob({ spec: xorSpec({ epochs: 3_000, threads: count }) })
      await stores.jobs.of(index % 3 === 0 ? 'another' : 'local').create(job)
    }
    const workers = [processor, processorOf('worker_b'), processorOf('worker_c')]
    const trainings = threads.map((_, index) => workers[index % workers.length].processNext())
    await Promise.all(trainings)
    const ended = await stores.database.job.findMany()
    expect(ended.map(({ status }) => status)).toEqual(threads.map(() => 'succeeded'))
    expect(new Set(ended.map(({ epoch }) => epoch))).toEqual(new Set([3_000]))
    await Promise.all(workers.slice(1).map((worker) => worker.close()))
  })
})

describe('rows that several jobs train on', () => {
  const rows = () =>
    uploaded(
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      [0, 1, 1, 0],
    )

  it('are read and encoded once, for concurrent and later jobs', async () => {
    const data = rows()
    await stores.datasets.create(data)
    const values = vi.spyOn(stores.datasets, 'table')
    const train = vi.spyOn(pool, 'train')
    const spec = { dataset: data.id, epochs: 300 }
    const ids = await Promise.all(upTo(3).map(() => createAlone(spec, { datasetId: data.id })))
    await Promise.all([processor.processNext(), processor.processNext()])
    await processor.processNext()
    expect(values).toHaveBeenCalledTimes(1)
    const given = dataOf(train.mock.calls.map(([orders]) => orders))
    expect(given.toSorted()).toEqual([['raw'], ['shared'], ['shared']])
    const [first, ...others] = await Promise.all(ids.map(historyOf))
    for (const other of others) expect(measured(other)).toEqual(measured(first))
  })

  it('are read from the database once, also for different splits and scales', async () => {
    const data = rows()
    await stores.datasets.create(data)
    const table = vi.spyOn(stores.datasets, 'table')
    const train = vi.spyOn(pool, 'train')
    for (const changes of [{ seed: 1 }, { seed: 2 }, { seed: 2, scaling: 'minMax' as const }]) {
      const spec = { dataset: data.id, epochs: 1, validationSplit: 0.25, batchSize: 3, ...changes }
      await create(spec, { datasetId: data.id })
      await processor.processNext()
    }
    expect(table).toHaveBeenCalledTimes(1)
    const given = train.mock.calls.map(([orders]) => orders)
    expect(dataOf(given)).toEqual([['raw'], ['raw'], ['raw']])
    const buffers = given.map(([{ data }]) =>
      typeof data !== 'number' && data.type === 'raw' ? data.training.chunks[0].buffer : null,
    )
    expect(buffers[0]).toBeInstanceOf(SharedArrayBuffer)
    expect(new Set(buffers).size).toBe(1)
  })

  it('are encoded again for another loss, seed of the split, or output shape', async () => {
    const train = vi.spyOn(pool, 'train')
    const split = { validationSplit: 0.25, batchSize: 3 }
    const specs: Partial<JobSpec>[] = [
      {},
      { seed: 2 },
      { ...split, seed: 1 },
      { ...split, seed: 2 },
      { loss: 'meanSquaredError' },
    ]
    for (const spec of specs) {
      await create({ ...spec, epochs: 1 })
      await processor.processNext()
    }
    expect(dataOf(train.mock.calls.map(([orders]) => orders))).toEqual([
      ['raw'],
      ['shared'],
      ['raw'],
      ['raw'],
      ['raw'],
    ])
  })

  it('are encoded again after a thread dies that used them', async () => {
    const { id, processing } = await startEndless()
    const train = vi.spyOn(pool, 'train')
    await pool.close()
    await processing
    await stores.jobs.cancel(id)
    await create({ epochs: 1 })
    await processor.processNext()
    expect(dataOf(train.mock.calls.map(([orders]) => orders))).toEqual([['raw']])
  })
})

describe('a job that kills its thread', () => {
  /** Nothing to stop it by: a fault, which no check of ours foresees. */
  function breakThreads(): void {
    const train = pool.train.bind(pool)
    vi.spyOn(pool, 'train').mockImplementation((orders, listener) => {
      const stop = new Int32Array(new SharedArrayBuffer(0))
      return train(
        orders.map((order) => ({ ...order, stop })),
        listener,
      )
    })
  }

  it('is queued again twice, and fails as worker-crashed the third time', async () => {
    breakThreads()
    const id = await create()
    for (const attempt of [1, 2]) {
      await processor.processNext()
      expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued', error: null })
      const row = await stores.database.job.findUnique({ where: { id } })
      expect(row).toMatchObject({ attempt, crashes: attempt })
    }
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({
      status: 'failed',
      modelId: null,
      error: { code: 'worker-crashed', epoch: 0, message: expect.stringContaining('3 times') },
    })
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'failed' })
  })

  it('waits before its retry, and is queued at once when the worker stops', async () => {
    await processor.close()
    processor = processorOf('worker_a', 'auto', [300, 60_000])
    breakThreads()
    const id = await create()
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'running' })
    expect(await eventsOf(id)).toEqual(['queued', 'claimed', 'released thread-died'])
    const event = (await stores.jobs.events(id, { limit: 10 }))?.data.at(-1)
    expect(Date.parse(event?.retryAt ?? '') - Date.parse(event?.at ?? '')).toBe(300)
    await eventually(async () => (await stores.jobs.get(id))?.status === 'queued' || undefined)
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'running' })
    await processor.close()
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued' })
    expect(await eventsOf(id)).toHaveLength(5)
  })

  it('does not affect a concurrent job', async () => {
    const { id, processing } = await startEndless()
    breakThreads()
    const broken = await create()
    await processor.processNext()
    expect(await stores.jobs.get(broken)).toMatchObject({ status: 'queued' })
    const before = (await stores.jobs.get(id))?.epoch ?? 0
    await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > before || undefined)
    await stores.jobs.cancel(id)
    await processing
  })
})

describe('a paused job', () => {
  it('keeps its checkpoint, and continues from it to the same epochs and weights', async () => {
    const layers = [64, 64, 1].map((units) => ({
      type: 'dense' as const,
      units,
      activation: 'sigmoid' as const,
      useBias: true,
    }))
    const spec = { network: { inputShape: [2], layers }, epochs: 60_000 }
    const whole = await create(spec)
    await processor.processNext()
    const id = await create(spec)
    const processing = processor.processNext()
    await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > 0 || undefined)
    await stores.jobs.pause(id)
    processor.notice({ jobId: id, status: 'paused', epoch: 0 })
    await processing
    const paused = await stores.jobs.get(id)
    expect(paused).toMatchObject({ status: 'paused' })
    const checkpoint = await stores.runs.checkpoint(id, () => {})
    expect(checkpoint?.epoch).toBe(paused?.epoch)
    expect(paused?.epoch).toBeLessThan(60_000)

    expect(await stores.jobs.resume(id, undefined)).toBe(true)
    const train = vi.spyOn(pool, 'train')
    await processor.processNext()
    expect(train.mock.calls[0][0][0].checkpoint?.header).toEqual(checkpoint?.header)
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'succeeded' })
    expect(measured(await historyOf(id))).toEqual(measured(await historyOf(whole)))
    const hashOf = async (jobId: string) =>
      (await stores.models.get((await stores.jobs.get(jobId))?.modelId ?? ''))?.weightSha256
    expect(await hashOf(id)).toBe(await hashOf(whole))
  })

  it('with a damaged checkpoint continues from the one before', async () => {
    const { id, processing } = await startEndless()
    await stores.jobs.pause(id)
    await processing
    await stores.jobs.resume(id, undefined)
    const again = processor.processNext()
    await eventually(async () =>
      (await stores.database.checkpoint.count({ where: { jobId: id } })) === 2 ? true : undefined,
    )
    await stores.jobs.pause(id)
    await again
    const [older, newest] = await stores.database.checkpoint.findMany({
      where: { jobId: id },
      orderBy: { sequence: 'asc' },
    })
    await stores.database.checkpointChunk.deleteMany({ where: { jobId: id, sequence: newest.sequence } })
    await stores.jobs.resume(id, { epochs: newest.epoch + 10 })
    await processor.processNext()
    expect(newest.epoch).toBeGreaterThan(older.epoch)
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'succeeded', epoch: newest.epoch + 10 })
    await historyOf(id)
  })
})

describe('the metrics of a worker', () => {
  it('count the epochs it stored and the seconds it trained', async () => {
    const before = await stores.serviceMetrics.read()
    await create({ epochs: 50 })
    await create({ epochs: 70 })
    await Promise.all([processor.processNext(), processor.processNext()])
    await processor.close()
    const after = await stores.serviceMetrics.read()
    expect(after.epochs - before.epochs).toBe(120)
    expect(after.trainingSeconds).toBeGreaterThan(before.trainingSeconds)
  })
})
