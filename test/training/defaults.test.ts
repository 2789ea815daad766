/** What "auto" chooses: the defaults of docs/networks.md, written out by hand for each kind of target and number of rows. */
import { describe, expect, it } from 'vitest'
import type { Column } from '../../src/contract/dataset.js'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import { networkSchema } from '../../src/contract/network.js'
import { Problem } from '../../src/contract/problems.js'
import { type DataTraits, resolveRequest } from '../../src/training/defaults.js'

const number = (range: Partial<Column> = {}): Column => ({
  name: 'price',
  type: 'number',
  role: 'target',
  min: 20,
  max: 90,
  integers: false,
  ...range,
})
const category = (...counts: number[]): Column => ({
  name: 'kind',
  type: 'category',
  role: 'target',
  categories: counts.map((_, index) => `k${index}`),
  counts,
})
const boolean = (name: string): Column => ({
  name,
  type: 'boolean',
  role: 'target',
  categories: ['false', 'true'],
  counts: [100, 100],
})
const zeroOrOne = number({ min: 0, max: 1, integers: true })

const data = (targets: Column[], changes: Partial<DataTraits> = {}): DataTraits => ({
  columns: [{ name: 'a', type: 'number', role: 'feature', min: 0, max: 1 }, ...targets],
  rows: 500,
  inputShape: [1],
  isTruthTable: false,
  ...changes,
})

const resolved = (
  request: object,
  traits = data([number()]),
  source: Parameters<typeof resolveRequest>[2] = null,
) => resolveRequest(jobRequestSchema.parse({ dataset: 'x', ...request }), traits, source)

const endOf = (targets: Column[], request: object = {}) => {
  const { network, loss } = resolved(request, data(targets))
  const [hidden, end] = network.layers
  expect(hidden).toMatchObject({ type: 'dense', units: 100, activation: 'relu' })
  expect(network.layers).toHaveLength(2)
  return end.type === 'dense' ? [end.units, end.activation, loss] : end
}

describe('the end of an automatic network', () => {
  it.each([
    ['two classes', [category(250, 250)], [1, 'sigmoid', 'binaryCrossentropy']],
    ['three classes', [category(100, 200, 200)], [3, 'softmax', 'categoricalCrossentropy']],
    ['a boolean', [boolean('churn')], [1, 'sigmoid', 'binaryCrossentropy']],
    ['several booleans', [boolean('a'), boolean('b')], [2, 'sigmoid', 'binaryCrossentropy']],
    ['a number', [number()], [1, 'linear', 'meanSquaredError']],
    ['several numbers', [number(), number()], [2, 'linear', 'meanSquaredError']],
    ['zeros and ones', [zeroOrOne], [1, 'sigmoid', 'binaryCrossentropy']],
    ['shares from 0 to 1', [number({ min: 0, max: 1 })], [1, 'linear', 'meanSquaredError']],
  ])('fits %s', (_name, targets, expected) => {
    expect(endOf(targets)).toEqual(expected)
  })

  it.each([
    ['categoricalCrossentropy', [category(250, 250)], [2, 'softmax']],
    ['categoricalCrossentropy', [number({ min: 0, max: 2, integers: true })], [3, 'softmax']],
    ['meanSquaredError', [category(250, 250)], [1, 'sigmoid']],
    ['huber', [number()], [1, 'linear']],
    ['binaryCrossentropy', [category(1, 2, 3)], [3, 'sigmoid']],
    ['hinge', [zeroOrOne], [1, 'linear']],
    ['perceptron', [zeroOrOne], [1, 'step']],
  ])('fits %s when the request has it', (loss, targets, expected) => {
    expect(endOf(targets, { loss })).toEqual([...expected, loss])
  })
})

describe('an automatic network for pictures', () => {
  const hidden = (inputShape: number[]) =>
    resolved({}, data([category(250, 250)], { inputShape }))
      .network.layers.slice(0, -1)
      .map((layer) => {
        if (layer.type === 'conv2d') return `conv2d ${layer.filters}`
        return layer.type === 'dense' ? `dense ${layer.units}` : layer.type
      })
  const convolution = (filters: number) => [`conv2d ${filters}`, 'maxPooling2d']
  const end = ['flatten', 'dropout', 'dense 64']

  it('reads the pixels of small ones at once', () => {
    expect(hidden([3, 8, 8])).toEqual(['flatten', 'dense 100'])
    expect(hidden([1, 11, 40])).toEqual(['flatten', 'dense 100'])
  })

  it('has convolutions until the shorter side has fewer than 12 pixels', () => {
    // 12 → 10 → 5.
    expect(hidden([1, 12, 12])).toEqual([...convolution(8), ...end])
    // 28 → 26 → 13 → 11 → 5.
    expect(hidden([1, 28, 40])).toEqual([...convolution(8), ...convolution(16), ...end])
    // 64 → 62 → 31 → 29 → 14 → 12 → 6.
    expect(hidden([3, 64, 64])).toEqual([...convolution(8), ...convolution(16), ...convolution(32), ...end])
  })

  it('reads a signal as a row', () => {
    expect(hidden([2, 40])).toEqual(['flatten', 'dense 100'])
  })
})

describe('the training that "auto" chooses', () => {
  const stopping = { monitor: 'valLoss', patience: 20, minDelta: 0, restoreBest: true }

  it('is adam with 0.002, at most 300 epochs, and a share of 0.15 held out from 500 rows on', () => {
    expect(resolved({}, data([number()], { rows: 500 }))).toMatchObject({
      optimizer: { type: 'adam', learningRate: 0.002, weightDecay: 0.006 },
      epochs: 300,
      earlyStopping: stopping,
      validationSplit: 0.15,
    })
  })

  it('chooses the epochs by five folds below 500 rows', () => {
    const { earlyStopping, validationSplit } = resolved({}, data([number()], { rows: 499 }))
    expect(earlyStopping).toEqual({ ...stopping, folds: 5 })
    expect(resolved({}, data([number()], { rows: 10 })).earlyStopping?.folds).toBe(5)
    expect(validationSplit).toBe(0)
  })

  it('chooses fewer folds if a class has few rows, and holds rows out if one has a single row', () => {
    const withCounts = (...counts: number[]) => resolved({}, data([category(...counts)], { rows: 60 }))
    expect(withCounts(57, 3).earlyStopping?.folds).toBe(3)
    expect(withCounts(56, 0, 4).earlyStopping?.folds).toBe(4)
    expect(withCounts(59, 1)).toMatchObject({ earlyStopping: stopping, validationSplit: 0.15 })
    expect(withCounts(59, 1).earlyStopping?.folds).toBeUndefined()
  })

  it('holds no rows out of a truth table, nor of fewer than ten rows', () => {
    for (const traits of [{ rows: 16, isTruthTable: true }, { rows: 9 }]) {
      const { earlyStopping, validationSplit, epochs } = resolved({}, data([zeroOrOne], traits))
      expect([earlyStopping, validationSplit, epochs]).toEqual([undefined, 0, 300])
    }
  })

  it('monitors the validation dataset if there is one', () => {
    expect(resolved({ validationDataset: 'y' }, data([number()], { rows: 50 }))).toMatchObject({
      earlyStopping: stopping,
      validationSplit: 0,
    })
  })

  it('holds the last rows out when the split is chronological', () => {
    const { earlyStopping, validationSplit } = resolved(
      { split: 'chronological' },
      data([number()], { rows: 50 }),
    )
    expect([earlyStopping?.folds, validationSplit]).toEqual([undefined, 0.15])
  })

  it('keeps the settings of the request', () => {
    const own = { optimizer: { type: 'sgd', learningRate: 0.5 }, epochs: 7, earlyStopping: { patience: 3 } }
    expect(resolved({ ...own, validationSplit: 0.3 })).toMatchObject({
      optimizer: { type: 'sgd', learningRate: 0.5 },
      epochs: 7,
      earlyStopping: { patience: 3 },
      validationSplit: 0.3,
    })
    expect(resolved({ earlyStopping: null }).earlyStopping).toBeUndefined()
    expect(resolved({ earlyStopping: null }).validationSplit).toBe(0)
    expect(resolved({ earlyStopping: { patience: 3 } }, data([number()], { rows: 50 }))).toMatchObject({
      earlyStopping: { patience: 3, folds: 5 },
      validationSplit: 0,
    })
  })

  it('uses the network and loss of its source model', () => {
    const network = networkSchema.parse({
      inputShape: [1],
      layers: [{ type: 'dense', units: 1, activation: 'tanh' }],
    })
    const from = `mdl_${'0'.repeat(32)}`
    const source = { network, loss: 'huber' as const }
    expect(resolved({ from }, data([number()]), source)).toMatchObject({
      network,
      loss: 'huber',
      epochs: 300,
    })
    // A third class needs a third unit; the input is as wide as the new file's columns.
    const two = networkSchema.parse({
      inputShape: [4],
      layers: [{ type: 'dense', units: 2, activation: 'softmax' }],
    })
    const widened = resolved({ from, fromMismatch: 'initialize' }, data([category(9, 9, 9)]), {
      network: two,
      loss: 'categoricalCrossentropy',
    })
    expect(widened.network).toMatchObject({ layers: [{ units: 3, activation: 'softmax' }] })
    expect(widened.network.inputShape).toBeUndefined()
  })
})

describe('a request with a network', () => {
  const network = { layers: [{ type: 'dense', units: 1 }] }

  it('has adam with 0.001 by default, and no rows held out', () => {
    const { optimizer, validationSplit, earlyStopping } = resolved({ network, loss: 'huber', epochs: 3 })
    expect(optimizer).toMatchObject({ type: 'adam', learningRate: 0.001 })
    expect([validationSplit, earlyStopping]).toEqual([0, undefined])
  })

  it.each([
    [{ network, epochs: 3 }, '/loss', 'is missing: it must be one of "squaredError"'],
    [{ network, loss: 'huber' }, '/epochs', 'is missing: it must be a whole number'],
  ])('%j is refused with the name of the missing field', (request, pointer, message) => {
    const refuse = () => resolved(request)
    expect(refuse).toThrow(Problem)
    expect(refuse).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        errors: [{ pointer, message: expect.stringContaining(message) }],
      }),
    )
  })
})
