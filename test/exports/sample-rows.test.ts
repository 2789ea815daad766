import { expect, test } from 'vitest'
import type { FeatureCoding } from '../../src/contract/dataset.js'
import { dateCoding } from '../../src/datasets/date-parts.js'
import { encodeRows } from '../../src/datasets/raw-rows.js'
import { textOfDays } from '../../src/exports/date-cells.js'
import { sampleRows } from '../../src/exports/sample-rows.js'

const categories = Array.from({ length: 40 }, (_, index) => `c${index}`)
const features: FeatureCoding[] = [
  { type: 'number', name: 'size', offset: 10, scale: 2 },
  { type: 'number', name: 'age', offset: 40, scale: 5, imputation: 39 },
  { type: 'category', name: 'kind', categories, imputation: 'c1' },
  { type: 'boolean', name: 'flag', imputation: true },
  dateCoding('since', Float64Array.of(-1, 19_000), 'standardize', 'mean'),
]
const rows = sampleRows({ features })
const column = (index: number) => rows.map((row) => row[index])

test('sample rows are valid, and the same each time', () => {
  const { errors } = encodeRows({ features, target: { type: 'number', names: ['y'] } }, rows)
  expect(errors).toEqual([])
  expect(sampleRows({ features })).toEqual(rows)
})

test('sample rows have every category, an unknown one, and missing values where they are imputed', () => {
  expect(new Set(column(2))).toEqual(new Set([...categories, 'a category that no row has', null]))
  expect(new Set(column(0))).toEqual(new Set([6, 8, 10, 12, 14, 11, 9.4]))
  expect(column(0)).not.toContain(null)
  for (const index of [1, 3, 4]) expect(column(index)).toContain(null)
  expect(column(3)).toEqual(expect.arrayContaining([true, false]))
})

test('wide tables have fewer sample rows', () => {
  const wide = Array.from({ length: 10_000 }, (): FeatureCoding => features[0])
  expect(sampleRows({ features: wide })).toHaveLength(10)
})

test.each([
  [0, '1970-01-01'],
  [-1, '1969-12-31'],
  [19_782, '2024-02-29'],
  [0.5, '1970-01-01T12:00:00.000Z'],
  [1e9, null],
])('%f days are %s', (days, text) => expect(textOfDays(days)).toBe(text))
