import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ColumnValues, PackedRows, packRows } from '../../src/datasets/packed-rows.js'

const header = (columns: number) => 8 + columns

test.each([
  ['nothing for a column that is not kept', null, 0],
  ['8 bytes for a constant', [7.25, 7.25, 7.25], 8],
  ['8 bytes for nothing but missing values', [Number.NaN, Number.NaN], 8],
  ['a bit for 0 and 1', Array.from({ length: 17 }, (_, row) => row % 2), 3],
  ['8 of them in a byte', Array.from({ length: 16 }, (_, row) => row % 2), 2],
  ['2 bytes for 0 and 1 with a missing one', [0, 1, Number.NaN], 6],
  ['a byte for whole numbers to 255', [0, 255, 3], 3],
  ['2 bytes for whole numbers to 256', [0, 256, 3], 6],
  ['2 bytes for small whole numbers, missing ones among them', [-32_767, 32_767, Number.NaN], 6],
  ['4 bytes for float32', [0.5, Math.fround(0.1), Number.NaN, -32_768], 16],
  ['8 bytes for anything else', [0.1, 1, 2], 24],
  ['8 bytes for large whole numbers', [2 ** 53 - 1, 0], 16],
])('%s', (_, values, bytes) => {
  const column = values === null ? null : Float64Array.from(values)
  const packed = packRows([column], column?.length ?? 3)
  expect(packed.length).toBe(header(1) + bytes)
})

describe('what was packed', () => {
  const number = fc.oneof(
    fc.constantFrom(0, -0, 1, 255, 256, -1, 32_767, -32_768, Number.NaN, 0.5),
    fc.integer({ min: 0, max: 255 }),
    fc.double({ noDefaultInfinity: true }),
  )
  const table = fc.integer({ min: 1, max: 40 }).chain((rows) => {
    const values = fc.oneof(
      fc.array(number, { minLength: rows, maxLength: rows }),
      fc.array(fc.constantFrom(0, 1), { minLength: rows, maxLength: rows }),
      fc.array(fc.float({ noDefaultInfinity: true }), { minLength: rows, maxLength: rows }),
    )
    const column = fc.option(values.map((all) => Float64Array.from(all)))
    return fc.tuple(fc.constant(rows), fc.array(column, { minLength: 1, maxLength: 6 }))
  })

  test('comes back bit for bit, by column and by cell, from any place in memory', () => {
    fc.assert(
      fc.property(table, fc.nat({ max: 9 }), ([rows, columns], shift) => {
        const packed = packRows(columns, rows)
        const shifted = new Uint8Array(new SharedArrayBuffer(packed.length + shift)).subarray(shift)
        shifted.set(packed)
        const read = new PackedRows(shifted)
        expect([read.rows, read.columns]).toEqual([rows, columns.length])
        const into = new Float64Array(rows + 1).fill(9)
        for (const [index, values] of columns.entries()) {
          const wanted: NonNullable<ColumnValues> = values ?? new Float64Array(rows).fill(Number.NaN)
          read.read(index, into)
          for (let row = 0; row < rows; row++) {
            expect([into[row], read.at(row, index)]).toEqual([wanted[row], wanted[row]])
          }
          expect(into[rows]).toBe(9)
        }
      }),
    )
  })

  test('and then cut off is an error', () => {
    const packed = packRows([Float64Array.of(1, 2, 3)], 3)
    expect(() => new PackedRows(packed.subarray(0, packed.length - 1))).toThrow(RangeError)
  })

  test('and then has a header with billions of columns is an error at once', () => {
    const packed = packRows([Float64Array.of(1, 2, 3)], 3)
    packed[7] = 255
    expect(() => new PackedRows(packed)).toThrow(RangeError)
  })
})
