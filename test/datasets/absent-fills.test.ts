/** Values that replace missing cells although no training row has them, and columns without any value to train on. */
import { describe, expect, test } from 'vitest'
import type { FeatureCoding } from '../../src/contract/dataset.js'
import type { Preparation } from '../../src/contract/preparation.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { featureWidth } from '../../src/datasets/feature-coding.js'
import { encodeRows } from '../../src/datasets/raw-rows.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import { encoded, rowsOf } from '../support/encoding.js'
import { prepared, reading } from '../support/prepared.js'

interface Case {
  readonly type: 'number' | 'category' | 'boolean' | 'date'
  readonly cells: string[]
  readonly rule: 'mean' | { constant: string }
  /** The rows that train. */
  readonly trained: number[]
  readonly coding: Partial<FeatureCoding>
  /** What a missing cell becomes. */
  readonly missing: number[]
}

const cases: Readonly<Record<string, Case>> = {
  'a constant number outside of the training range': {
    type: 'number',
    cells: ['1', '3', '', '5'],
    rule: { constant: '9' },
    trained: [0, 1],
    coding: { type: 'number', offset: 2, scale: 1, imputation: 9 },
    missing: [7],
  },
  'the mean of the training rows, which none of them has': {
    type: 'number',
    cells: ['1', '4', '', '500'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'number', offset: 2.5, scale: 1.5, imputation: 2.5 },
    missing: [0],
  },
  'the mean of no number': {
    type: 'number',
    cells: ['', '', '7', '8'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'number', offset: 0, scale: 1, imputation: 0 },
    missing: [0],
  },
  'a constant number where no training row has one': {
    type: 'number',
    cells: ['', '', '7', '8'],
    rule: { constant: '4' },
    trained: [0, 1],
    coding: { type: 'number', offset: 0, scale: 1, imputation: 4 },
    missing: [4],
  },
  'a constant category that no row has, with a missing cell in training': {
    type: 'category',
    cells: ['Rom', '', 'Bonn', 'Rom'],
    rule: { constant: 'none' },
    trained: [0, 1],
    coding: { type: 'category', categories: ['Bonn', 'Rom', 'none'], unseen: ['Bonn'], imputation: 'none' },
    missing: [0, 0, 1],
  },
  'a constant category that no training row has, without a missing cell in training': {
    type: 'category',
    cells: ['Rom', 'Bonn', '', 'Rom'],
    rule: { constant: 'none' },
    trained: [0, 1, 3],
    coding: { type: 'category', categories: ['Bonn', 'Rom', 'none'], unseen: ['none'], imputation: 'none' },
    missing: [0, 0, 0],
  },
  'a constant category that only other rows have': {
    type: 'category',
    cells: ['Rom', '', 'Bonn', 'Rom'],
    rule: { constant: 'Bonn' },
    trained: [0, 3],
    coding: { type: 'category', categories: ['Bonn', 'Rom'], unseen: ['Bonn'], imputation: 'Bonn' },
    missing: [0, 0],
  },
  'the most frequent category of the training rows, not of all': {
    type: 'category',
    cells: ['Rom', 'Bonn', 'Bonn', 'Rom', 'Rom', ''],
    rule: 'mean',
    trained: [0, 1, 2],
    coding: { type: 'category', categories: ['Bonn', 'Rom'], imputation: 'Bonn' },
    missing: [1, 0],
  },
  'the first of equally frequent categories': {
    type: 'category',
    cells: ['Rom', 'Bonn', '', 'Rom'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'category', categories: ['Bonn', 'Rom'], imputation: 'Bonn' },
    missing: [1, 0],
  },
  'the first category where no training row has one': {
    type: 'category',
    cells: ['', '', 'Rom', 'Bonn'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'category', categories: ['Bonn', 'Rom'], unseen: ['Rom'], imputation: 'Bonn' },
    missing: [1, 0],
  },
  'false where no training row has a boolean': {
    type: 'boolean',
    cells: ['', '', 'true', 'true'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'boolean', imputation: false },
    missing: [0],
  },
  'a constant boolean that no training row has': {
    type: 'boolean',
    cells: ['false', '', 'false', 'true'],
    rule: { constant: 'true' },
    trained: [0, 2],
    coding: { type: 'boolean', imputation: true },
    missing: [1],
  },
  'the mean day of the training rows': {
    type: 'date',
    cells: ['1970-01-03', '1970-01-07', '', '2020-01-01'],
    rule: 'mean',
    trained: [0, 1],
    // 1970-01-05 is a Monday (0), between a Saturday (5) and a Wednesday (2).
    coding: { type: 'date', first: 2, imputation: 4 },
    missing: [0, 0, (0 - 3.5) / 1.5, 0],
  },
  'the day 0 where no training row has a date': {
    type: 'date',
    cells: ['', '', '1990-01-01', '2000-01-01'],
    rule: 'mean',
    trained: [0, 1],
    coding: { type: 'date', first: 0, imputation: 0 },
    missing: [1970, 1, 3, 0],
  },
}

describe.each(Object.entries(cases))('%s', (_, { type, cells, rule, trained, coding, missing }) => {
  const missingRules: Preparation['missing'] = { everywhere: 'drop', columns: [{ name: 'x', rule }] }
  const table = () =>
    prepared(
      // The other feature keeps the rows.
      reading({ x: [cells], other: [cells.map((_cell, row) => row)], y: [cells.map((_cell, row) => row)] }),
      {
        target: ['y'],
        types: [
          { name: 'x', type },
          { name: 'other', type: 'number' },
        ],
        missing: missingRules,
      },
    )
  const options = { outputs: 1, loss: 'squaredError', scaling: 'standardize' } as const
  const missingRow = cells.indexOf('')

  test('is learned from the training rows', async () => {
    const { coding: learned } = encoded(await table(), options, { rows: trained })
    expect(learned.features[0]).toMatchObject({ name: 'x', ...coding })
    if (!('unseen' in coding)) expect(learned.features[0]).not.toHaveProperty('unseen')
  })

  test('is what a missing cell becomes, in the table and in a prediction', async () => {
    const stored = await table()
    const { coding: learned } = encoded(stored, options, { rows: trained })
    const [feature] = learned.features
    const width = featureWidth(feature) + 1
    const x = new Float32Array(stored.rows * width)
    encodeByCoding({ table: stored, rows: everyRow(stored) }, learned, 'squaredError', x, null)
    const ofTable = rowsOf(x, width)[missingRow].slice(0, -1)
    expect(ofTable).toEqual(missing.map((value) => expect.closeTo(value, 5)))
    const { inputs, errors } = encodeRows(learned, [{ x: null, other: 0 }])
    expect(errors).toEqual([])
    expect([...inputs].slice(0, -1)).toEqual(ofTable)
  })
})
