/** A table gives the same answers however its rows are divided into chunks. */
import { describe, expect, test } from 'vitest'
import type { Coding, ImageFormat, TargetCoding } from '../../src/contract/dataset.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { inputCount, readColumn } from '../../src/datasets/feature-coding.js'
import { areBinary, labelledRows } from '../../src/datasets/labelled-rows.js'
import { readPixels, readRows, readRowsAt } from '../../src/datasets/preview.js'
import { everyRow, splitTable } from '../../src/datasets/split-rows.js'
import { encoded } from '../support/encoding.js'
import { prepared, reading, type Stored } from '../support/prepared.js'
import { rechunked } from '../support/rechunked.js'

const rows = 12
const text = (of: (row: number) => string | number | boolean) => [
  Array.from({ length: rows }, (_, row) => String(of(row))),
]

/** Every type of a column, each with missing values in other rows. */
const mixed = () =>
  prepared(
    reading({
      size: text((row) => (row === 4 ? '' : (row * row) / 8)),
      city: text((row) => (row === 5 ? '' : ['Rom', 'Bonn', 'Oslo'][(row * 2) % 3])),
      member: text((row) => (row === 6 ? '' : row % 3 === 0)),
      day: text((row) => (row === 7 ? '' : `2024-0${1 + (row % 9)}-11`)),
      weight: text((row) => row + 1),
      kind: text((row) => (row % 4 === 0 ? 'b' : 'a')),
    }),
    {
      target: ['kind'],
      types: [
        { name: 'kind', type: 'category' },
        { name: 'size', type: 'number' },
        { name: 'weight', type: 'number' },
      ],
      missing: { everywhere: 'mean', columns: [] },
    },
  )

const divisions = [[1], [2], [5], [3, 1, 4], [1, 11], [11, 1], [12]]

describe.each(divisions.map((sizes) => ({ sizes })))('chunks of $sizes rows', ({ sizes }) => {
  test('have the rows of their sizes', async () => {
    const table = rechunked(await mixed(), sizes)
    expect(table.chunks.length).toBeGreaterThanOrEqual(rows / Math.max(...sizes))
    expect(readRows(table, 0, rows)).toEqual((await mixed()).data)
  })

  test('are read from any row to any other', async () => {
    const whole = await mixed()
    const table = rechunked(whole, sizes)
    for (let first = 0; first <= rows; first++) {
      for (let count = 0; count <= rows + 1; count++) {
        expect(readRows(table, first, count), `${first} + ${count}`).toEqual(
          whole.data.slice(first, first + count),
        )
      }
    }
    for (const numbers of [[], [0], [rows - 1], [0, 1, 5, 11], [2, 4, 6], [3, 4]]) {
      expect(readRowsAt(table, numbers)).toEqual(numbers.map((row) => whole.data[row]))
    }
    // As the store gives a part of a table: its chunks begin at a later row.
    const later = { ...table, first: 100 }
    expect(readRows(later, 103, 4)).toEqual(whole.data.slice(3, 7))
    expect(readRows(later, 98, 4)).toEqual(whole.data.slice(0, 2))
    expect(readRowsAt(later, [100, 111])).toEqual([whole.data[0], whole.data[11]])
  })

  test.each([
    ['all rows', undefined],
    ['the first row alone', [0]],
    ['the last row alone', [rows - 1]],
    ['every other row', [1, 3, 5, 7, 9, 11]],
    ['rows around the ends of chunks', [0, 2, 3, 4, 5, 10, 11]],
  ])('have the coding and inputs of one chunk, trained on %s', async (_, trained) => {
    const whole = await mixed()
    const table = rechunked(whole, sizes)
    const options = { outputs: 1, loss: 'binaryCrossentropy', sampleWeight: 'weight' } as const
    for (const scaling of ['none', 'standardize', 'minMax'] as const) {
      const given = { ...options, scaling, classWeight: 'balanced' as const }
      const part = trained === undefined ? {} : { rows: trained }
      const expected = encoded(whole, given, part)
      expect(encoded(table, given, part)).toEqual(expected)
      // The validation rows may be another table, in other chunks.
      const apart = encoded(whole, given, { ...part, validation: table })
      expect(apart.validationX).toEqual(encoded(whole, given, { ...part, validation: whole }).validationX)
    }
  })

  test('return each row by its position in the part', async () => {
    const whole = await mixed()
    const table = rechunked(whole, sizes)
    const index = table.columns.findIndex(({ name }) => name === 'weight')
    for (const chosen of [[0], [11], [1, 2, 6, 11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]) {
      const part = { table, rows: Int32Array.from(chosen) }
      expect([...readColumn(part, index)]).toEqual(chosen.map((row) => row + 1))
    }
  })

  test('are split and labelled like one chunk', async () => {
    const whole = await mixed()
    const table = rechunked(whole, sizes)
    for (const split of ['stratified', 'random', 'chronological'] as const) {
      const rule = { split, validationSplit: 0.25, seed: 3, loss: 'binaryCrossentropy' as const }
      expect(splitTable(rule, table)).toEqual(splitTable(rule, whole))
    }
    const target: TargetCoding = { type: 'number', names: ['size'] }
    const known = everyRow(table).filter((row) => row !== 4)
    const asIs = withNaN(whole, 'size', 4)
    expect(labelledRows(rechunked(asIs, sizes), target)).toEqual(known)
  })

  test('name the row of an error', async () => {
    const table = await prepared(reading({ a: [[1, 2, 3, 4, 5, 6, 7]], y: [[0, 1, 0, 1, 2, 0, 1]] }), {
      types: [{ name: 'y', type: 'number' }],
    })
    const small = rechunked(table, sizes)
    const coding: TargetCoding = { type: 'number', names: ['y'], binary: true }
    expect(() => areBinary({ table: small, rows: everyRow(small) }, coding)).toThrow(/row 5\b|line 6\b/)
    expect(areBinary({ table: small, rows: Int32Array.of(0, 1, 2, 3, 5, 6) }, coding)).toBe(true)
    // A model that was trained on other numbers, too, expects no 0 and 1.
    const ofNumbers: TargetCoding = { type: 'number', names: ['y'] }
    expect(areBinary({ table: small, rows: everyRow(small) }, ofNumbers)).toBe(false)
    const byOther: Coding = {
      features: [{ type: 'number', name: 'a', offset: 0, scale: 1 }],
      target: { type: 'number', names: ['y'] },
      ignored: [],
    }
    const part = { table: rechunked(withNaN(table, 'a', 5), sizes), rows: everyRow(table) }
    const x = new Float32Array(part.rows.length * inputCount(byOther))
    expect(() => encodeByCoding(part, byOther, 'squaredError', x, null)).toThrow(/(row 6|line 7)\b.*missing/)
  })

  test('hold the pixels of each image', async () => {
    const images = await prepared(
      reading({ p1: [[0, 3, 6, 9, 12]], p2: [[1, 4, 7, 10, 13]], y: [[0, 1, 0, 1, 0]] }),
    )
    const table = rechunked(images, sizes)
    const image: ImageFormat = { width: 2, height: 1, channels: 1 }
    for (let row = 0; row < 5; row++)
      expect(readPixels(table, image, row)).toEqual(Uint8Array.of(3 * row, 3 * row + 1))
    expect(readPixels(table, image, 5)).toBeNull()
    expect(readPixels({ ...table, first: 7 }, image, 9)).toEqual(Uint8Array.of(6, 7))
    expect(readPixels({ ...table, first: 7 }, image, 6)).toBeNull()
  })

  test('hold the channels of each pixel', async () => {
    const planes = { r1: [[1, 2]], r2: [[3, 4]], g1: [[5, 6]], g2: [[7, 8]], b1: [[9, 10]], b2: [[11, 12]] }
    const table = rechunked(await prepared(reading({ ...planes, y: [[0, 1]] }), { target: ['y'] }), sizes)
    const image: ImageFormat = { width: 2, height: 1, channels: 3 }
    expect(readPixels(table, image, 1)).toEqual(Uint8Array.of(2, 6, 10, 4, 8, 12))
  })
})

/** The table with one cell missing, in one chunk. */
function withNaN(table: Stored, name: string, row: number): Stored {
  const single = rechunked(table, [1])
  const position = table.columns.findIndex((column) => column.name === name)
  const columns = rechunked(
    {
      ...table,
      rows: 1,
      columns: table.columns.map((column, index) =>
        index === position ? { ...column, type: 'ignored' as const } : column,
      ),
      chunks: [single.chunks[row]],
    },
    [1],
  )
  return {
    ...table,
    chunks: single.chunks.map((chunk, index) => (index === row ? columns.chunks[0] : chunk)),
  }
}
