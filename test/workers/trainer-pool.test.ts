/** The training threads, as built, on real trainings. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { builtIn } from '../../src/datasets/built-ins.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import type { Table } from '../../src/datasets/table.js'
import { type Epoch, type EpochRun, readEpochs } from '../../src/engine/index.js'
import { joinPieces } from '../../src/store/bytes.js'
import { packWeights, unpackWeights } from '../../src/threads/packed-weights.js'
import { type Outcome, stopWords, type TrainingOrder } from '../../workers/messages.js'
import { builtFolder, trainerPool } from '../support/built.js'
import { gate } from '../support/gate.js'
import { prepared, reading } from '../support/prepared.js'
import { eventually } from '../support/service.js'
import { xorSpec } from '../support/stores.js'
import { trainOne } from '../support/train-one.js'
import { upTo } from '../support/watching.js'

let pool: InstanceType<typeof trainerPool.TrainerPool>

beforeEach(() => {
  pool = new trainerPool.TrainerPool()
})

afterEach(() => pool.close())

function order(spec: Partial<JobSpec> = {}, changes: Partial<TrainingOrder> = {}): TrainingOrder {
  const table = builtIn('xor')
  if (table === undefined) throw new Error('there is no xor')
  const stop = new Int32Array(new SharedArrayBuffer(4))
  return {
    spec: xorSpec(spec),
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
    stop,
    ...changes,
  }
}

const endless = { epochs: 10_000_000 }

/** Trains and keeps the epochs. */
async function train(
  given: TrainingOrder,
): Promise<{ outcome: Outcome; epochs: Epoch[]; backends: Set<string> }> {
  const epochs: Epoch[] = []
  const backends = new Set<string>()
  const outcome = await trainOne(pool, given, async (progress) => {
    for (const epoch of readEpochs(progress.epochs)) epochs.push(epoch)
    backends.add(progress.backend)
  })
  return { outcome, epochs, backends }
}

const numbers = (epochs: Epoch[]) => epochs.map(({ epoch }) => epoch)

describe('a training', () => {
  it('can be stopped within its first epoch as soon as it says that it has begun', async () => {
    const name = { name: 'spirals' as const, rows: 100_000, noise: 0.1, seed: 1 }
    const training = builtIn(name)
    if (training === undefined) throw new Error('there are no spirals')
    const layers = [64, 64, 1].map((units) => ({
      type: 'dense' as const,
      units,
      activation: 'sigmoid' as const,
      useBias: true,
    }))
    const given = order(
      { dataset: name, batchSize: 1, network: { inputShape: [2], layers } },
      { data: { type: 'raw', training, validation: null, image: null, inheritance: null } },
    )
    const checkpoints: unknown[] = []
    const outcomes: Outcome[] = []
    await pool.train([given], {
      begun: () => void Atomics.store(given.stop, 0, stopWords.afterFold),
      store: async (_index, { checkpoint }) => void checkpoints.push(checkpoint),
      ended: async (_index, outcome) => void outcomes.push(outcome),
      storeWhole: async () => {},
      encoded: () => {},
      fold: () => {},
      fill: async () => null,
      trained: () => {},
    })
    expect(outcomes).toEqual([{ type: 'stopped' }])
    expect(checkpoints).toMatchObject([{ epoch: 0, step: expect.any(Number) }])
  })

  it('reports its epochs in order, and a model', async () => {
    const { outcome, epochs, backends } = await train(order({ epochs: 3_000 }))
    expect(numbers(epochs)).toEqual(upTo(3_000))
    expect(backends.size).toBe(1)
    expect(outcome).toMatchObject({
      type: 'trained',
      model: {
        parameters: 17,
        layers: [{ outputShape: [4] }, { outputShape: [1] }],
        coding: {
          features: [{ name: 'x1', offset: 0, scale: 1 }, { name: 'x2' }],
          target: { type: 'number' },
        },
      },
    })
    expect(outcome.type === 'trained' && outcome.model.weights.bytes.length).toBe(4 * 17)
  })

  it('has the same bytes for the same seed in any thread', async () => {
    const runs = await Promise.all([train(order()), train(order()), train(order({ seed: 2 }))])
    const [first, same, other] = runs.map(({ outcome, epochs }) => {
      return { epochs, bytes: outcome.type === 'trained' ? outcome.model.weights.bytes : null }
    })
    expect(same).toEqual(first)
    expect(other.bytes).not.toEqual(first.bytes)
  })

  it('starts from given weights', async () => {
    const { outcome } = await train(order({ epochs: 200 }))
    if (outcome.type !== 'trained') throw new Error('did not train')
    const { epochs } = await train(order({ epochs: 1 }, { initialWeights: outcome.model.weights }))
    const fresh = await train(order({ epochs: 1 }))
    expect(epochs[0].loss).toBeLessThan(fresh.epochs[0].loss ?? 0)
  })

  it('stops after a request', async () => {
    const given = order(endless)
    const epochs: Epoch[] = []
    const outcome = await trainOne(pool, given, async (progress) => {
      for (const epoch of readEpochs(progress.epochs)) epochs.push(epoch)
      Atomics.store(given.stop, 0, 1)
    })
    expect(outcome).toEqual({ type: 'stopped' })
    expect(numbers(epochs)).toEqual(upTo(epochs.length))
  })

  it('that diverges reports the epoch, and its last loss is not finite', async () => {
    const layers = [{ type: 'dense' as const, units: 1, activation: 'linear' as const, useBias: true }]
    const network = { inputShape: [2], layers }
    const optimizer = {
      type: 'sgd' as const,
      learningRate: 1e30,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    }
    const { outcome, epochs } = await train(order({ ...endless, network, optimizer, loss: 'squaredError' }))
    expect(outcome).toEqual({ type: 'diverged', epoch: epochs.length })
    expect(epochs.at(-1)).toMatchObject({ loss: null, diverged: true })
    expect(numbers(epochs)).toEqual(upTo(epochs.length))
  })

  it('on invalid data is refused with a message', async () => {
    const table = tableFromInline({
      x: [
        [0, 1],
        [1, 1e300],
      ],
      y: [0, 1],
    })
    const { outcome, epochs } = await train(
      order(
        { batchSize: 2 },
        { data: { type: 'raw', training: table, validation: null, image: null, inheritance: null } },
      ),
    )
    expect(outcome).toEqual({
      type: 'refused',
      code: 'invalid-dataset',
      message: expect.stringContaining('x2, row 2'),
    })
    expect(epochs).toEqual([])
  })

  it('from weights of another network is refused with a message', async () => {
    const { outcome } = await train(order())
    if (outcome.type !== 'trained') throw new Error('did not train')
    const layers = [{ type: 'dense' as const, units: 1, activation: 'sigmoid' as const, useBias: true }]
    const other = order({ network: { inputShape: [2], layers } }, { initialWeights: outcome.model.weights })
    expect((await train(other)).outcome).toEqual({
      type: 'refused',
      code: 'invalid-dataset',
      message: expect.stringContaining('layers.'),
    })
  })
})

describe('accuracy', () => {
  const dense = (units: number, activation: 'sigmoid' | 'softmax' | 'linear') => ({
    network: { inputShape: [1], layers: [{ type: 'dense' as const, units, activation, useBias: true }] },
    batchSize: 2,
    epochs: 1,
  })
  const measure = async (y: (number | number[])[], spec: Partial<JobSpec>) => {
    const training = tableFromInline({ x: y.map((_, row) => row), y })
    const data = { type: 'raw' as const, training, validation: null, image: null, inheritance: null }
    return (await train(order(spec, { data }))).epochs[0].accuracy
  }

  it('is not measured for amounts, for any last layer', async () => {
    expect(await measure([20, 90], { ...dense(1, 'sigmoid'), loss: 'squaredError' })).toBeNull()
    const shares = [
      [0.7, 0.3],
      [0.2, 0.8],
    ]
    expect(await measure(shares, { ...dense(2, 'softmax'), loss: 'squaredError' })).toBeNull()
    expect(await measure([0.1, 0.9], { ...dense(1, 'sigmoid'), loss: 'binaryCrossentropy' })).toBeNull()
  })

  it('is measured for targets of 0 and 1, for any last layer', async () => {
    // Weight 0 answers 0 to both rows, of which one is 0.
    const layer = { type: 'dense' as const, units: 1, activation: 'linear' as const, useBias: true }
    const network = { inputShape: [1], layers: [{ ...layer, kernelInitializer: 'zeros' as const }] }
    const spec = { ...dense(1, 'linear'), network, loss: 'meanSquaredError' as const }
    expect(await measure([0, 1], spec)).toBe(0.5)
  })
})

describe('rows that are weighted', () => {
  const spec = {
    network: {
      inputShape: [1],
      layers: [
        {
          type: 'dense' as const,
          units: 1,
          activation: 'linear' as const,
          useBias: true,
          kernelInitializer: 'zeros' as const,
        },
      ],
    },
    loss: 'meanSquaredError' as const,
    sampleWeight: 'w',
    batchSize: 3,
    epochs: 1,
  }

  it('have their weight in the losses of training and validation', async () => {
    const read = (y: number[], w: number[]) => prepared(reading({ x: [[1, 2, 3]], w: [w], y: [y] }))
    // Answers are 0 at first: (0.5·2² + 1·4² + 0·9²) / 1.5 = 12.
    const training = await read([2, 4, 9], [0.5, 1, 0])
    // A learning rate that moves nothing: (2·1² + 0·5² + 8·2²) / 10 = 3.4.
    const validation = await read([1, 5, 2], [2, 0, 8])
    const data = { type: 'raw' as const, training, validation, image: null, inheritance: null }
    const optimizer = {
      type: 'sgd' as const,
      learningRate: 1e-38,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    }
    const { epochs } = await train(order({ ...spec, optimizer }, { data }))
    expect(epochs[0].loss).toBeCloseTo(12, 5)
    expect(epochs[0].valLoss).toBeCloseTo(3.4, 5)
  })
})

describe('a training that starts from a model', () => {
  const read = (plans: string[]) => prepared(reading({ plan: [plans], age: [[1, 2]], y: [[3, 4]] }))
  const dense = { type: 'dense' as const, units: 1, activation: 'linear' as const, useBias: true }
  const still = { type: 'sgd' as const, learningRate: 1e-38, momentum: 0, nesterov: false, weightDecay: 0 }
  const coding: Coding = {
    features: [
      { type: 'number', name: 'age', offset: 40, scale: 10 },
      { type: 'category', name: 'plan', categories: ['basic', 'plus'] },
    ],
    target: { type: 'number', names: ['y'] },
  }
  const initialWeights = packWeights(
    new Map([
      ['layers.0.weight', { shape: [1, 3], values: Float32Array.of(1, 2, 3) }],
      ['layers.0.bias', { shape: [1], values: Float32Array.of(4) }],
    ]),
  )

  async function begin(training: Table, width: number, sourceCoding: Coding | null) {
    const inheritance = { coding, scaling: true, targetScaling: true }
    const spec = {
      network: { inputShape: [width], layers: [dense] },
      loss: 'meanSquaredError' as const,
      optimizer: still,
      epochs: 1,
      batchSize: 2,
    }
    const data = { type: 'raw' as const, training, validation: null, image: null, inheritance }
    const { outcome } = await train(order(spec, { data, initialWeights, sourceCoding }))
    if (outcome.type !== 'trained') throw new Error(`did not train: ${JSON.stringify(outcome)}`)
    const { weights, coding: own } = outcome.model
    return {
      weights: [
        ...(unpackWeights({ ...weights, bytes: joinPieces(weights.bytes) }).get('layers.0.weight')?.values ??
          []),
      ],
      coding: own,
    }
  }

  it('keeps the weights of each column and category, and the scale', async () => {
    const table = await read(['plus', 'basic'])
    const moved = await begin(table, 3, coding)
    // The inputs are now basic, plus, age.
    expect(moved.weights).toEqual([2, 3, 1])
    expect(moved.coding.features[1]).toMatchObject({ name: 'age', offset: 40, scale: 10 })
    // Jobs of older versions took them by position.
    expect((await begin(table, 3, null)).weights).toEqual([1, 2, 3])
  })

  it('initializes the weights of a new category from the seed', async () => {
    const table = await read(['gold', 'basic'])
    const [basic, gold, age] = (await begin(table, 3, coding)).weights
    expect([basic, age]).toEqual([2, 1])
    expect([1, 2, 3, 0]).not.toContain(gold)
    expect((await begin(table, 3, coding)).weights).toEqual([basic, gold, age])
  })
})

/** Nothing to stop it by: a fault, which no check of ours foresees. */
const broken = () => order(endless, { stop: new Int32Array(new SharedArrayBuffer(0)) })

describe('the pool', () => {
  it('starts threads in advance, which the next trainings use', async () => {
    pool.startThreads(2)
    pool.startThreads(2)
    expect(pool.size).toBe(2)
    await Promise.all([train(order()), train(order())])
    expect(pool.size).toBe(2)
  })

  it('survives the death of a thread, as do concurrent trainings', async () => {
    const beside = train(order({ epochs: 2_000 }))
    await expect(train(broken())).rejects.toThrow(trainerPool.ThreadCrash)
    await expect(train(broken())).rejects.toThrow(trainerPool.ThreadCrash)
    expect((await beside).outcome.type).toBe('trained')
    expect((await train(order())).outcome.type).toBe('trained')
  })

  it('rejects with an error of storage, and continues', async () => {
    const failing = trainOne(pool, order(endless), async () => {
      throw new Error('the database is away')
    })
    await expect(failing).rejects.toThrow('the database is away')
    expect((await train(order())).outcome.type).toBe('trained')
  })

  it('stores messages in order, and lets a training wait for slow storage', async () => {
    const given = order(endless)
    const held = gate()
    const stored: EpochRun[] = []
    let under = 0
    const training = trainOne(pool, given, async ({ epochs }) => {
      expect(++under).toBe(1)
      stored.push(epochs)
      if (stored.length === 1) await held.passed
      under--
    })
    await eventually(() => stored[0])
    // Others train meanwhile, which takes many slices; of this one there must be none.
    for (const _ of upTo(5)) await train(order({ epochs: 20_000 }))
    Atomics.store(given.stop, 0, 1)
    held.open()
    expect(await training).toEqual({ type: 'stopped' })
    expect(stored.length).toBeLessThanOrEqual(3)
    const trained = stored.flatMap(readEpochs)
    expect(numbers(trained)).toEqual(upTo(trained.length))
  })

  it('ends its trainings when it closes', async () => {
    const started = gate()
    const training = trainOne(pool, order(endless), async () => started.open())
    const ended = expect(training).rejects.toThrow(trainerPool.ThreadCrash)
    await started.passed
    await pool.close()
    await ended
  })
})

describe('a thread that runs out of memory', () => {
  it('ends its training, not the process', async () => {
    // Threads started from here on get a small heap; the order's columns alone are larger.
    setFlagsFromString('--max-old-space-size=48')
    const small = new trainerPool.TrainerPool()
    try {
      const given = order()
      if (typeof given.data === 'number' || given.data.type !== 'raw') throw new Error('not raw')
      const { training } = given.data
      const [column] = training.columns
      const columns = upTo(600_000).map((index) => ({ ...column, name: `x${index}` }))
      const trained = trainOne(small, {
        ...given,
        data: { ...given.data, training: { ...training, columns } },
      })
      await expect(trained).rejects.toThrow(/ERR_WORKER_OUT_OF_MEMORY/)
    } finally {
      setFlagsFromString('--max-old-space-size=4096')
      await small.close()
    }
    expect((await train(order())).outcome.type).toBe('trained')
  })
})

describe('a thread of low priority', () => {
  it.runIf(process.platform === 'linux')(
    'is replaced after its training where the process must not raise priorities',
    async () => {
      const script = fileURLToPath(new URL('../support/low-priority-training.mjs', import.meta.url))
      const given = JSON.stringify(order(endless))
      // Root may raise them, unless it gives up the capability.
      const isRoot = process.getuid?.() === 0
      const unprivileged = isRoot ? ['setpriv', '--bounding-set=-sys_nice'] : []
      const [program, ...words] = [...unprivileged, process.execPath, script, builtFolder.href, given]
      const { stdout } = await promisify(execFile)(program, words)
      expect(JSON.parse(stdout)).toEqual({ whileTraining: 1, afterwards: 0 })
    },
  )
})
