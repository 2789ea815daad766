import type { StoredColumn } from '../contract/dataset.js'
import type { Part } from './feature-coding.js'
import { DatasetError } from './table.js'

/** A cell that cannot be encoded; `index` is its row within the part, and the message names its row in the table. */
export function refusedCell(
  { name }: StoredColumn,
  { rows }: Part,
  index: number,
  message: string,
): DatasetError {
  return new DatasetError('invalid-dataset', `${name}, row ${rows[index] + 1}: ${message}`)
}
