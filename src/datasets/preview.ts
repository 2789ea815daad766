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
    Array.from({ length: Math.max(0, end - begin) }, (_, index) => begin + index),
  )
}

/** Raw values of selected rows, whose numbers are ascending. */
export function readRowsAt(table: Table & { first?: number }, numbers: readonly number[]): Cell[][] {
  const { columns, first: offset = 0 } = table
  const positions = columns.flatMap(({ type }, index) => (type === 'ignored' ? [] : [index]))
  const rows: Cell[][] = []
  for (const { first: start, packed } of iterateChunks(table)) {
    for (let next = numbers[rows.length]; next !== undefined; next = numbers[rows.length]) {
      const row = next - offset - start
      if (row >= packed.rows) break
      rows.push(positions.map((index) => readCell(columns[index], packed.at(row, index))))
    }
  }
  return rows
}

function readCell({ type, categories = [], codes }: StoredColumn, value: number): Cell {
  if (Number.isNaN(value)) return null
  if (type !== 'category' && type !== 'boolean') return value
  const index = codes?.[value] ?? value
  return type === 'boolean' ? index === 1 : categories[index]
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
  const positions = columns.flatMap(({ role }, index) => (role === 'feature' ? [index] : []))
  const brightest = positions.reduce((most, index) => Math.max(most, columns[index].max ?? 0), 0)
  const factor = brightest <= 1 ? 255 : 1
  for (const { first, packed } of iterateChunks(table)) {
    const index = row - offset - first
    if (index >= 0 && index < packed.rows) return toPixels(packed, index, positions, image, factor)
  }
  return null
}

function toPixels(
  packed: PackedRows,
  row: number,
  positions: readonly number[],
  { width, height, channels }: ImageFormat,
  factor: number,
): Uint8Array<ArrayBuffer> {
  const area = width * height
  const pixels = new Uint8Array(area * channels)
  for (const [index, position] of positions.entries()) {
    const level = Math.round(factor * packed.at(row, position))
    // The dataset has channels first, the image has channels last.
    pixels[(index % area) * channels + Math.floor(index / area)] = Math.max(0, Math.min(255, level))
  }
  return pixels
}
