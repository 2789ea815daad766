/** What a job needs is known before it is stored; refusals in words are in test/http/refusals.test.ts. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import type { JobSpec } from '../../src/contract/job-spec.js'
import type { Model } from '../../src/contract/model.js'
import { Problem } from '../../src/contract/problems.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { construct } from '../../src/training/construct.js'
import { submit } from '../../src/training/submit.js'
import { generated, noThread } from '../support/generated.js'
import { type Columns, reading, uploadFrom } from '../support/prepared.js'
import { float32Bytes, linearModel, openStores, type Stores, storeModel } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const layers: JobSpec['network']['layers'] = [
  { type: 'dense', units: 1, activation: 'sigmoid', useBias: true },
]
const threeClasses = {
  network: { layers: [{ type: 'dense', units: 3, activation: 'softmax' }] },
  loss: 'categoricalCrossentropy',
}
const request = (changes: object) =>
  jobRequestSchema.parse({
    dataset: 'xor',
    network: { layers },
    loss: 'binaryCrossentropy',
    epochs: 1,
    ...changes,
  })

const accept = (changes: object, allowed: { arenaBytes?: number; jobFlops?: number } = {}) => {
  const limits = { settings: { ...unlimited, ...allowed }, own: {} }
  const { jobs, models, datasets } = stores
  const queue = { afterCommit: async () => {} }
  return submit(
    {
      jobs,
      models,
      datasets,
      generated,
      queue,
      maximumThreads: 4,
      reusesRuns: false,
      advanceSweeps: () => {},
      onQueueError: () => {},
    },
    { tenantId: 'local', limits },
    request(changes),
  )
}

describe('a job on a stored dataset', () => {
  const mixed = reading({ a: [[1, 2]], city: [['Rom', 'Bonn']], y: [[0, 1]] })

  it('has an input per column, and the scaling of the dataset by default', async () => {
    const { id } = await stores.datasets.create(uploadFrom(mixed))
    const job = await accept({ dataset: id })
    expect(job.spec).toMatchObject({ network: { inputShape: [3] }, scaling: 'standardize' })
    expect((await accept({ dataset: id, scaling: 'minMax' })).spec.scaling).toBe('minMax')
    expect((await accept({})).spec.scaling).toBe('none')
    expect((await accept({ dataset: 'iris', validationDataset: 'iris', ...threeClasses })).spec.scaling).toBe(
      'standardize',
    )
  })

  it('has the input shape of the dataset', async () => {
    const source = { inputShape: [1, 1, 2], image: { width: 2, height: 1, channels: 1 as const } }
    const read = reading({ p1: [[0, 9]], p2: [[1, 5]], y: [[0, 1]] }, source)
    const { id } = await stores.datasets.create(uploadFrom(read))
    const flat = [{ type: 'flatten' }, { type: 'dense', units: 1, activation: 'sigmoid' }]
    const { spec } = await accept({ dataset: id, network: { layers: flat } })
    expect(spec.network.inputShape).toEqual([1, 1, 2])
  })

  it('validates on another dataset, which cannot be deleted before the job ends', async () => {
    const training = await stores.datasets.create(uploadFrom(mixed))
    const validation = await stores.datasets.create(uploadFrom(mixed))
    const job = await accept({ dataset: training.id, validationDataset: validation.id })
    expect(job.spec).toMatchObject({ validationDataset: validation.id, validationSplit: 0 })
    expect(await stores.datasets.delete(validation.id)).toBe('used')
    const generated = { name: 'spirals', rows: 50, seed: 2 }
    const spirals = await accept({ dataset: 'spirals', validationDataset: generated })
    expect(spirals.spec.validationDataset).toEqual({ ...generated, noise: 0.1 })
  })

  it.each([
    [{ validationDataset: 'xor', validationSplit: 0.5 }, '/validationDataset', 'not both'],
    [{ validationDataset: 'iris' }, '/validationDataset', 'the validation dataset has no column "x1"'],
    [{ validationDataset: 'nope' }, '/validationDataset', 'There is no dataset "nope"'],
    [
      { dataset: 'xor', network: { inputShape: [3], layers } },
      '/network/inputShape',
      'inputShape [3] has 3 values, but a row of the dataset has 2',
    ],
  ])('%j is refused', async (changes, pointer, message) => {
    const refusal = await accept(changes).catch((error: unknown) => error)
    if (!(refusal instanceof Problem)) throw new Error('was not refused')
    expect(refusal.code).toBe('invalid-spec')
    expect(refusal.errors.map((item) => item.pointer)).toEqual([pointer])
    expect(refusal.message).toContain(message)
  })
})

describe('an accepted job', () => {
  it('has its seed, or a new random one that JSON represents exactly', async () => {
    const jobs = await Promise.all([accept({}), accept({}), accept({ seed: 0 })])
    const seeds = jobs.map(({ spec }) => spec.seed)
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true)
    expect(seeds[0]).not.toBe(seeds[1])
    expect(seeds[2]).toBe(0)
  })

  it('has a spec that gives the same job again', async () => {
    const { spec } = await accept({ epochs: 7, validationSplit: 0.25 })
    expect((await accept(spec)).spec).toEqual(spec)
  })

  it('has batches as large as the rows allow', async () => {
    const rows = (count: number) => ({
      x: Array.from({ length: count }, (_, row) => [row]),
      y: Array(count).fill(0),
    })
    expect((await accept({ dataset: rows(10) })).spec.batchSize).toBe(10)
    expect((await accept({ dataset: rows(100) })).spec.batchSize).toBe(32)
  })
})

describe('the limits', () => {
  it('count the work space of each thread', async () => {
    const [one, two, four] = await Promise.all([1, 2, 4].map((threads) => accept({ threads })))
    const thread = two.arenaBytes - one.arenaBytes
    expect(thread).toBeGreaterThan(600_000)
    expect(four.arenaBytes - two.arenaBytes).toBe(2 * thread)
  })

  it('are compared exactly with the needs of the job', async () => {
    const units = fc.integer({ min: 1, max: 50 })
    await fc.assert(
      fc.asyncProperty(units, fc.integer({ min: 1, max: 1_000 }), async (width, epochs) => {
        const hidden = { type: 'dense', units: width, activation: 'tanh' }
        const changes = { network: { layers: [hidden, ...layers] }, epochs }
        const { arenaBytes, flopsPerEpoch } = await accept(changes)
        const jobFlops = flopsPerEpoch * epochs
        await accept(changes, { arenaBytes, jobFlops })
        const refusal = async (limits: { arenaBytes: number; jobFlops: number }) =>
          accept(changes, limits).then(
            () => 'accepted',
            (error: unknown) => (error instanceof Problem ? error.code : error),
          )
        expect(await refusal({ arenaBytes: arenaBytes - 1, jobFlops })).toBe('model-too-large')
        expect(await refusal({ arenaBytes, jobFlops: jobFlops - 1 })).toBe('budget-exceeded')
      }),
      { numRuns: 10 },
    )
  })
})

describe('a job that starts from a model', () => {
  it('is refused before it is queued when a tensor does not fit, and names the tensor', async () => {
    const { id } = await construct(
      { tenantId: 'local', models: stores.models, thread: noThread },
      { construct: { dnf: { inputs: 2, trueRows: [1, 2] } } },
    )
    const network = { layers: [{ type: 'dense', units: 1, activation: 'step' }] }
    await expect(accept({ from: id, loss: 'perceptron', network })).rejects.toMatchObject({
      code: 'invalid-spec',
      errors: [{ pointer: '/from', message: expect.stringContaining('layers.1.weight [1, 2]') }],
    })
  })

  const taught: Pick<Model, 'coding'> = {
    coding: {
      features: [
        { type: 'number', name: 'age', offset: 40, scale: 10 },
        { type: 'category', name: 'plan', categories: ['basic', 'plus'] },
      ],
      target: {
        type: 'number',
        names: ['price'],
        scaling: { method: 'minMax', offset: [100], scale: [50] },
      },
    },
  }
  const dense = { type: 'dense', units: 1, activation: 'linear', useBias: true } as const
  const network = { layers: [dense] }
  const linear = { network, loss: 'meanSquaredError' } as const

  const store = () =>
    storeModel(
      stores,
      linearModel({
        ...taught,
        network: { inputShape: [3], layers: [dense] },
        parameters: 4,
        tensors: [
          { name: 'layers.0.weight', shape: [1, 3], offset: 0 },
          { name: 'layers.0.bias', shape: [1], offset: 3 },
        ],
        weights: float32Bytes([1, 2, 3, 4]),
      }),
    )
  const upload = async (columns: Columns, target: string) =>
    (await stores.datasets.create(uploadFrom(reading(columns), { target: [target] }))).id
  const houses: Columns = { price: [[10, 20]], plan: [['plus', 'basic']], age: [[1, 2]] }

  it('keeps the scales of the model by default', async () => {
    const { id: from } = await store()
    const dataset = await upload(houses, 'price')
    const kept = await accept({ dataset, from, ...linear })
    expect(kept.spec).toMatchObject({ inherited: ['scaling', 'targetScaling'], targetScaling: 'minMax' })
    const own = await accept({ dataset, from, ...linear, scaling: 'none', targetScaling: 'standardize' })
    expect(own.spec).toMatchObject({ inherited: [], scaling: 'none', targetScaling: 'standardize' })
    expect((await accept({ dataset, ...linear })).spec).not.toHaveProperty('inherited')
  })

  it('is refused with a list if columns or categories differ, unless new ones may be initialized', async () => {
    const { id: from } = await store()
    const dataset = await upload({ ...houses, plan: [['gold', 'basic']], rooms: [[3, 4]] }, 'price')
    await expect(accept({ dataset, from, ...linear })).rejects.toMatchObject({
      code: 'invalid-spec',
      errors: [
        {
          pointer: '/from',
          message:
            `This dataset differs from the training data of model ${from}: new: category "gold" of plan, column "rooms"; ` +
            'missing: category "plus" of plan. Send "fromMismatch": "initialize" to initialize the weights of what is new, ' +
            'drop those of what is missing, and keep the others.',
        },
      ],
    })
    const job = await accept({ dataset, from, ...linear, fromMismatch: 'initialize' })
    expect(job.spec).toMatchObject({ fromMismatch: 'initialize', network: { inputShape: [4] } })
  })

  it('is refused if an order that matters differs', async () => {
    const { id: from } = await store()
    const dataset = await upload(houses, 'price')
    const layers = [{ type: 'batchNormalization' as const }, dense]
    await expect(accept({ dataset, from, ...linear, network: { layers } })).rejects.toMatchObject({
      errors: [{ pointer: '/from', message: expect.stringContaining('the first layer is not dense') }],
    })
  })
})

describe('a job of several threads', () => {
  it('may have as many threads as the limit allows, and the refusal names the limit', async () => {
    expect((await accept({ threads: 4 })).spec.threads).toBe(4)
    await expect(accept({ threads: 5 })).rejects.toMatchObject({
      code: 'budget-exceeded',
      errors: [{ pointer: '/threads', message: expect.stringContaining('the limit is 4 (MAXIMUM_THREADS)') }],
    })
  })
})
