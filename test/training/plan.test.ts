/** Refuses what the columns of a dataset rule out before a job is queued. The text names the remedy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import type { Preparation } from '../../src/contract/preparation.js'
import { Problem } from '../../src/contract/problems.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { planTraining } from '../../src/training/plan.js'
import { runIdentity } from '../../src/training/run-identity.js'
import { generated } from '../support/generated.js'
import { type Columns, reading, uploadFrom } from '../support/prepared.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const tenant = { tenantId: 'local', limits: { settings: unlimited, own: {} } }

async function specOf(request: object) {
  const { models, datasets } = stores
  const parsed = jobRequestSchema.parse({ epochs: 1, seed: 1, ...request })
  return (await planTraining({ models, datasets, generated, maximumThreads: 1 }, tenant, parsed)).spec
}

async function refusalOf(request: object): Promise<[pointer: string, message: string]> {
  const refusal = await specOf(request).then(
    () => new Error('was accepted'),
    (error: unknown) => error,
  )
  if (!(refusal instanceof Problem)) throw refusal
  expect(refusal.code).toBe('invalid-spec')
  return [refusal.errors[0].pointer, refusal.errors[0].message]
}

async function upload(columns: Columns, preparation: Partial<Preparation> = {}): Promise<string> {
  return (await stores.datasets.create(uploadFrom(reading(columns), preparation))).id
}

/** Rows 0, 1, 2, … with these targets, the last column, as numbers. */
const numbers = (y: number[]) =>
  upload({ x: [y.map((_, row) => row / 7)], y: [y] }, { types: [{ name: 'y', type: 'number' }] })

const end = (units: number, activation: string, loss: string) => ({
  network: { layers: [{ type: 'dense', units, activation }] },
  loss,
})
const cross = (units: number) => end(units, 'softmax', 'categoricalCrossentropy')
const binary = end(1, 'sigmoid', 'binaryCrossentropy')
const linear = end(1, 'linear', 'meanSquaredError')

const classes = [1, 2, 3, 1, 2, 3]
const prices = [199_000.5, 250_000, 310_000.25]

describe('number targets under a loss of classes', () => {
  it.each([
    [
      'classes 1 to 3',
      classes,
      cross(3),
      'these are class names: upload with types=y:category, or subtract 1',
    ],
    ['classes −1 to 1', [-1, 0, 1], cross(3), 'upload with types=y:category, or add 1'],
    ['classes 0 to 4', [0, 4, 2], cross(3), 'give the last layer 5 units for as many classes'],
    ['prices', prices, cross(3), 'for a number, use meanSquaredError and end with linear'],
    ['prices under one unit', prices, end(1, 'softmax', 'categoricalCrossentropy'), 'use meanSquaredError'],
    ['whole prices', [1_000, 250_000], cross(2), 'use meanSquaredError and end with linear'],
    [
      'prices',
      prices,
      binary,
      'y goes from 199000.5 to 310000.3, but binaryCrossentropy takes targets from 0 to 1',
    ],
    [
      'classes 1 and 2',
      [1, 2, 2],
      binary,
      'these are class names: upload with types=y:category, or subtract 1',
    ],
    ['classes −1 and 1', [-1, 1], end(1, 'linear', 'hinge'), 'write 0 for −1'],
    ['fractions', [0, 0.5, 1], end(1, 'step', 'perceptron'), 'perceptron takes targets of 0 and 1'],
    ['prices', prices, end(1, 'linear', 'hinge'), 'use meanSquaredError'],
  ])('%s are refused', async (_name, y, request, message) => {
    const [pointer, text] = await refusalOf({ dataset: await numbers(y), ...request })
    expect(pointer).toBe('/loss')
    expect(text).toContain(message)
  })

  it('are accepted if they fit', async () => {
    for (const [y, request] of [
      [[0, 1, 2], cross(3)],
      [[0, 0.3, 1], binary],
      [[0, 1, 1], end(1, 'linear', 'hinge')],
      [[0, 1, 1], end(1, 'step', 'perceptron')],
    ] as const) {
      await specOf({ dataset: await numbers([...y]), ...request })
    }
  })

  it('are also refused in inline rows and validation datasets', async () => {
    const inline = await refusalOf({ dataset: { x: [0, 1, 2], y: [1, 2, 3] }, ...cross(3) })
    expect(inline).toEqual(['/loss', expect.stringMatching(/these are class names: subtract 1$/)])
    const validation = { dataset: await numbers([0, 1, 2]), validationDataset: await numbers([0, 1, 5]) }
    expect(await refusalOf({ ...validation, ...cross(3) })).toEqual([
      '/validationDataset',
      expect.stringContaining('in the validation dataset, y goes from 0 to 5'),
    ])
  })

  it('explains how to use numeric classes as a regression target', async () => {
    const dataset = await upload(
      { x: [[1, 2, 3]], rings: [[5, 9, 7]] },
      { types: [{ name: 'rings', type: 'category' }] },
    )
    const [pointer, message] = await refusalOf({ dataset, ...linear })
    expect(pointer).toBe('/network/layers/0')
    expect(message).toContain('upload with types=rings:number')
  })
})

describe('number targets that the last layer cannot reach', () => {
  it.each([
    ['relu', [-2, 5, 7], 'relu has no outputs below 0: end with linear, or set "targetScaling": "minMax"'],
    ['softplus', [-2, 5, 7], 'softplus has no outputs below 0'],
    ['sigmoid', [20.5, 90], 'y goes from 20.5 to 90, but sigmoid has no outputs outside 0 to 1'],
    ['tanh', [-3, 0.5], 'tanh has no outputs outside -1 to 1'],
    ['softmax', [0.5, 1.5], 'softmax has no outputs outside 0 to 1'],
    ['elu', [-1.5, 3], 'elu has no outputs below -1'],
  ])('%s are refused without scaling', async (activation, y, message) => {
    const units = 1
    const request = { ...end(units, activation, 'meanSquaredError'), targetScaling: 'none' }
    const [pointer, text] = await refusalOf({ dataset: await numbers(y), ...request })
    expect(pointer).toBe('/network/layers/0/activation')
    expect(text).toContain(message)
    const rows = { dataset: { x: y.map((_, row) => row), y }, ...end(units, activation, 'huber') }
    expect((await refusalOf(rows))[1]).toContain(message)
  })

  it('are trained on the scale of the activation', async () => {
    const dataset = await numbers([-2.5, 5, 70])
    const scaling = async (activation: string) =>
      (await specOf({ dataset, ...end(1, activation, 'huber') })).targetScaling
    for (const activation of ['linear', 'leakyRelu', 'elu', 'gelu']) {
      expect(await scaling(activation)).toBe('standardize')
    }
    for (const activation of ['relu', 'softplus', 'sigmoid', 'tanh']) {
      expect(await scaling(activation)).toBe('minMax')
    }
  })
})

describe('numbers beyond 32 bits', () => {
  it('are refused unless they are scaled', async () => {
    const rows = (x: number[], y: number[]) => ({ dataset: { x, y }, ...linear })
    expect(await refusalOf(rows([1, -1e39], [1, 2]))).toEqual([
      '/scaling',
      'x1 has -1e+39, but a network computes with numbers up to 3.4028e+38: set "scaling": "standardize"',
    ])
    expect((await refusalOf(rows([1, 2], [1, 4e38])))[0]).toBe('/targetScaling')
    await specOf({ ...rows([1, -1e39], [1, 4e38]), scaling: 'standardize', targetScaling: 'standardize' })
    await specOf(rows([1, 3.4e38], [1, 2]))
  })
})

describe('the scale of targets', () => {
  it('is unchanged for built-ins, inline rows, zeros and ones, and losses that are no distance', async () => {
    const scaling = async (request: object) => (await specOf(request)).targetScaling
    expect(await scaling({ dataset: 'sine', ...linear })).toBe('none')
    expect(await scaling({ dataset: { x: [1, 2], y: [20, 90] }, ...linear })).toBe('none')
    expect(await scaling({ dataset: await numbers([0, 1, 1]), ...linear })).toBe('none')
    expect(await scaling({ dataset: await numbers([0, 0.5, 1]), ...binary })).toBe('none')
    expect(await scaling({ dataset: 'sine', ...linear, targetScaling: 'standardize' })).toBe('standardize')
    expect(await scaling({ dataset: await numbers(prices), ...linear, targetScaling: 'none' })).toBe('none')
  })

  it('is also learned for a number beside a boolean', async () => {
    const targets = { ok: [['true', 'false', 'true']], price: [prices] }
    const dataset = await upload({ x: [[1.5, 2, 4]], ...targets }, { target: ['ok', 'price'] })
    expect((await specOf({ dataset })).targetScaling).toBe('standardize')
  })

  it.each([
    [
      'a cross-entropy',
      [0, 0.5, 1],
      { ...binary, targetScaling: 'minMax' },
      'binaryCrossentropy takes unscaled targets',
    ],
    ['classes', [0, 1, 1], { ...linear, targetScaling: 'minMax' }, 'are already 0 and 1'],
    [
      'a relu',
      prices,
      { ...end(1, 'relu', 'huber'), targetScaling: 'standardize' },
      'use "minMax", or end with linear',
    ],
  ])('cannot be changed under %s', async (_name, y, request, message) => {
    expect(await refusalOf({ dataset: await numbers(y), ...request })).toEqual([
      '/targetScaling',
      expect.stringContaining(message),
    ])
  })
})

describe('the split', () => {
  it('keeps the shares of classes if there are any', async () => {
    const split = async (request: object) => (await specOf(request)).split
    expect(await split({ dataset: 'iris', ...cross(3) })).toBe('stratified')
    expect(await split({ dataset: 'xor', ...binary })).toBe('random')
    expect(await split({ dataset: 'iris', ...cross(3), split: 'chronological' })).toBe('chronological')
    expect(await refusalOf({ dataset: 'sine', ...linear, split: 'stratified' })).toEqual([
      '/split',
      expect.stringContaining('y is a number: use "random"'),
    ])
  })
})

describe('weights', () => {
  const weighed = () =>
    upload(
      {
        w: [[0, 1, 2.5, 1]],
        below: [[-1, 1, 1, 1]],
        zero: [[0, 0, 0, 0]],
        city: [['Rom', 'Bonn', 'Rom', 'Ulm']],
        kind: [['yes', 'no', 'no', 'yes']],
      },
      { types: [{ name: 'zero', type: 'number' }] },
    )

  it('of classes are keyed by the names of classes', async () => {
    const dataset = await weighed()
    const request = { dataset, ...binary }
    expect((await specOf({ ...request, classWeight: 'balanced' })).classWeight).toBe('balanced')
    expect((await specOf({ ...request, classWeight: { yes: 3 } })).classWeight).toEqual({ yes: 3 })
    expect(await refusalOf({ ...request, classWeight: { yse: 3 } })).toEqual([
      '/classWeight/yse',
      'kind has no class "yse": its classes are no, yes; did you mean "yes"?',
    ])
    expect(await refusalOf({ dataset: 'sine', ...linear, classWeight: 'balanced' })).toEqual([
      '/classWeight',
      expect.stringContaining('y has none'),
    ])
  })

  it('of rows are a column, which is not a feature then', async () => {
    const spec = await specOf({ dataset: await weighed(), ...binary, sampleWeight: 'w' })
    // below, zero, and three cities.
    expect(spec).toMatchObject({ sampleWeight: 'w', network: { inputShape: [5] } })
  })

  it.each([
    ['weight', 'there is no column "weight"; its number columns are: w, below, zero'],
    ['belwo', 'did you mean "below"?'],
    ['city', 'city is a category, but weights must be numbers'],
    ['kind', 'kind is the target'],
    ['below', 'the lowest value of below is -1'],
    ['zero', 'zero is 0 in every row'],
  ])('of rows are no %s', async (sampleWeight, message) => {
    const [pointer, text] = await refusalOf({ dataset: await weighed(), ...binary, sampleWeight })
    expect(pointer).toBe('/sampleWeight')
    expect(text).toContain(message)
  })
})

describe('excluded rows', () => {
  const moons = { dataset: { name: 'moons', rows: 100 }, ...binary } as const

  it('exist, and others remain', async () => {
    expect(await specOf({ ...moons, excludedRows: [99, 0] })).toMatchObject({ excludedRows: [99, 0] })
    expect(await refusalOf({ ...moons, excludedRows: [0, 100] })).toEqual([
      '/excludedRows/1',
      'there is no row 100: the dataset has 100 rows, numbered from 0',
    ])
    const all = Array.from({ length: 100 }, (_, row) => row)
    expect(await refusalOf({ ...moons, excludedRows: all })).toEqual([
      '/excludedRows',
      'no row would be left to train on',
    ])
  })

  it('would still change the statistics of a batch normalization', async () => {
    const layers = [
      { type: 'batchNormalization' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ] as const
    expect(await refusalOf({ ...moons, network: { layers: [...layers] }, excludedRows: [1] })).toEqual([
      '/excludedRows',
      expect.stringContaining('upload the data without these rows'),
    ])
  })
})

describe('folds', () => {
  const moons = { dataset: { name: 'moons', rows: 100 }, ...binary }
  const folds = (count: number, rule: object = {}) => ({ earlyStopping: { folds: count, ...rule } })

  it('need no other rows held out', async () => {
    expect(await refusalOf({ ...moons, ...folds(5), validationSplit: 0.2 })).toEqual([
      '/earlyStopping/folds',
      expect.stringContaining('20 rows are already held out'),
    ])
  })

  it('are no more than the rows of the smallest class', async () => {
    const dataset = await upload({ x: [[1.5, 2, 3, 4, 5, 6, 7]], y: [['a', 'a', 'b', 'a', 'a', 'b', 'a']] })
    expect((await specOf({ dataset, ...binary, ...folds(2) })).earlyStopping?.folds).toBe(2)
    expect(await refusalOf({ dataset, ...binary, ...folds(3) })).toEqual([
      '/earlyStopping/folds',
      expect.stringContaining('one class has 2 rows: use at most 2 folds'),
    ])
  })

  it('monitor the rows they hold out', async () => {
    expect(await refusalOf({ ...moons, ...folds(3, { monitor: 'loss' }) })).toEqual([
      '/earlyStopping/monitor',
      expect.stringContaining('monitor "valLoss" instead of "loss"'),
    ])
  })

  it('that a job validates on are not the rows that choose its epochs', async () => {
    const validationFold = { folds: 4, fold: 4 }
    const spec = await specOf({ ...moons, ...folds(5), validationFold, batchSize: 90 })
    // Three quarters of 100 rows are left for a batch.
    expect(spec).toMatchObject({
      earlyStopping: { folds: 5 },
      validationFold: { ...validationFold, seed: 0 },
      batchSize: 75,
    })
  })

  it.each<[string, object, string]>([
    ['/validationFold', { validationSplit: 0.2 }, 'cannot be combined with validationSplit'],
    [
      '/validationFold',
      { validationDataset: { name: 'moons', rows: 30 } },
      'cannot be combined with validationDataset',
    ],
    ['/validationFold', { split: 'chronological' }, 'use the split "random" or "stratified"'],
    ['/validationFold', { dataset: { name: 'moons', rows: 8 } }, 'one class has 4 rows: use at most 4 folds'],
    ['/validationFold', { testSplit: 0.9 }, 'one class has 5 rows'],
    ['/testSplit', { testSplit: 0.001 }, 'a share of 0.001 of 100 rows is no row: use at least 0.01'],
  ])('and test rows are refused at %s with %o', async (pointer, changes, message) => {
    const validationFold = { folds: 6, fold: 6 }
    expect(await refusalOf({ ...moons, ...binary, validationFold, ...changes })).toEqual([
      pointer,
      expect.stringContaining(message),
    ])
  })

  it('and the default number of epochs is at most the limit of the tenant', async () => {
    const { models, datasets } = stores
    const planned = async (allowed: object) => {
      const limits = { settings: { ...unlimited, ...allowed }, own: {} }
      const parsed = jobRequestSchema.parse({ dataset: 'iris', seed: 1 })
      return planTraining({ models, datasets, generated, maximumThreads: 1 }, { ...tenant, limits }, parsed)
    }
    const { spec, program } = await planned({})
    expect([spec.epochs, spec.earlyStopping?.folds]).toEqual([300, 5])
    expect((await planned({ epochs: 40 })).spec.epochs).toBe(40)
    // Five folds and the training on all rows: six times ten epochs.
    expect((await planned({ jobFlops: 60 * program.flopsPerEpoch })).spec.epochs).toBe(10)
    await expect(planned({ jobFlops: program.flopsPerEpoch })).rejects.toMatchObject({
      code: 'budget-exceeded',
    })
  })

  it('count in the limit of work of the tenant', async () => {
    const { models, datasets } = stores
    const planned = async (request: object, jobFlops: number) => {
      const limits = { settings: { ...unlimited, jobFlops }, own: {} }
      const parsed = jobRequestSchema.parse({ epochs: 10, seed: 1, ...moons, ...request })
      return planTraining({ models, datasets, generated, maximumThreads: 1 }, { ...tenant, limits }, parsed)
    }
    const { flopsPerEpoch } = (await planned({}, Number.POSITIVE_INFINITY)).program
    await planned({}, 10 * flopsPerEpoch)
    await planned(folds(3), 40 * flopsPerEpoch)
    await expect(planned(folds(3), 40 * flopsPerEpoch - 1)).rejects.toThrow('floating-point operations')
  })
})

it('the prediction of a row has a limit of work, since others wait for it', async () => {
  const pixels = Array.from({ length: 90 ** 2 }, () => 1)
  const convolution = { type: 'conv2d', filters: 512, kernelSize: 3, padding: 'same' }
  const planned = (convolutions: number) =>
    specOf({
      dataset: { x: [pixels, pixels], y: [0, 1] },
      network: {
        inputShape: [1, 90, 90],
        layers: [
          ...Array.from({ length: convolutions }, () => convolution),
          { type: 'globalAveragePooling2d' },
          { type: 'dense', units: 1, activation: 'sigmoid' },
        ],
      },
      loss: 'binaryCrossentropy',
      epochs: 1,
      batchSize: 1,
    })
  // 2 · 90² · 9 · 512² operations for each convolution after the first: 3.8e10.
  await expect(planned(3)).resolves.toMatchObject({ epochs: 1 })
  await expect(planned(4)).rejects.toMatchObject({
    code: 'budget-exceeded',
    message: expect.stringContaining('maximumRowOperations'),
  })
})

describe('inputShape', () => {
  const pixels = (count: number): Columns => ({
    ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, [[0, 255]]])),
    label: [['a', 'b']],
  })
  const pictures = async (channels: 1 | 3, height: number, width: number) => {
    const source = { inputShape: [channels, height, width], image: { width, height, channels } }
    const read = reading(pixels(channels * height * width), source)
    return (await stores.datasets.create(uploadFrom(read))).id
  }
  const shaped = (inputShape: number[]) => ({
    ...binary,
    network: { inputShape, layers: [{ type: 'flatten' }, ...binary.network.layers] },
  })

  it('must not contradict the shape of the picture', async () => {
    const dataset = await pictures(3, 4, 5)
    const { network } = await specOf({ dataset })
    expect(network).toMatchObject({
      inputShape: [3, 4, 5],
      layers: [{ type: 'flatten' }, { units: 100 }, {}],
    })
    expect(await refusalOf({ dataset, ...shaped([4, 5, 3]) })).toEqual([
      '/network/inputShape',
      expect.stringContaining('the pictures are [3, 4, 5], channels first; omit inputShape'),
    ])
    expect((await refusalOf({ dataset, ...shaped([3, 5, 4]) }))[0]).toBe('/network/inputShape')
    expect((await refusalOf({ dataset, ...shaped([12, 5]) }))[0]).toBe('/network/inputShape')
    expect((await specOf({ dataset, ...shaped([3, 4, 5]) })).network.inputShape).toEqual([3, 4, 5])
    expect((await specOf({ dataset, ...shaped([60]) })).network.inputShape).toEqual([60])
  })

  it('has no derived features, as no signal has', async () => {
    const derivedFeatures = [{ type: 'square', of: 'p1' }]
    expect(await refusalOf({ dataset: await pictures(1, 2, 3), derivedFeatures })).toEqual([
      '/derivedFeatures',
      'derivedFeatures need rows that are a list of numbers, but the rows are pictures: omit them',
    ])
    const dataset = await upload(pixels(6))
    expect(await refusalOf({ dataset, ...shaped([2, 3]), derivedFeatures })).toEqual([
      '/derivedFeatures',
      'derivedFeatures need rows that are a list of numbers, but inputShape is [2, 3]: omit them',
    ])
    expect((await specOf({ dataset, ...shaped([7]), derivedFeatures })).derivedFeatures).toEqual(
      derivedFeatures,
    )
  })

  it('may omit the channel of a grey picture', async () => {
    const dataset = await pictures(1, 2, 3)
    expect((await specOf({ dataset, ...shaped([2, 3]) })).network.inputShape).toEqual([2, 3])
    expect((await refusalOf({ dataset, ...shaped([3, 2]) }))[0]).toBe('/network/inputShape')
  })
})

describe('an augmentation', () => {
  const pixels = (values: number[]) => [values]
  const uploadPictures = async () => {
    const columns = {
      x1: pixels([0, 200, 30, 40]),
      x2: pixels([255, 0, 31, 41]),
      x3: pixels([5, 20, 32, 42]),
      x4: pixels([9, 90, 33, 43]),
      label: [['a', 'b', 'a', 'b']],
    }
    const source = { inputShape: [1, 2, 2], image: { width: 2, height: 2, channels: 1 as const } }
    const types = [{ name: 'label', type: 'category' as const }]
    return (await stores.datasets.create(uploadFrom(reading(columns, source), { types }))).id
  }
  const layers = [{ type: 'flatten' }, { type: 'dense', units: 1, activation: 'sigmoid' }]
  const request = { loss: 'binaryCrossentropy', network: { layers }, augmentation: { flip: 'horizontal' } }

  it('is a part of the spec, with its defaults, and of the identity of a run', async () => {
    const dataset = await uploadPictures()
    const identityOf = async (changes: object) => {
      const { models, datasets } = stores
      const parsed = jobRequestSchema.parse({ epochs: 1, seed: 1, dataset, ...request, ...changes })
      const plan = await planTraining({ models, datasets, generated, maximumThreads: 1 }, tenant, parsed)
      return { spec: plan.spec, identity: runIdentity(plan.spec, [], plan).toString('hex') }
    }
    const [flipped, rotated, plain] = await Promise.all(
      [{}, { augmentation: { flip: 'horizontal', rotate: 5 } }, { augmentation: undefined }].map(identityOf),
    )
    expect(flipped.spec.augmentation).toEqual({ flip: 'horizontal', shift: 0, rotate: 0, noise: 0 })
    expect(new Set([flipped, rotated, plain].map(({ identity }) => identity)).size).toBe(3)
  })

  it('is refused for rows that are no pictures, and for another shape', async () => {
    expect(await refusalOf({ ...request, dataset: 'xor' })).toEqual([
      '/augmentation',
      'changes pictures, but the rows of xor are no pictures: omit it',
    ])
    const network = { inputShape: [4], layers: layers.slice(1) }
    expect(await refusalOf({ ...request, dataset: await uploadPictures(), network })).toEqual([
      '/augmentation',
      'changes pictures of [1, 2, 2], but inputShape is [4]: omit one of them',
    ])
  })
})
