/** A dataset in memory: its columns and packed rows. */
import type { StoredColumn } from '../contract/dataset.js'
import { Moments } from './moments.js'
import { PackedRows, packRows } from './packed-rows.js'

export interface Table {
  columns: StoredColumn[]
  rows: number
  /**
   * The rows in order, packed (packed-rows.ts). Categories and booleans are codes, missing values are NaN.
   */
  chunks: Uint8Array[]
}

/** Invalid or too large data. The message names the place. `pointer` is a JSON Pointer for data in JSON. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError'

  constructor(
    readonly code: 'invalid-dataset' | 'dataset-too-large',
    message: string,
    readonly pointer?: string,
  ) {
    super(message)
  }
}

/** A column without statistics. */
export type ColumnHead = Pick<StoredColumn, 'name' | 'role' | 'categories'>

/** The most values of a chunk, which is 4 MiB in the widest format. */
const chunkValues = 512 * 1024

export function rowsPerChunk(columns: number): number {
  return Math.max(1, Math.floor(chunkValues / columns))
}

/**
 * Creates a table from finite values [rows, heads] in row-major order. Computes the range and mean of each
 * number column and the rows of each category.
 */
export function describeTable(heads: readonly ColumnHead[], values: Float64Array): Table {
  const width = heads.length
  const rows = values.length / width
  const whole = heads.map((_, index) => {
    const column = new Float64Array(rows)
    for (let row = 0; row < rows; row++) column[row] = values[row * width + index]
    return column
  })
  const columns = heads.map(({ name, role, categories }, index): StoredColumn => {
    if (categories !== undefined) {
      return { name, type: 'category', role, categories, counts: countCodes(whole[index], categories.length) }
    }
    const moments = new Moments()
    moments.take(whole[index])
    const { minimum: min, maximum: max, mean } = moments
    return { name, type: 'number', role, min, max, mean, integers: whole[index].every(Number.isInteger) }
  })
  const chunks: Uint8Array[] = []
  const step = rowsPerChunk(width)
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step)
    chunks.push(
      packRows(
        whole.map((column) => column.subarray(start, end)),
        end - start,
      ),
    )
  }
  return { columns, rows, chunks }
}

function countCodes(codes: Float64Array, categories: number): number[] {
  const counts = Array<number>(categories).fill(0)
  for (const code of codes) counts[code] += 1
  return counts
}

/** Iterates over the chunks of a table, each with the index of its first row. */
export function* iterateChunks({
  chunks,
}: Pick<Table, 'chunks'>): Generator<{ first: number; packed: PackedRows }> {
  let first = 0
  for (const bytes of chunks) {
    const packed = new PackedRows(bytes)
    yield { first, packed }
    first += packed.rows
  }
}
