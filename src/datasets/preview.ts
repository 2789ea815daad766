/** Rows of a dataset as a person reads them, and rows that are pictures as pixels. */
import type { Cell, ImageFormat, StoredColumn } from '../contract/dataset.js'
import { PackedRows } from './packed-rows.js'
import { packedRowsOf, type Table } from './table.js'

/** Raw values of rows first … first + count − 1, ignored columns left out. `offset` is the number of the chunks’ first row. */
export function readRows(table: Table & { first?: number }, first: number, count: number): Cell[][] {
  const { first: offset = 0, chunks } = table
  const held = chunks.reduce((rows, chunk) => rows + new PackedRows(chunk).rows, 0)
  const [begin, end] = [Math.max(first, offset), Math.min(first + count, offset + held)]
  return readRowsAt(
    table,
    Array.from({ length: Math.max(0, end - begin) }, (_, place) => begin + place),
  )
}

/** Raw values of the rows of these ascending numbers. */
export function readRowsAt(table: Table & { first?: number }, numbers: readonly number[]): Cell[][] {
  const { columns, first: offset = 0 } = table
  const places = columns.flatMap(({ type }, place) => (type === 'ignored' ? [] : [place]))
  const found: Cell[][] = []
  for (const { first: start, packed } of packedRowsOf(table)) {
    for (let next = numbers[found.length]; next !== undefined; next = numbers[found.length]) {
      const row = next - offset - start
      if (row >= packed.rows) break
      found.push(places.map((place) => cellOf(columns[place], packed.at(row, place))))
    }
  }
  return found
}

function cellOf({ type, categories = [], codes }: StoredColumn, value: number): Cell {
  if (Number.isNaN(value)) return null
  if (type !== 'category' && type !== 'boolean') return value
  const place = codes?.[value] ?? value
  return type === 'boolean' ? place === 1 : categories[place]
}

/**
 * The picture in one row: bytes row by row, the channels of a pixel side by side; null when there is no such row.
 * Numbers from 0 to 255, or from 0 to 1 when none in the dataset is larger.
 */
export function readPixels(
  table: Table & { first?: number },
  image: ImageFormat,
  row: number,
): Uint8Array<ArrayBuffer> | null {
  const { columns, first: offset = 0 } = table
  const places = columns.flatMap(({ role }, place) => (role === 'feature' ? [place] : []))
  const brightest = places.reduce((most, place) => Math.max(most, columns[place].max ?? 0), 0)
  const factor = brightest <= 1 ? 255 : 1
  for (const { first, packed } of packedRowsOf(table)) {
    const place = row - offset - first
    if (place >= 0 && place < packed.rows) return pixelsOf(packed, place, places, image, factor)
  }
  return null
}

function pixelsOf(
  packed: PackedRows,
  row: number,
  places: readonly number[],
  { width, height, channels }: ImageFormat,
  factor: number,
): Uint8Array<ArrayBuffer> {
  const area = width * height
  const pixels = new Uint8Array(area * channels)
  for (const [index, place] of places.entries()) {
    const level = Math.round(factor * packed.at(row, place))
    // Channels first in the dataset, last in a picture.
    pixels[(index % area) * channels + Math.floor(index / area)] = Math.max(0, Math.min(255, level))
  }
  return pixels
}
