/** Derived features: the numbers of a training and of predictions, by their definition. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Coding, FeatureCoding } from '../../src/contract/dataset.js'
import type { DerivedFeature } from '../../src/contract/derived-feature.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { inputCount } from '../../src/datasets/feature-coding.js'
import { InputError } from '../../src/datasets/input-error.js'
import { encodeInputs, encodeRows } from '../../src/datasets/raw-rows.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import { describeTable } from '../../src/datasets/table.js'
import { findMismatch } from '../../src/datasets/transfer.js'
import { movedShapes } from '../../src/datasets/transfer-weights.js'
import { encoded, rowsOf } from '../support/encoding.js'
import { prepared, reading } from '../support/prepared.js'

const heads = [
  { name: 'x', role: 'feature' as const },
  { name: 'y', role: 'feature' as const },
  { name: 'z', role: 'target' as const },
]
const table = (rows: readonly (readonly [number, number])[]) =>
  describeTable(heads, Float64Array.from(rows.flatMap(([x, y]) => [x, y, 0])))

const all: DerivedFeature[] = [
  { type: 'square', of: 'x' },
  { type: 'sin', of: 'y' },
  { type: 'product', of: ['x', 'y'] },
]
const options = { outputs: 1, loss: 'huber' as const }

describe('a training', () => {
  test('reads them after the columns, from unscaled values', () => {
    const { trainingX, coding } = encoded(
      table([
        [2, -3],
        [0.5, 4],
      ]),
      { ...options, derivedFeatures: all },
    )
    expect(rowsOf(trainingX, 5)).toEqual([
      [2, -3, 4, Math.fround(Math.sin(-3)), -6],
      [0.5, 4, 0.25, Math.fround(Math.sin(4)), 2],
    ])
    expect(coding.derived).toEqual([
      { type: 'square', of: ['x'], offset: 0, scale: 1 },
      { type: 'sin', of: ['y'], offset: 0, scale: 1 },
      { type: 'product', of: ['x', 'y'], offset: 0, scale: 1 },
    ])
  })

  test('scales them by their training rows', () => {
    // The squares of 1, 3 and 5 are 1, 9 and 25: mean 35 / 3, least 1, range 24.
    const rows = table([
      [1, 0],
      [3, 0],
      [5, 0],
      [7, 0],
    ])
    const given = { ...options, derivedFeatures: [{ type: 'square', of: 'x' }] as DerivedFeature[] }
    const chosen = { rows: [0, 1, 2] }
    const minMax = encoded(rows, { ...given, scaling: 'minMax' }, chosen)
    expect(minMax.coding.derived).toEqual([{ type: 'square', of: ['x'], offset: 1, scale: 24 }])
    expect(rowsOf(minMax.trainingX, 3).map(([, , square]) => square)).toEqual([0, Math.fround(8 / 24), 1])
    expect(minMax.validationX[2]).toBe(2)
    const { coding } = encoded(rows, { ...given, scaling: 'standardize' }, chosen)
    const deviation = Math.sqrt(((1 - 35 / 3) ** 2 + (9 - 35 / 3) ** 2 + (25 - 35 / 3) ** 2) / 3)
    expect(coding.derived?.[0].offset).toBeCloseTo(35 / 3, 9)
    expect(coding.derived?.[0].scale).toBeCloseTo(deviation, 9)
  })

  test('computes them from replaced missing values', async () => {
    const columns = { x: [['4', '', '8']], y: [['1', '2', '3']], z: [['0', '1', '0']] }
    const missing = { everywhere: 'mean' as const, columns: [] }
    const holes = await prepared(reading(columns), { target: ['z'], missing })
    const { trainingX, coding } = encoded(holes, {
      ...{ ...options, scaling: 'none' },
      derivedFeatures: [{ type: 'product', of: ['x', 'y'] }],
    })
    // The mean of 4 and 8.
    expect(rowsOf(trainingX, 3)).toEqual([
      [4, 1, 4],
      [6, 2, 12],
      [8, 3, 24],
    ])
    expect([...encodeInputs(coding, [[null, 5], { y: 5 }])]).toEqual([6, 5, 30, 6, 5, 30])
  })

  test('names the row of a number that is too large', () => {
    const rows = table([
      [1, 1],
      [1e30, 1],
    ])
    expect(() => encoded(rows, { ...options, derivedFeatures: all })).toThrow(
      'x, row 2: x² is too large for a 32-bit number',
    )
  })

  test('from a model keeps its scales, in whatever order a product names its columns', () => {
    const source: Coding = {
      features: ['x', 'y'].map((name) => ({ type: 'number', name, offset: 1, scale: 2 })),
      derived: [{ type: 'product', of: ['y', 'x'], offset: 3, scale: 4 }],
      target: { type: 'number', names: ['z'] },
    }
    const given = { ...options, scaling: 'minMax' as const, derivedFeatures: all }
    const rows = table([
      [1, 2],
      [3, 4],
    ])
    const inheritance = { coding: source, scaling: true, targetScaling: true }
    const [square, , product] = encoded(rows, { ...given, inheritance }).coding.derived ?? []
    expect(product).toEqual({ type: 'product', of: ['x', 'y'], offset: 3, scale: 4 })
    expect(square).toMatchObject({ offset: 1, scale: 8 })
    const fresh = encoded(rows, { ...given, inheritance: { ...inheritance, scaling: false } }).coding
    expect(fresh.derived?.[2]).toMatchObject({ offset: 2, scale: 10 })
  })
})

const number = fc.record({
  type: fc.constant('number' as const),
  offset: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  scale: fc.double({ min: 1e-2, max: 1e3, noNaN: true }),
})
const value = fc.double({ min: -1e4, max: 1e4, noNaN: true })

describe('a prediction', () => {
  test('has the bits of the training', () => {
    fc.assert(
      fc.property(
        fc.tuple(number, number),
        fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 5 }),
        (numbers, rows) => {
          const features = numbers.map((each, index): FeatureCoding => ({ ...each, name: 'xy'[index] }))
          const derived = all.map(({ type, of }) => ({ type, of: [of].flat(), offset: 0.5, scale: 3 }))
          const coding: Coding = { features, derived, target: { type: 'number', names: ['z'] } }
          const source = table(rows)
          const x = new Float32Array(rows.length * inputCount(coding))
          encodeByCoding({ table: source, rows: everyRow(source) }, coding, 'huber', x, null)
          expect(encodeInputs(coding, rows)).toEqual(x)
        },
      ),
    )
  })

  test('is refused for the row and column of a number that is too large', () => {
    const coding: Coding = {
      features: ['x', 'y'].map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      derived: [{ type: 'square', of: ['y'], offset: 0, scale: 1 }],
      target: { type: 'number', names: ['z'] },
    }
    const { inputs, errors } = encodeRows(coding, [
      [1, 1e30],
      [1, 2],
    ])
    expect([...inputs]).toEqual([1, 2, 4])
    expect(errors).toEqual([
      { row: 0, error: new InputError('/0/1', 'y: y² is too large for a 32-bit number') },
    ])
  })
})

describe('the weights of a model', () => {
  const features: Coding['features'] = ['x', 'y'].map((name) => ({
    type: 'number',
    name,
    offset: 0,
    scale: 1,
  }))
  const target = { type: 'number' as const, names: ['z'] }
  const square = { type: 'square' as const, of: ['x'] }
  const sine = { type: 'sin' as const, of: ['x'] }

  test('differ if derived features do', () => {
    const columns = table([[1, 2]]).columns
    expect(findMismatch({ features, derived: [square], target }, columns, { derived: [sine] })).toEqual({
      added: ['derived feature "sin x"'],
      missing: ['derived feature "x²"'],
    })
  })

  test('move with them', () => {
    const network = {
      layers: [{ type: 'dense' as const, units: 2, activation: 'linear' as const, useBias: false }],
    }
    const shapes = new Map([['layers.0.weight', { shape: [2, 3] }]])
    const before = { features, derived: [square], target }
    expect(movedShapes(shapes, network, before, { ...before, derived: [sine, square] })).toEqual(
      new Map([['layers.0.weight', { shape: [2, 4] }]]),
    )
    expect(movedShapes(shapes, network, before, before)).toEqual(shapes)
  })
})
