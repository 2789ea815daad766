/** A table whose rows are packed in chunks of other sizes. */
import { packRows } from '../../src/datasets/packed-rows.js'
import type { Table } from '../../src/datasets/table.js'
import { valuesOf } from './tables.js'

/** @param sizes rows of the chunks, again and again until all rows are packed. */
export function rechunked<T extends Table>(table: T, sizes: readonly number[]): T {
  const width = table.columns.length
  const values = valuesOf(table)
  const chunks: Uint8Array[] = []
  for (let first = 0; first < table.rows; ) {
    const rows = Math.min(sizes[chunks.length % sizes.length], table.rows - first)
    const columns = table.columns.map(({ type }, index) =>
      type === 'ignored'
        ? null
        : Float64Array.from({ length: rows }, (_, row) => values[(first + row) * width + index]),
    )
    chunks.push(packRows(columns, rows))
    first += rows
  }
  return { ...table, chunks }
}
