/** Validation folds and test rows. The sizes of the folds are those of scikit-learn: test/fixtures/sklearn/folds.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { tableFromInline } from '../../src/datasets/inline.js'
import { partSizes, type SplitRule, splitTable } from '../../src/datasets/split-rows.js'
import type { Table } from '../../src/datasets/table.js'

const fixture = z
  .object({
    stratified: z.array(
      z.object({
        name: z.string(),
        labels: z.array(z.int()),
        folds: z.int(),
        counts: z.array(z.array(z.int())),
      }),
    ),
    plain: z.array(z.object({ rows: z.int(), folds: z.int(), sizes: z.array(z.int()) })),
  })
  .parse(JSON.parse(readFileSync('test/fixtures/sklearn/folds.json', 'utf8')))

const tableOf = (labels: number[]) => tableFromInline({ x: labels.map((_, row) => row), y: labels })

const rule = (changes: Partial<SplitRule>): SplitRule => ({
  ...{ split: 'stratified', validationSplit: 0, seed: 1, loss: 'categoricalCrossentropy' },
  ...changes,
})

/** The split of each fold. */
const foldsOf = (table: Table, folds: number, changes: Partial<SplitRule> = {}) =>
  Array.from({ length: folds }, (_, index) =>
    splitTable(rule({ validationFold: { folds, fold: index + 1, seed: 3 }, ...changes }), table),
  )

const ascending = (rows: number[]) => rows.sort((a, b) => a - b)

describe('validation folds', () => {
  it.each(fixture.stratified)('have the class counts of StratifiedKFold: $name in $folds folds', ({
    labels,
    folds,
    counts,
  }) => {
    const found = foldsOf(tableOf(labels), folds).map(({ validation }) =>
      counts[0].map((_, label) => validation.filter((row) => labels[row] === label).length),
    )
    expect(found).toEqual(counts)
  })

  it.each(fixture.plain)('have the sizes of KFold without classes: $rows rows in $folds folds', ({
    rows,
    folds,
    sizes,
  }) => {
    const table = tableOf(Array.from({ length: rows }, (_, row) => row / 2))
    const found = foldsOf(table, folds, { split: 'random', loss: 'meanSquaredError' })
    expect(found.map(({ validation }) => validation.length)).toEqual(sizes)
  })

  it.each([0, 0.2])('have each row but the test rows once, with a test split of %s', (testSplit) => {
    const { labels } = fixture.stratified[0]
    const splits = foldsOf(tableOf(labels), 5, { testSplit })
    const every = [...labels.keys()]
    const { test } = splits[0]
    expect(test).toHaveLength(testSplit * labels.length)
    expect(ascending([...test, ...splits.flatMap(({ validation }) => [...validation])])).toEqual(every)
    for (const { training, validation, test: same } of splits) {
      expect([...same]).toEqual([...test])
      expect(ascending([...training, ...validation, ...test])).toEqual(every)
    }
  })

  it('depend on their own seed, not on that of the training', () => {
    const table = tableOf(fixture.stratified[0].labels)
    const first = foldsOf(table, 3)
    expect(foldsOf(table, 3, { seed: 99 })).toEqual(first)
    const other = splitTable(rule({ validationFold: { folds: 3, fold: 1, seed: 4 } }), table)
    expect(other.validation).not.toEqual(first[0].validation)
  })
})

describe('a test split', () => {
  const { labels } = fixture.stratified[0]
  const table = tableOf(labels)

  it('keeps the same rows apart for every seed, with the share of each class', () => {
    const splits = [1, 2, 3].map((seed) =>
      splitTable(rule({ testSplit: 0.2, validationSplit: 0.25, seed }), table),
    )
    const [{ test }] = splits
    // A fifth of 50 rows of each class.
    expect([0, 1, 2].map((label) => test.filter((row) => labels[row] === label).length)).toEqual([10, 10, 10])
    for (const split of splits) {
      expect(split.test).toEqual(test)
      // A quarter of the 120 rows that are left.
      expect(split.validation).toHaveLength(30)
      expect(ascending([...split.training, ...split.validation, ...test])).toEqual([...labels.keys()])
    }
    expect(splits[0].validation).not.toEqual(splits[1].validation)
  })

  it('takes the last rows by time, and the validation rows before them', () => {
    const changes = { split: 'chronological', testSplit: 0.2, validationSplit: 0.25 } as const
    const ten = tableOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const { training, validation, test } = splitTable(rule(changes), ten)
    expect([[...training], [...validation], [...test]]).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7],
      [8, 9],
    ])
  })

  it.each([
    { testSplit: 0.1, validationSplit: 0.3 },
    { testSplit: 0.33, validationFold: { folds: 7, fold: 7, seed: 0 } },
    { validationFold: { folds: 4, fold: 1, seed: 0 } },
  ])('has the sizes that are planned: %o', (changes) => {
    const split = splitTable(rule(changes), table)
    const sizes = Object.fromEntries(Object.entries(split).map(([part, rows]) => [part, rows.length]))
    expect(sizes).toEqual(partSizes(rule(changes), labels.length))
  })
})
