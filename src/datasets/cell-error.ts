import type { StoredColumn } from '../contract/dataset.js'
import type { Part } from './feature-coding.js'
import { DatasetError } from './table.js'

/**
 * The error of a cell that cannot be encoded. `index` is its row within the part. The message has its row in
 * the table.
 */
export function cellError(
  { name }: StoredColumn,
  { rows }: Part,
  index: number,
  message: string,
): DatasetError {
  return new DatasetError('invalid-dataset', `${name}, row ${rows[index] + 1}: ${message}`)
}
