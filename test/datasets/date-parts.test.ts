/** Dates as features: year, month, day of the week, days since the first. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredColumn } from '../../src/contract/dataset.js'
import { computeDateParts, dateCoding, encodeDate } from '../../src/datasets/date-parts.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import { describeTable, type Table } from '../../src/datasets/table.js'
import { encoded, rowsOf } from '../support/encoding.js'

// Python's datetime: (date − date(1970, 1, 1)).days, year, month, weekday(), (date − first).days.
const first = 18_261
const dates: [string, number, number[]][] = [
  ['2019-12-31', 18_261, [2019, 12, 1, 0]],
  ['2020-02-29', 18_321, [2020, 2, 5, 60]],
  ['2021-07-04', 18_812, [2021, 7, 6, 551]],
  ['1969-12-31', -1, [1969, 12, 2, -18_262]],
]

test.each(dates)('computes the parts of %s', (_, days, parts) => {
  expect(computeDateParts(days, first)).toEqual(parts)
})

test('a time before 1970 belongs to the day that began before it', () => {
  // Noon of 1969-12-31, a Wednesday.
  expect(computeDateParts(-0.5, 0)).toEqual([1969, 12, 2, -0.5])
})

test('the day of the week cycles before and after 1970', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000, max: 100_000 }), (days) => {
      const [, , dayOfWeek] = computeDateParts(days, 0)
      expect(computeDateParts(days + 1, 0)[2]).toBe((dayOfWeek + 1) % 7)
    }),
  )
})

/** A table with a date, a number feature and a target. NaN is a missing date. */
function table(days: number[], imputation?: StoredColumn['imputation']): Table {
  const heads = [
    { name: 'signup', role: 'feature' },
    { name: 'a', role: 'feature' },
    { name: 'y', role: 'target' },
  ] as const
  const made = describeTable(heads, Float64Array.from(days.flatMap((day, row) => [day, row, row + 10])))
  const [signup, ...rest] = made.columns
  const date: StoredColumn = { name: 'signup', type: 'date', role: 'feature' }
  return {
    ...made,
    columns: [
      { ...date, ...(imputation === undefined ? {} : { imputation }), min: signup.min ?? 0 },
      ...rest,
    ],
  }
}

const linear = { outputs: 1, loss: 'meanSquaredError' } as const

describe('a column of dates', () => {
  test('becomes four numbers, each scaled by the training rows', () => {
    const days = dates.map(([, day]) => day)
    const { coding, trainingX, validationX, features } = encoded(
      table(days),
      { ...linear, scaling: 'standardize' },
      { rows: [0, 1, 2] },
    )
    expect(features).toBe(5)
    // numpy: mean and population deviation of the parts of the first three dates.
    expect(coding.features[0]).toEqual({
      type: 'date',
      name: 'signup',
      first,
      parts: [
        { part: 'year', offset: 2020, scale: expect.closeTo(0.816496580927726, 12) },
        { part: 'month', offset: 7, scale: expect.closeTo(4.08248290463863, 12) },
        { part: 'dayOfWeek', offset: 4, scale: expect.closeTo(2.160246899469287, 12) },
        {
          part: 'daysSinceFirst',
          offset: expect.closeTo(203.66666666666666, 10),
          scale: expect.closeTo(246.8202224742175, 10),
        },
      ],
    })
    expect(rowsOf(trainingX, 5)[1].slice(0, 4)).toEqual([
      0,
      expect.closeTo((2 - 7) / 4.08248290463863, 6),
      expect.closeTo((5 - 4) / 2.160246899469287, 6),
      expect.closeTo((60 - 203.66666666666666) / 246.8202224742175, 6),
    ])
    expect(rowsOf(validationX, 5)[0][3]).toBeCloseTo((-18_262 - 203.66666666666666) / 246.8202224742175, 4)
  })

  test('imputes a missing date with the mean day, or is refused without imputation', () => {
    const gaps = [18_261, Number.NaN, 18_321, 18_812]
    const { coding, trainingX } = encoded(table(gaps, 'mean'), linear)
    // numpy: mean of 18261, 18321, 18812 is 18464.67, in the night before 2020-07-22, a Wednesday.
    expect(coding.features[0]).toMatchObject({ imputation: 18_465 })
    expect(rowsOf(trainingX, 5)[1].slice(0, 4)).toEqual([2020, 7, 2, 204])
    expect(() => encoded(table(gaps), linear)).toThrow('signup, row 2: is missing')
  })

  test('is refused if the network was trained on a number, and vice versa', () => {
    const { coding } = encoded(table([1, 2]), linear)
    const numbers = describeTable(
      [
        { name: 'signup', role: 'feature' },
        { name: 'a', role: 'feature' },
      ],
      Float64Array.of(1, 2, 3, 4),
    )
    const part = { table: numbers, rows: everyRow(numbers) }
    expect(() => encodeByCoding(part, coding, 'huber', new Float32Array(10), null)).toThrow(
      'signup is a number, but the network was trained on a date: upload with types=signup:date',
    )
  })
})

test('encodes a single date by the learned coding', () => {
  const coding = dateCoding('signup', Float64Array.of(18_261, 18_321), 'minMax')
  expect(encodeDate(coding, 18_321)).toEqual([1, 0, 1, 1])
})
