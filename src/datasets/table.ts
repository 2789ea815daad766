/** A dataset in memory: one row-major block of numbers and what its columns mean. */
import type { Column } from '../contract/dataset.js'
import { summarize } from './moments.js'

export interface Table {
  columns: Column[]
  rows: number
  /** rows × columns, row-major; a category is its index into the column's `categories`. */
  values: Float64Array
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
export type ColumnHead = Pick<Column, 'name' | 'role' | 'categories'>

/**
 * Makes a table of `values` (rows × heads, row-major, all finite), adding the range and mean of every number
 * column and the rows of every category.
 */
export function describeTable(heads: readonly ColumnHead[], values: Float64Array): Table {
  const width = heads.length
  const rows = values.length / width
  const summary = summarize(values, width)
  const columns = heads.map(({ name, role, categories }, index): Column => {
    if (categories === undefined) {
      const [min, max, mean] = [summary.minimum[index], summary.maximum[index], summary.mean[index]]
      return { name, type: 'number', role, min, max, mean }
    }
    const counts = categories.map(() => 0)
    for (let row = 0; row < rows; row++) counts[values[row * width + index]] += 1
    return { name, type: 'category', role, categories, counts }
  })
  return { columns, rows, values }
}
