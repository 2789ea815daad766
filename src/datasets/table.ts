/** A dataset’s rows and what its columns mean. */
import type { StoredColumn } from '../contract/dataset.js'
import { Moments } from './moments.js'
import { PackedRows, packRows } from './packed-rows.js'

export interface Table {
  columns: StoredColumn[]
  rows: number
  /** The rows in order, packed (packed-rows.ts); a category is a code, a boolean 0 or 1, a missing value NaN. */
  chunks: Uint8Array[]
}

/** The data themselves are wrong or too large; the message names the place, `pointer` too where the data came as JSON. */
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

/** What a column is before its numbers were looked at. */
export type ColumnHead = Pick<StoredColumn, 'name' | 'role' | 'categories'>

/** No chunk of a table holds more numbers, which makes 4 MiB at the widest format. */
const chunkValues = 512 * 1024

export function rowsPerChunk(columns: number): number {
  return Math.max(1, Math.floor(chunkValues / columns))
}

/**
 * Makes a table of `values` (rows × heads, row-major, all finite), adding the range and mean of every number
 * column and the rows of every category.
 */
export function describeTable(heads: readonly ColumnHead[], values: Float64Array): Table {
  const width = heads.length
  const rows = values.length / width
  const whole = heads.map((_, place) => {
    const column = new Float64Array(rows)
    for (let row = 0; row < rows; row++) column[row] = values[row * width + place]
    return column
  })
  const columns = heads.map(({ name, role, categories }, place): StoredColumn => {
    if (categories !== undefined) {
      return { name, type: 'category', role, categories, counts: countsOf(whole[place], categories.length) }
    }
    const moments = new Moments()
    moments.take(whole[place])
    const { minimum: min, maximum: max, mean } = moments
    return { name, type: 'number', role, min, max, mean, integers: whole[place].every(Number.isInteger) }
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

function countsOf(codes: Float64Array, categories: number): number[] {
  const counts = Array<number>(categories).fill(0)
  for (const code of codes) counts[code] += 1
  return counts
}

/** The chunks of a table one after the other, each with the number of its first row. */
export function* packedRowsOf({
  chunks,
}: Pick<Table, 'chunks'>): Generator<{ first: number; packed: PackedRows }> {
  let first = 0
  for (const bytes of chunks) {
    const packed = new PackedRows(bytes)
    yield { first, packed }
    first += packed.rows
  }
}
