/** Reads rows of a dataset as raw values, or as the pixels of an image. */
import type { Cell, ImageFormat, StoredColumn } from '../contract/dataset.js'
import { PackedRows } from './packed-rows.js'
import { iterateChunks, type Table } from './table.js'

/**
 * Raw values of rows first … first + count − 1, without ignored columns. `table.first` is the index of the
 * first row of the chunks.
 */
export function readRows(table: Table & { first?: number }, first: number, count: number): Cell[][] {
  const { first: offset = 0, chunks } = table
  const available = chunks.reduce((rows, chunk) => rows + new PackedRows(chunk).rows, 0)
  const [begin, end] = [Math.max(first, offset), Math.min(first + count, offset + available)]
  return readRowsAt(
    table,
    Array.from({ length: Math.max(0, end - begin) }, (_, place) => begin + place),
  )
}

/** Raw values of selected rows, whose numbers are ascending. */
export function readRowsAt(table: Table & { first?: number }, numbers: readonly number[]): Cell[][] {
  const { columns, first: offset = 0 } = table
  const places = columns.flatMap(({ type }, place) => (type === 'ignored' ? [] : [place]))
  const rows: Cell[][] = []
  for (const { first: start, packed } of iterateChunks(table)) {
    for (let next = numbers[rows.length]; next !== undefined; next = numbers[rows.length]) {
      const row = next - offset - start
      if (row >= packed.rows) break
      rows.push(places.map((place) => readCell(columns[place], packed.at(row, place))))
    }
  }
  return rows
}

function readCell({ type, categories = [], codes }: StoredColumn, value: number): Cell {
  if (Number.isNaN(value)) return null
  if (type !== 'category' && type !== 'boolean') return value
  const place = codes?.[value] ?? value
  return type === 'boolean' ? place === 1 : categories[place]
}

/**
 * Reads the image of a row as [height, width, channels] bytes. Returns null if the row does not exist. The
 * values of the dataset are from 0 to 255, or from 0 to 1 if none is larger.
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
  for (const { first, packed } of iterateChunks(table)) {
    const place = row - offset - first
    if (place >= 0 && place < packed.rows) return toPixels(packed, place, places, image, factor)
  }
  return null
}

function toPixels(
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
    // The dataset has channels first, the image has channels last.
    pixels[(index % area) * channels + Math.floor(index / area)] = Math.max(0, Math.min(255, level))
  }
  return pixels
}
