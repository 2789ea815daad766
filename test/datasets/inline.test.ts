import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type InlineRows, tableFromInline } from '../../src/datasets/inline.js'
import { DatasetError } from '../../src/datasets/table.js'
import { valuesOf } from '../support/tables.js'

describe('{x, y} as a table', () => {
  test('rows of numbers, one target', () => {
    const table = tableFromInline({
      x: [
        [1, 2],
        [3, 4],
      ],
      y: [5, 6],
    })
    expect(table.columns.map(({ name, role }) => [name, role])).toEqual([
      ['x1', 'feature'],
      ['x2', 'feature'],
      ['y', 'target'],
    ])
    expect(valuesOf(table)).toEqual(Float64Array.of(1, 2, 5, 3, 4, 6))
    expect(table.columns[2]).toMatchObject({ type: 'number', min: 5, max: 6, mean: 5.5 })
  })

  test('plain numbers are one feature; several targets are y1, y2, …', () => {
    const table = tableFromInline({
      x: [1, 2],
      y: [
        [3, 4],
        [5, 6],
      ],
    })
    expect(table.columns.map((column) => column.name)).toEqual(['x1', 'y1', 'y2'])
    expect(valuesOf(table)).toEqual(Float64Array.of(1, 3, 4, 2, 5, 6))
  })

  test('a target in a list of one is the same as a number', () => {
    expect(tableFromInline({ x: [1], y: [[2]] })).toEqual(tableFromInline({ x: [[1]], y: [2] }))
  })

  test('keeps any rectangular numbers in order', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      x: fc.integer({ min: 1, max: 4 }),
      y: fc.integer({ min: 1, max: 3 }),
    })
    const data = shape.chain(({ rows, x, y }) => {
      const block = (width: number) => {
        const row = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
          minLength: width,
          maxLength: width,
        })
        return fc.array(row, { minLength: rows, maxLength: rows })
      }
      return fc.record({ x: block(x), y: block(y) })
    })
    fc.assert(
      fc.property(data, ({ x, y }) => {
        const table = tableFromInline({ x, y })
        expect(Array.from(valuesOf(table))).toEqual(x.flatMap((row, index) => [...row, ...y[index]]))
      }),
    )
  })
})

test.each<[x: InlineRows, y: InlineRows, message: RegExp, pointer: string]>([
  [[], [], /x has no rows/, '/x'],
  [[1, 2], [1], /x has 2 rows and y has 1/, '/y'],
  [[[]], [1], /x: row 1 is empty/, '/x/0'],
  [[[1], [2, 3]], [1, 2], /^x: row 2 has 2 numbers, but the first row has 1$/, '/x/1'],
  [[[1, 2], 3], [1, 2], /^x: row 2 has 1 number, but the first row has 2$/, '/x/1'],
  [[1, 2], [[1], []], /^y: row 2 has 0 numbers/, '/y/1'],
  [[[1, Number.NaN]], [1], /^x: row 1, number 2 is not a finite number$/, '/x/0/1'],
  [[1, 2], [1, Number.POSITIVE_INFINITY], /^y: row 2, number 1 is not a finite number$/, '/y/1'],
])('%j with %j is refused', (x, y, message, pointer) => {
  const attempt = () => tableFromInline({ x, y })
  expect(attempt).toThrow(DatasetError)
  expect(attempt).toThrow(message)
  expect(attempt).toThrow(expect.objectContaining({ code: 'invalid-dataset', pointer }))
})
