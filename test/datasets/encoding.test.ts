import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Coding, inputWidth, type Scaling } from '../../src/contract/dataset.js'
import type { Loss } from '../../src/contract/network.js'
import { builtIn } from '../../src/datasets/built-ins.js'
import { type EncodedViews, encode } from '../../src/datasets/encoding.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { decode } from '../../src/datasets/prediction.js'
import { encodeInputs, encodeRows } from '../../src/datasets/raw-rows.js'
import { DatasetError, describeTable, type Table } from '../../src/datasets/table.js'
import { targetCoding, targetWidth } from '../../src/datasets/target-coding.js'

interface Options {
  outputs: number
  loss: Loss
  scaling?: Scaling
  split?: Split
}

/** Training and validation rows. */
interface Split {
  training: Int32Array
  validation: Int32Array
}

/** Encodes into views over shared memory, like a training. */
function encoded(table: Table, { outputs, loss, scaling = 'none', split = allOf(table) }: Options) {
  const features = inputWidth(table.columns)
  const targets = targetWidth(targetCoding(table, { outputs, loss }))
  const shared = (length: number) => new Float32Array(new SharedArrayBuffer(length * 4)).fill(Number.NaN)
  const views: EncodedViews = {
    trainingX: shared(split.training.length * features),
    trainingY: shared(split.training.length * targets),
    validationX: shared(split.validation.length * features),
    validationY: shared(split.validation.length * targets),
  }
  const options = { outputs, loss, scaling, image: null }
  const coding = encode({ table, rows: split.training }, { table, rows: split.validation }, options, views)
  return { coding, ...views }
}

function allOf(table: Table): Split {
  return { training: Int32Array.from({ length: table.rows }, (_, row) => row), validation: new Int32Array(0) }
}

/** One feature, 1, 2, 3, …, and a category target with a class for each of the given indices. */
function classTable(classes: string[], indices: number[]): Table {
  const values = Float64Array.from(indices.flatMap((index, row) => [row + 1, index]))
  const target = { name: 'species', role: 'target', categories: classes } as const
  return describeTable([{ name: 'size', role: 'feature' }, target], values)
}

const three = classTable(['setosa', 'versicolor', 'virginica'], [2, 0, 1, 1])
const two = classTable(['no', 'yes'], [1, 0, 1])

describe('features', () => {
  test('are not changed without standardizing', () => {
    const { coding, trainingX } = encoded(
      tableFromInline({
        x: [
          [1, 20],
          [3, 40],
        ],
        y: [0, 1],
      }),
      {
        outputs: 1,
        loss: 'squaredError',
      },
    )
    expect(trainingX).toEqual(Float32Array.of(1, 20, 3, 40))
    expect(coding.features).toEqual([
      { type: 'number', name: 'x1', offset: 0, scale: 1 },
      { type: 'number', name: 'x2', offset: 0, scale: 1 },
    ])
  })

  test('are standardized by the training rows only; a constant has scale 1', () => {
    const table = tableFromInline({
      x: [
        [1, 7],
        [100, 8],
        [3, 7],
      ],
      y: [0, 1, 0],
    })
    const split = { training: Int32Array.of(0, 2), validation: Int32Array.of(1) }
    const options = { outputs: 1, loss: 'meanSquaredError', scaling: 'standardize', split } as const
    const { coding, trainingX, trainingY, validationX, validationY } = encoded(table, options)
    expect(coding.features).toEqual([
      { type: 'number', name: 'x1', offset: 2, scale: 1 },
      { type: 'number', name: 'x2', offset: 7, scale: 1 },
    ])
    expect(trainingX).toEqual(Float32Array.of(-1, 0, 1, 0))
    expect(validationX).toEqual(Float32Array.of(98, 1))
    expect([...trainingY, ...validationY]).toEqual([0, 0, 1])
  })

  test('have mean 0 and deviation 1, and a prediction encodes them to the same bits', () => {
    const thousandths = (min: number, max: number) => fc.integer({ min, max }).map((value) => value / 1_000)
    const row = fc.tuple(thousandths(-1e9, 1e9), thousandths(5_000, 5_002))
    const rows = fc.array(row, { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(rows, (x) => {
        const table = tableFromInline({ x, y: x.map(() => 0) })
        const { coding, trainingX } = encoded(table, {
          outputs: 1,
          loss: 'squaredError',
          scaling: 'standardize',
        })
        expect(encodeInputs(coding, x)).toEqual(trainingX)
        expect(
          encodeInputs(
            coding,
            x.map(([x1, x2]) => ({ x2, x1 })),
          ),
        ).toEqual(trainingX)
        for (const column of coding.features.keys()) {
          const values = x.map((_, row) => trainingX[row * 2 + column])
          const center = values.reduce((sum, value) => sum + value, 0) / values.length
          const spread = Math.sqrt(
            values.reduce((sum, value) => sum + (value - center) ** 2, 0) / values.length,
          )
          const constant = x.every((row) => row[column] === x[0][column])
          expect(Math.abs(center)).toBeLessThan(1e-5)
          expect(Math.abs(spread - (constant ? 0 : 1))).toBeLessThan(1e-5)
        }
      }),
    )
  })

  test('outside float32 are refused, naming the place', () => {
    const table = tableFromInline({ x: [1, 1e39], y: [0, 1] })
    expect(() => encoded(table, { outputs: 1, loss: 'squaredError' })).toThrow(
      'x1, row 2: 1e+39 is too large for a 32-bit number',
    )
    const { trainingX } = encoded(table, { outputs: 1, loss: 'squaredError', scaling: 'standardize' })
    expect(trainingX).toEqual(Float32Array.of(-1, 1))
  })
})

test('a row with an error leaves nothing in the rows after it', () => {
  const coding: Coding = {
    features: [
      { type: 'category', name: 'plan', categories: ['basic', 'plus'] },
      { type: 'number', name: 'age', offset: 0, scale: 1 },
    ],
    target: { type: 'number', names: ['y'] },
  }
  const { inputs, rows, errors } = encodeRows(coding, [
    ['plus', 'unknown'],
    ['basic', 40],
    ['plus', 50],
  ])
  expect([...inputs]).toEqual([1, 0, 40, 0, 1, 50])
  expect(rows.map(({ row }) => row)).toEqual([1, 2])
  expect(errors.map(({ row }) => row)).toEqual([0])
})

describe('targets', () => {
  test('have one output per class', () => {
    const { coding, trainingY } = encoded(three, { outputs: 3, loss: 'categoricalCrossentropy' })
    expect(coding.target).toEqual({
      type: 'oneHot',
      name: 'species',
      classes: ['setosa', 'versicolor', 'virginica'],
    })
    expect(trainingY).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0))
  })

  test('of two classes have one output of 0 or 1, or two outputs', () => {
    const one = encoded(two, { outputs: 1, loss: 'binaryCrossentropy' })
    expect(one.coding.target).toEqual({ type: 'binary', name: 'species', classes: ['no', 'yes'] })
    expect(one.trainingY).toEqual(Float32Array.of(1, 0, 1))
    const each = encoded(two, { outputs: 2, loss: 'categoricalCrossentropy' })
    expect(each.trainingY).toEqual(Float32Array.of(0, 1, 1, 0, 0, 1))
  })

  test('of class indices under categoricalCrossentropy have one output each', () => {
    const table = tableFromInline({ x: [1, 2, 3], y: [2, 0, 2] })
    const { coding, trainingY } = encoded(table, { outputs: 4, loss: 'categoricalCrossentropy' })
    expect(coding.target).toEqual({ type: 'oneHot', name: 'y', classes: ['0', '1', '2', '3'] })
    expect(trainingY).toEqual(Float32Array.of(0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0))
  })

  test('that are one-hot already, and other numbers, are not changed', () => {
    const oneHot = tableFromInline({
      x: [1, 2],
      y: [
        [0, 1],
        [1, 0],
      ],
    })
    const { coding, trainingY } = encoded(oneHot, { outputs: 2, loss: 'categoricalCrossentropy' })
    expect(coding.target).toEqual({ type: 'number', names: ['y1', 'y2'], binary: true })
    expect(trainingY).toEqual(Float32Array.of(0, 1, 1, 0))
    const real = encoded(tableFromInline({ x: [1, 2], y: [-0.5, 70] }), { outputs: 1, loss: 'huber' })
    expect(real.trainingY).toEqual(Float32Array.of(-0.5, 70))
  })

  const numbers = (...y: number[]) => tableFromInline({ x: y.map(() => 1), y })
  test.each<[table: Table, outputs: number, loss: Loss, message: RegExp]>([
    [
      three,
      1,
      'binaryCrossentropy',
      /^species has 3 classes, but the last layer has 1 unit: give it 3 units with softmax/,
    ],
    [three, 2, 'categoricalCrossentropy', /has 2 units: give it 3 units/],
    [two, 3, 'categoricalCrossentropy', /give it 2 units .*, or 1 unit with sigmoid and binaryCrossentropy$/],
    [two, 1, 'categoricalCrossentropy', /needs at least two outputs, but the last layer has 1 unit/],
    [classTable(['only'], [0, 0]), 1, 'squaredError', /^species has only one class, "only"/],
    [
      numbers(0, 1),
      2,
      'squaredError',
      /^the target has 1 number per row \(y\), but the last layer has 2 units: give it 1 unit$/,
    ],
    [
      tableFromInline({ x: [1], y: [[1, 2, 3]] }),
      1,
      'huber',
      /has 3 numbers per row \(y1, y2, y3\), but the last layer has 1 unit: give it 3 units$/,
    ],
    [
      numbers(0, 3),
      3,
      'categoricalCrossentropy',
      /^y, row 2: 3 is not a class: .* takes the class numbers 0 to 2$/,
    ],
    [numbers(0, 1.5), 3, 'categoricalCrossentropy', /^y, row 2: 1.5 is not a class/],
    [numbers(-1, 1), 1, 'perceptron', /^y, row 1: -1 is not a valid target: perceptron takes 0 and 1$/],
    [numbers(0, 0.5), 1, 'hinge', /^y, row 2: 0.5 is not a valid target/],
    [numbers(0, 2), 1, 'binaryCrossentropy', /^y, row 2: 2 is not a probability/],
    [numbers(0, -4e38), 1, 'squaredError', /^y, row 2: -4e\+38 is too large for a 32-bit number$/],
  ])('that do not match are refused (%#)', (table, outputs, loss, message) => {
    const attempt = () => encoded(table, { outputs, loss })
    expect(attempt).toThrow(DatasetError)
    expect(attempt).toThrow(message)
  })
})

test('every loss accepts the Boolean functions', () => {
  const losses: Loss[] = [
    'squaredError',
    'meanSquaredError',
    'meanAbsoluteError',
    'huber',
    'binaryCrossentropy',
    'hinge',
    'perceptron',
  ]
  const xor = builtIn('xor')
  if (!xor) throw new Error('xor is a built-in')
  for (const loss of losses)
    expect(encoded(xor, { outputs: 1, loss }).trainingY).toEqual(Float32Array.of(0, 1, 1, 0))
})

test('no training rows, or views of the wrong size, are errors', () => {
  const none = { training: new Int32Array(0), validation: Int32Array.of(0) }
  expect(() => encoded(two, { outputs: 1, loss: 'binaryCrossentropy', split: none })).toThrow(DatasetError)
  const views = {
    trainingX: new Float32Array(3),
    trainingY: new Float32Array(2),
    validationX: new Float32Array(0),
    validationY: new Float32Array(0),
  }
  const options = { outputs: 1, loss: 'binaryCrossentropy', scaling: 'standardize', image: null } as const
  const { training, validation } = allOf(two)
  const parts = [
    { table: two, rows: training },
    { table: two, rows: validation },
  ] as const
  expect(() => encode(...parts, options, views)).toThrow(
    new RangeError('a view has 2 numbers, 3 are expected'),
  )
})

test('decodes an encoded class to the same class, for any split', () => {
  const sample = fc.record({
    classes: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }),
    picks: fc.array(fc.nat(), { minLength: 2, maxLength: 20 }),
    singleOutput: fc.boolean(),
  })
  fc.assert(
    fc.property(sample, ({ classes, picks, singleOutput }) => {
      const table = classTable(
        classes,
        picks.map((pick) => pick % classes.length),
      )
      const split = {
        training: Int32Array.of(0),
        validation: Int32Array.from(picks.slice(1), (_, row) => row + 1),
      }
      const single = singleOutput && classes.length === 2
      const outputs = single ? 1 : classes.length
      const loss = single ? 'binaryCrossentropy' : 'categoricalCrossentropy'
      const lastActivation = single ? 'sigmoid' : 'softmax'
      const { coding, validationY } = encoded(table, { outputs, loss, split })
      for (const [index, row] of split.validation.entries()) {
        const target = validationY.subarray(index * outputs, (index + 1) * outputs)
        const { label, probabilities } = decode(coding, target, { lastActivation, loss })
        expect(label).toBe(classes[picks[row] % classes.length])
        expect(Object.entries(probabilities ?? {}).filter(([, share]) => share === 1)).toEqual([[label, 1]])
      }
    }),
  )
})
