/** Weights of rows follow their targets. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ClassWeight } from '../../src/contract/job-request.js'
import { classWeights } from '../../src/datasets/row-weights.js'
import { encoded, rowsOf } from '../support/encoding.js'
import { type Columns, prepared, reading } from '../support/prepared.js'

const { balanced } = z
  .object({
    balanced: z.array(
      z.object({
        name: z.string(),
        labels: z.array(z.string()),
        classes: z.array(z.string()),
        weights: z.array(z.number()),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/sklearn/metrics.json', import.meta.url), 'utf8')))

describe('of classes', () => {
  test('balanced equal those of scikit-learn', () => {
    // compute_class_weight('balanced', classes=['a', 'b', 'c'], y=7 · 'a', 2 · 'b', 1 · 'c') of scikit-learn 1.2.1.
    const weights = classWeights('balanced', ['a', 'b', 'c'], [7, 2, 1])
    expect(weights[0]).toBeCloseTo(0.47619047619047616, 15)
    expect(weights[1]).toBeCloseTo(1.6666666666666667, 15)
    expect(weights[2]).toBeCloseTo(3.3333333333333335, 15)
  })

  test.each(balanced)('balanced of $name equal test/fixtures/sklearn', ({ labels, classes, weights }) => {
    const counts = classes.map((name) => labels.filter((label) => label === name).length)
    const expected = weights.map((weight) => expect.closeTo(weight, 12))
    expect(classWeights('balanced', classes, counts)).toEqual(expected)
  })

  test('without training rows do not change those of others', () => {
    expect(classWeights('balanced', ['a', 'b', 'c'], [3, 0, 1])).toEqual([4 / 6, 1, 2])
  })

  test('are 1 unless they are named', () => {
    const given: ClassWeight = { yes: 5 }
    expect(classWeights(given, ['no', 'yes', 'toString'], [9, 1, 1])).toEqual([1, 5, 1])
  })
})

const churn: Columns = {
  age: [[1, 2, 3, 4]],
  weight: [[1, 2, 0, 0.5]],
  churned: [['no', 'no', 'yes', 'no']],
}
const binary = { outputs: 1, loss: 'binaryCrossentropy' } as const

describe('in the encoded rows', () => {
  test('are those of the class, learned from the training rows alone', async () => {
    const table = await prepared(reading(churn))
    const { trainingY, validationY, width } = encoded(
      table,
      { ...binary, classWeight: 'balanced' },
      { rows: [0, 1, 2] },
    )
    expect(rowsOf(trainingY, width)).toEqual([
      [0, 0.75],
      [0, 0.75],
      [1, 1.5],
    ])
    expect(rowsOf(validationY, width)).toEqual([[0, 0.75]])
  })

  test('are those of a column, which is not a feature then', async () => {
    const table = await prepared(reading(churn))
    const { coding, trainingX, trainingY } = encoded(table, { ...binary, sampleWeight: 'weight' })
    expect(coding.features.map(({ name }) => name)).toEqual(['age'])
    expect(coding.ignored).toEqual(['weight', 'churned'])
    expect([...trainingX]).toEqual([1, 2, 3, 4])
    expect(rowsOf(trainingY, 2)).toEqual([
      [0, 1],
      [0, 2],
      [1, 0],
      [0, 0.5],
    ])
  })

  test('are the product of both, also after one-hot targets', async () => {
    const table = await prepared(reading(churn))
    const options = { outputs: 2, loss: 'categoricalCrossentropy', classWeight: { no: 2 } } as const
    const { trainingY } = encoded(table, { ...options, sampleWeight: 'weight' })
    expect(rowsOf(trainingY, 3)).toEqual([
      [1, 0, 2],
      [1, 0, 4],
      [0, 1, 0],
      [1, 0, 1],
    ])
  })

  test('must be present and at least 0', async () => {
    const wrong = await prepared(reading({ ...churn, weight: [[1, -2, 0, 1]] }))
    expect(() => encoded(wrong, { ...binary, sampleWeight: 'weight' })).toThrow(
      'weight, row 2: the weight is -2; it must be a number of at least 0',
    )
    const gap = await prepared(reading({ ...churn, weight: [['1', '', '0', '1']] }))
    expect(() => encoded(gap, { ...binary, sampleWeight: 'weight' })).toThrow('row 2: the weight is missing')
  })

  test('of classes need classes', async () => {
    const table = await prepared(reading({ a: [[1, 2]], y: [[3, 4]] }))
    const options = { outputs: 1, loss: 'huber', classWeight: 'balanced' } as const
    expect(() => encoded(table, options)).toThrow('classWeight needs a target with classes, and y has none')
  })
})

describe('of excluded rows', () => {
  const options = { ...binary, classWeight: 'balanced' as const, excludedRows: [0, 3] }

  test('are 0, and the others keep their mean', async () => {
    const table = await prepared(reading(churn))
    const { trainingY, width } = encoded(table, options)
    // Rows 1 and 2 have one class each, so their balanced weights are 1. Two of four rows remain: twice as much.
    expect(rowsOf(trainingY, width)).toEqual([
      [0, 0],
      [0, 2],
      [1, 2],
      [0, 0],
    ])
  })

  test('are those of training rows only', async () => {
    const table = await prepared(reading(churn))
    const { trainingY, validationY, width } = encoded(table, options, { rows: [0, 1, 2] })
    expect(rowsOf(trainingY, width)).toEqual([
      [0, 0],
      [0, 1.5],
      [1, 1.5],
    ])
    expect(rowsOf(validationY, width)).toEqual([[0, 1]])
  })

  test('do not change scalings', async () => {
    const table = await prepared(reading({ ...churn, age: [[1, 2, 3, 1_000_000]] }))
    const scaled = { ...binary, scaling: 'standardize' as const }
    const { coding } = encoded(table, { ...scaled, excludedRows: [3] })
    expect(coding.features).toEqual(encoded(table, scaled, { rows: [0, 1, 2] }).coding.features)
  })
})
