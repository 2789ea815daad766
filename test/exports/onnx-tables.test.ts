/** ONNX files with preprocessing, run on raw columns: the predictions are those of the service. */
import { describe, expect, test } from 'vitest'
import type { Cell, FeatureCoding, TargetCoding } from '../../src/contract/dataset.js'
import type { Prediction } from '../../src/contract/model.js'
import { type Activation, lastActivation } from '../../src/contract/network.js'
import { dateCoding } from '../../src/datasets/date-parts.js'
import { parseDate } from '../../src/datasets/date-text.js'
import { inputCount } from '../../src/datasets/feature-coding.js'
import { decoder } from '../../src/datasets/prediction.js'
import { encodeInputs } from '../../src/datasets/raw-rows.js'
import { Predictor } from '../../src/engine/index.js'
import { onnxExporter } from '../../src/exports/onnx/onnx-exporter.js'
import { sampleRows } from '../../src/exports/sample-rows.js'
import { modelSignature } from '../../src/exports/signature.js'
import { type Exportable, exportableModel } from '../support/exportable.js'
import {
  booleansOf,
  checkOnnxFiles,
  type Feeds,
  float64Tensor,
  numbersOf,
  onnxPython,
  runOnnx,
  stringTensor,
  textsOf,
} from '../support/onnx.js'
import { type SpecInput, wave } from '../support/training-case.js'

const files: Uint8Array[] = []

const days = Float64Array.of(-25_568, -1, 0, 59, 11_016, 19_782, 20_000)
const features: FeatureCoding[] = [
  { type: 'category', name: 'city', categories: ['Köln', 'Ulm', 'na'], unseen: ['Ulm'], imputation: 'Köln' },
  {
    type: 'number',
    name: 'rooms',
    offset: 3.3,
    scale: 0.7,
    imputation: 3.1,
    missingTexts: ['-99', '-1', ''],
  },
  { type: 'number', name: 'area', offset: 1e6 + 0.1, scale: 1 / 3 },
  { ...dateCoding('built', days, 'standardize', 'mean'), missingTexts: ['0', 'never'] },
  { type: 'boolean', name: 'garden', imputation: true },
  { type: 'category', name: 'output', categories: ['a', 'b'] },
  {
    type: 'date',
    name: 'sold',
    first: 10,
    parts: [
      { part: 'daysSinceFirst', offset: 1, scale: 2 },
      { part: 'month', offset: 6, scale: 3 },
      { part: 'dayOfWeek', offset: 0, scale: 1 },
      { part: 'year', offset: 1970, scale: 10 },
    ],
  },
  { type: 'boolean', name: 'Softmax_1' },
]

const rawRows: Cell[][] = [
  ['Köln', 3, 1e6, '2024-02-29', true, 'a', '1969-12-31', false],
  ['Ulm', -99, 1e6 + 5, '1900-02-28', false, 'b', '1970-03-01T12:00:00Z', true],
  ['na', -1, 999_999, '1899-12-31', null, 'c', '2000-12-31', true],
  ['NA', null, 1e6, '2100-03-01', true, '', '0001-01-01', false],
  ['', 4.25, 1e6, null, false, null, '9999-12-31', false],
  ['N/A', 2, 1e6, '1970-01-01', false, 'b', '1600-02-29', true],
  ['Hof', 1e9, 1e6, '2023-03-01', true, 'a', '1582-10-15', true],
]

/** What a user feeds: NaN and '' for missing values, dates as days since 1970-01-01. */
function feedsOf({ model }: Exportable, rows: readonly Cell[][]): Feeds {
  const { inputs } = modelSignature(model)
  const columns = model.coding.features.map((feature, index) => {
    const shape = [rows.length, 1]
    if (feature.type === 'category')
      return stringTensor(
        rows.map((row) => String(row[index] ?? '')),
        shape,
      )
    return float64Tensor(
      rows.map((row) => rawNumber(feature, row[index])),
      shape,
    )
  })
  return Object.fromEntries(inputs.map(({ name }, index) => [name, columns[index]]))
}

function rawNumber({ type }: FeatureCoding, cell: Cell): number {
  if (cell === null) return Number.NaN
  return type === 'date' ? (parseDate(String(cell)) ?? Number.NaN) : Number(cell)
}

function predictionsOf({ model, weights }: Exportable, rows: readonly Cell[][]): Prediction[] {
  const { coding, network, loss, threshold } = model
  const outputs = new Predictor(network, weights, { backend: 'auto' }).predict(encodeInputs(coding, rows))
  const width = outputs.length / rows.length
  const decode = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  return rows.map((_, row) => decode(outputs.subarray(row * width, (row + 1) * width)))
}

/** The predictions of the file in the form of the service. */
async function runFile(exportable: Exportable, rows: readonly Cell[][]): Promise<Prediction[]> {
  const { model, weights } = exportable
  const { bytes } = onnxExporter.write(model, weights, { preprocessing: true, names: 'descent' })
  files.push(bytes)
  const outputs = await runOnnx(bytes, feedsOf(exportable, rows))
  expect(Object.keys(outputs)).toEqual(modelSignature(model).outputs.map(({ name }) => name))
  const { output, label, labels, probabilities } = outputs
  const row = <Item>(values: Item[], position: number) => {
    const width = values.length / rows.length
    return values.slice(position * width, (position + 1) * width)
  }
  const names = model.classes ?? ('names' in model.coding.target ? model.coding.target.names : [])
  return rows.map((_, position) => ({
    output: row(numbersOf(output), position),
    ...(label === undefined ? {} : { label: textsOf(label)[position] }),
    ...(labels === undefined
      ? {}
      : { labels: names.filter((_, index) => row(booleansOf(labels), position)[index]) }),
    ...(probabilities === undefined
      ? {}
      : {
          probabilities: Object.fromEntries(
            row(numbersOf(probabilities), position).map((value, index) => [names[index], value]),
          ),
        }),
  }))
}

/** Compares labels exactly. Returns the largest distance of numbers, relative to 1 or the larger number. */
function distance(actual: readonly Prediction[], expected: readonly Prediction[]): number {
  const decisions = ({ label, labels }: Prediction) => ({ label, labels })
  expect(actual.map(decisions)).toEqual(expected.map(decisions))
  // The probabilities of several booleans are their outputs, so the file does not repeat them.
  const numbers = ({ output, labels, probabilities = {} }: Prediction) =>
    labels === undefined ? [...output, ...Object.values(probabilities)] : output
  const given = expected.flatMap(numbers)
  return actual.flatMap(numbers).reduce((most, value, index) => {
    return Math.max(most, Math.abs(value - given[index]) / Math.max(1, Math.abs(given[index])))
  }, 0)
}

const endings: {
  name: string
  loss: SpecInput['loss']
  activation: Activation
  target: TargetCoding
  threshold?: number
}[] = [
  { name: 'numbers', loss: 'huber', activation: 'linear', target: { type: 'number', names: ['y', 'z'] } },
  {
    name: 'scaled numbers',
    loss: 'meanSquaredError',
    activation: 'linear',
    target: {
      type: 'number',
      names: ['price', 'rent'],
      scaling: { method: 'standardize', offset: [496_950.1, -3], scale: [387_805.7, 1e-3] },
    },
  },
  {
    name: 'one-hot',
    loss: 'categoricalCrossentropy',
    activation: 'softmax',
    target: { type: 'oneHot', name: 'kind', classes: ['ü', '', 'b'] },
  },
  {
    name: 'one-hot without probabilities',
    loss: 'meanSquaredError',
    activation: 'linear',
    target: { type: 'oneHot', name: 'kind', classes: ['x', 'y', 'z'] },
  },
  {
    name: 'two outputs with a threshold',
    loss: 'categoricalCrossentropy',
    activation: 'softmax',
    target: { type: 'oneHot', name: 'kind', classes: ['no', 'yes'] },
    threshold: 0.3,
  },
  {
    name: 'two classes',
    loss: 'binaryCrossentropy',
    activation: 'sigmoid',
    target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
  },
  {
    name: 'two classes with a threshold',
    loss: 'binaryCrossentropy',
    activation: 'sigmoid',
    target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
    threshold: 0.3,
  },
  {
    name: 'two classes of hinge',
    loss: 'hinge',
    activation: 'linear',
    target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
  },
  {
    name: 'two classes of tanh',
    loss: 'squaredError',
    activation: 'tanh',
    target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
  },
  {
    name: 'two classes of the perceptron',
    loss: 'perceptron',
    activation: 'step',
    target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
  },
  {
    name: 'several booleans',
    loss: 'binaryCrossentropy',
    activation: 'sigmoid',
    target: { type: 'multiLabel', names: ['hot', 'wet', 'dry'] },
  },
  {
    name: 'several booleans of hinge',
    loss: 'hinge',
    activation: 'linear',
    target: { type: 'multiLabel', names: ['hot', 'wet'] },
  },
]

const unitsOf = (target: TargetCoding) =>
  target.type === 'oneHot' ? target.classes.length : target.type === 'binary' ? 1 : target.names.length

function tableModel(
  { loss, activation, target, threshold }: (typeof endings)[number],
  table: FeatureCoding[] = features,
): Exportable {
  const layers: SpecInput['network']['layers'] = [
    { type: 'dense', units: 6, activation: 'tanh' },
    { type: 'dense', units: unitsOf(target), activation },
  ]
  const inputShape = [inputCount({ features: table })]
  return exportableModel({ network: { inputShape, layers }, loss }, 11, {
    features: table,
    target,
    ...(threshold === undefined ? {} : { threshold }),
  })
}

describe('a table of every type of column', () => {
  test.each(endings.map((ending) => [ending.name, ending] as const))('%s', async (_name, ending) => {
    const exportable = tableModel(ending)
    const rows = [...rawRows, ...sampleRows(exportable.model.coding)]
    const difference = distance(await runFile(exportable, rows), predictionsOf(exportable, rows))
    expect(difference).toBeLessThan(1e-5)
    console.info(`The largest difference of ${ending.name} is ${difference}.`)
  })
})

test('every day of 800 years has its year, month and day of the week', async () => {
  const names = ['year', 'month', 'dayOfWeek', 'daysSinceFirst'] as const
  const date: FeatureCoding = {
    type: 'date',
    name: 'day',
    first: 0,
    parts: names.map((part) => ({ part, offset: 0, scale: 1 })),
  }
  const exportable = exportableModel(
    { network: { inputShape: [4], layers: [{ type: 'dense', units: 4, useBias: false }] }, loss: 'huber' },
    1,
    { features: [date] },
  )
  const identity = Float32Array.from({ length: 16 }, (_, index) => (index % 5 === 0 ? 1 : 0))
  exportable.weights.set('layers.0.weight', { shape: [4, 4], values: identity })
  const { bytes } = onnxExporter.write(exportable.model, exportable.weights, {
    preprocessing: true,
    names: 'descent',
  })
  const first = Date.UTC(1600, 0, 1) / 86_400_000
  const all = Array.from({ length: 292_200 }, (_, index) => first + index)
  const { output } = await runOnnx(bytes, { day: float64Tensor(all, [all.length, 1]) })
  const numbers = numbersOf(output)
  const different = all.filter((day, row) => {
    const given = new Date(day * 86_400_000)
    const expected = [given.getUTCFullYear(), given.getUTCMonth() + 1, (given.getUTCDay() + 6) % 7, day]
    return expected.some((part, index) => numbers[4 * row + index] !== part)
  })
  expect(different).toEqual([])
})

describe('a network over images', () => {
  const pixels: FeatureCoding[] = Array.from({ length: 2 * 5 * 4 }, (_, index) => {
    return { type: 'number', name: `pixel${index}`, offset: 120.5, scale: 77.7, imputation: 3 }
  })
  const target: TargetCoding = { type: 'oneHot', name: 'digit', classes: ['0', '1', '2'] }
  const exportable = exportableModel(
    {
      network: {
        inputShape: [2, 5, 4],
        layers: [
          { type: 'conv2d', filters: 3, kernelSize: 2, activation: 'relu' },
          { type: 'flatten' },
          { type: 'dense', units: 3, activation: 'softmax' },
        ],
      },
      loss: 'categoricalCrossentropy',
    },
    5,
    { features: pixels, target },
  )

  test('takes raw pixels in one input', async () => {
    const rows = [wave(40, 1).map((value) => 80 * Math.abs(value)), wave(40, 2).map((value) => 80 * value)]
    const { bytes } = onnxExporter.write(exportable.model, exportable.weights, {
      preprocessing: true,
      names: 'descent',
    })
    files.push(bytes)
    const outputs = await runOnnx(bytes, { input: float64Tensor(rows.flat(), [2, 2, 5, 4]) })
    const [first, second] = predictionsOf(exportable, rows)
    expect(textsOf(outputs.label)).toEqual([first.label, second.label])
    const expected = [...first.output, ...second.output]
    numbersOf(outputs.output).forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index], 6)
    })
  })
})

test('a table that a convolution reads has one input per column', async () => {
  const table: FeatureCoding[] = [features[0], features[2]]
  const exportable = exportableModel(
    {
      network: {
        inputShape: [1, 4],
        layers: [
          { type: 'conv1d', filters: 2, kernelSize: 3, activation: 'relu' },
          { type: 'flatten' },
          { type: 'dense', units: 1 },
        ],
      },
      loss: 'huber',
    },
    5,
    { features: table, target: { type: 'number', names: ['y'] } },
  )
  const rows = rawRows.map((row) => [row[0], row[2]])
  expect(distance(await runFile(exportable, rows), predictionsOf(exportable, rows))).toBeLessThan(1e-5)
})

test('a missing value without imputation gives no number', async () => {
  const table: FeatureCoding[] = [{ type: 'number', name: 'x', offset: 0, scale: 1, missingTexts: ['-99'] }]
  const exportable = tableModel(endings[0], table)
  const [known, nan, coded] = await runFile(exportable, [[1], [null], [-99]])
  expect(known.output.every(Number.isFinite)).toBe(true)
  for (const { output } of [nan, coded]) expect(output.every(Number.isNaN)).toBe(true)
})

test.skipIf(onnxPython === undefined)('all files pass the checker of the onnx package', () => {
  expect(files.length).toBeGreaterThan(endings.length)
  expect(checkOnnxFiles(onnxPython ?? '', files)).toBe('')
})
