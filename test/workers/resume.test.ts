/** A training that goes on from a checkpoint in another thread gives the same bits as one that was never interrupted. */

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointHeaderSchema } from '../../src/contract/checkpoint.js'
import type { Change } from '../../src/contract/job-change.js'
import { type JobSpec, jobSpecSchema } from '../../src/contract/job-spec.js'
import { builtIn } from '../../src/datasets/built-ins.js'
import { type Epoch, readEpochs } from '../../src/engine/index.js'
import { joinPieces } from '../../src/store/bytes.js'
import type { Checkpoint } from '../../src/training/ports/checkpoints.js'
import type { Outcome, TrainingOrder, WholeCheckpoint } from '../../workers/messages.js'
import { trainerPool } from '../support/built.js'
import { trainOne } from '../support/train-one.js'
import { upTo } from '../support/watching.js'

let pool: InstanceType<typeof trainerPool.TrainerPool>

beforeAll(() => {
  pool = new trainerPool.TrainerPool()
})

afterAll(() => pool.close())

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

const base = {
  dataset: { name: 'spirals', rows: 120, noise: 0.1, seed: 1 },
  network: { inputShape: [2], layers: [dense(24, 'tanh'), dense(24, 'relu'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  epochs: 1_500,
  batchSize: 7,
  validationSplit: 0.2,
  seed: 5,
}

function order(given: object, changes: Partial<TrainingOrder> = {}): TrainingOrder {
  const spec: JobSpec = jobSpecSchema.parse({ ...base, ...given })
  const table = builtIn(spec.dataset)
  if (table === undefined) throw new Error('there is no such dataset')
  return {
    spec,
    backend: 'auto',
    changes: [],
    data: { type: 'raw', training: table, validation: null, image: null, inheritance: null },
    laterData: null,
    foldData: null,
    foldResults: [],
    plannedEpochs: null,
    initialWeights: null,
    sourceCoding: null,
    checkpoint: null,
    pauseAfter: null,
    sharedEpoch: null,
    checkpointMilliseconds: 60_000,
    stop: new Int32Array(new SharedArrayBuffer(4)),
    ...changes,
  }
}

interface Trained {
  outcome: Outcome
  epochs: Epoch[]
  checkpoints: WholeCheckpoint[]
}

/** As the database keeps it. */
const stored = ({ bytes, ...checkpoint }: Checkpoint): WholeCheckpoint => ({
  ...checkpoint,
  bytes: joinPieces(bytes),
  header: checkpointHeaderSchema.parse(JSON.parse(JSON.stringify(checkpoint.header))),
})

async function train(given: TrainingOrder, onProgress = () => {}): Promise<Trained> {
  const epochs: Epoch[] = []
  const checkpoints: WholeCheckpoint[] = []
  const outcome = await trainOne(pool, given, async (progress) => {
    for (const epoch of readEpochs(progress.epochs)) epochs.push(epoch)
    if (progress.checkpoint !== null) checkpoints.push(stored(progress.checkpoint))
    onProgress()
  })
  return { outcome, epochs, checkpoints }
}

function sha256Of({ outcome }: Trained): string {
  if (outcome.type !== 'trained') throw new Error(`not trained but ${outcome.type}`)
  return createHash('sha256').update(joinPieces(outcome.model.weights.bytes)).digest('hex')
}

/** Stops as soon as there is progress and goes on from the checkpoint, again and again. */
async function trainInterrupted(given: object, changes: Partial<TrainingOrder> = {}) {
  const epochs: Epoch[] = []
  const stops: WholeCheckpoint[] = []
  let checkpoint: WholeCheckpoint | null = null
  for (;;) {
    const part = order(given, { ...changes, checkpoint })
    const trained = await train(part, () => Atomics.store(part.stop, 0, 1))
    for (const epoch of trained.epochs) epochs.push(epoch)
    checkpoint = trained.checkpoints.at(-1) ?? checkpoint
    if (trained.outcome.type !== 'stopped') return { trained: { ...trained, epochs }, stops }
    if (checkpoint !== null) stops.push(checkpoint)
  }
}

const optimizers = [
  { type: 'sgd', learningRate: 0.01 },
  { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.001 },
  { type: 'adam', learningRate: 0.003 },
  { type: 'adamw', learningRate: 0.003 },
  { type: 'rmsprop', learningRate: 0.001 },
  { type: 'adagrad', learningRate: 0.01 },
]

const cases: { name: string; spec: object }[] = [
  ...optimizers.map((optimizer) => ({ name: JSON.stringify(optimizer), spec: { optimizer } })),
  {
    name: 'dropout',
    spec: {
      network: {
        ...base.network,
        layers: [dense(24, 'tanh'), { type: 'dropout', rate: 0.3 }, dense(24, 'relu'), dense(1, 'sigmoid')],
      },
    },
  },
  {
    name: 'batch normalization',
    spec: {
      network: {
        ...base.network,
        layers: [dense(24, 'tanh'), { type: 'batchNormalization' }, dense(24, 'relu'), dense(1, 'sigmoid')],
      },
    },
  },
  { name: 'rows drawn with replacement', spec: { sampling: 'random' } },
  { name: 'a cosine schedule', spec: { schedule: { type: 'cosine', warmupEpochs: 5 } } },
  {
    name: 'early stopping that keeps the best weights',
    spec: {
      epochs: 100_000,
      optimizer: { type: 'adam', learningRate: 0.002 },
      earlyStopping: { monitor: 'valLoss', patience: 1_000, restoreBest: true },
    },
  },
]

const bestEpochOf = ({ outcome }: Trained) =>
  outcome.type === 'trained' ? outcome.model.bestEpoch : undefined

const usedSteps: number[] = []

describe.each(cases)('$name', ({ spec }) => {
  it('continues from every checkpoint to the same weights and epochs', async () => {
    const whole = await train(order(spec, { checkpointMilliseconds: 0 }))
    expect(whole.epochs.map(({ epoch }) => epoch)).toEqual(upTo(whole.epochs.length))
    const onTheWay = whole.checkpoints.filter(({ header }) => header.ended === null)
    expect(onTheWay.length).toBeGreaterThan(0)
    const middle = onTheWay[Math.floor(onTheWay.length / 2)]
    for (const checkpoint of new Set([onTheWay[0], middle, ...onTheWay.slice(-1)])) {
      usedSteps.push(checkpoint.step)
      const rest = await train(order(spec, { checkpoint }))
      expect(sha256Of(rest)).toBe(sha256Of(whole))
      expect(bestEpochOf(rest)).toBe(bestEpochOf(whole))
      expect(rest.epochs).toEqual(whole.epochs.slice(checkpoint.epoch))
    }
  }, 60_000)

  it('continues after every stop to the same weights and epochs', async () => {
    const whole = await train(order(spec))
    const { trained } = await trainInterrupted(spec)
    expect(sha256Of(trained)).toBe(sha256Of(whole))
    expect(trained.epochs).toEqual(whole.epochs)
  }, 60_000)
})

describe('the checkpoints of these cases', () => {
  it('are also within epochs', () => {
    expect(usedSteps.length).toBeGreaterThanOrEqual(cases.length)
    expect(Math.max(...usedSteps)).toBeGreaterThan(0)
  })
})

describe('early stopping', () => {
  it('ends before the last epoch, as the case above assumes', async () => {
    const spec = cases.at(-1)?.spec ?? {}
    const { epochs } = await train(order(spec))
    expect(epochs.length).toBeGreaterThan(1_000)
    expect(epochs.length).toBeLessThan(100_000)
  }, 60_000)
})

describe('a training with a changed spec', () => {
  it('has the same result from every checkpoint', async () => {
    const long = { epochs: 10_000 }
    const { checkpoints } = await train(order(long, { checkpointMilliseconds: 0 }))
    const [older, newer] = checkpoints
    expect(newer.epoch).toBeGreaterThan(older.epoch)

    const fromEpoch = newer.epoch + 2
    const before = { epochs: 10_000, learningRate: 0.001 }
    const after = { epochs: 10_100, learningRate: 0.01 }
    const changes: Change[] = [{ at: new Date().toISOString(), fromEpoch, before, after }]
    const spec = { epochs: after.epochs, optimizer: { type: 'adam', learningRate: after.learningRate } }
    const runs = []
    for (const checkpoint of [newer, older, null]) {
      runs.push(await train(order(spec, { changes, checkpoint })))
    }
    runs.push((await trainInterrupted(spec, { changes })).trained)
    const [fromNewer, fromOlder, fromNothing, interrupted] = runs
    for (const run of runs) expect(sha256Of(run)).toBe(sha256Of(fromNewer))
    expect(fromNothing.epochs.map(({ epoch }) => epoch)).toEqual(upTo(10_100))
    expect(interrupted.epochs).toEqual(fromNothing.epochs)
    expect(fromOlder.epochs).toEqual(fromNothing.epochs.slice(older.epoch))
    expect(fromNewer.epochs).toEqual(fromNothing.epochs.slice(newer.epoch))

    // The epochs before the change equal those without it, and the later ones differ.
    const unchanged = await train(order(long))
    expect(fromNothing.epochs.slice(0, fromEpoch - 1)).toEqual(unchanged.epochs.slice(0, fromEpoch - 1))
    expect(fromNothing.epochs[fromEpoch - 1]).not.toEqual(unchanged.epochs[fromEpoch - 1])
  }, 60_000)

  it('equals the original after the change is reverted', async () => {
    const first = { epochs: 1_500, learningRate: 0.001 }
    const second = { epochs: 1_500, learningRate: 0.5 }
    const at = new Date().toISOString()
    // Both hold from the same epoch, so the one between them never does.
    const changes: Change[] = [
      { at, fromEpoch: 100, before: first, after: second },
      { at, fromEpoch: 100, before: second, after: first },
    ]
    expect(sha256Of(await train(order({}, { changes })))).toBe(sha256Of(await train(order({}))))
  }, 60_000)
})

describe('a training that pauses after given epochs', () => {
  it('ends each time at exactly that epoch, and goes on with the same bits', async () => {
    const whole = await train(order({}))
    const epochs: Epoch[] = []
    let checkpoint: WholeCheckpoint | null = null
    const { length } = whole.epochs
    const pauses = [1, 2, 5, length - 1]
    for (const pauseAfter of pauses) {
      const part = await train(order({}, { checkpoint, pauseAfter }))
      expect(part.outcome).toEqual({ type: 'paused' })
      epochs.push(...part.epochs)
      expect(epochs).toHaveLength(pauseAfter)
      checkpoint = part.checkpoints.at(-1) ?? null
      expect(checkpoint).toMatchObject({ epoch: pauseAfter, step: 0 })
      // As after the death of a worker between the checkpoint and the pause.
      const again = await train(order({}, { checkpoint, pauseAfter }))
      expect(again).toMatchObject({ outcome: { type: 'paused' }, epochs: [] })
    }
    // A pause that has passed does not count.
    const rest = await train(order({}, { checkpoint, pauseAfter: 5 }))
    expect([...epochs, ...rest.epochs]).toEqual(whole.epochs)
    expect(sha256Of(rest)).toBe(sha256Of(whole))
  })

  it('does not pause after its last epoch', async () => {
    const { epochs } = await train(order({}))
    const { outcome } = await train(order({}, { pauseAfter: epochs.length }))
    expect(outcome.type).toBe('trained')
  })
})
