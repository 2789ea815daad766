/** Which rows of a dataset train and which validate. */
import type { StoredColumn } from '../contract/dataset.js'
import type { JobSpec } from '../contract/job.js'
import { splitRows, splitSizes, splitStratified } from '../engine/splitting.js'
import { placeReader } from './column-meaning.js'
import { columnOf } from './feature-coding.js'
import type { Table } from './table.js'
import { isRegression } from './target-coding.js'

/** Rows as ascending indices. */
export interface RowSplit {
  training: Int32Array
  validation: Int32Array
}

/** What of a job decides its split. */
export type SplitRule = Pick<JobSpec, 'split' | 'validationSplit' | 'seed' | 'loss'>

/** The split of a job without a dataset for validation. Stratified ones are random where the target is no class. */
export function splitOf({ split, validationSplit, seed, loss }: SplitRule, table: Table): RowSplit {
  switch (split) {
    case 'random':
      return splitRows(table.rows, validationSplit, seed)
    case 'chronological':
      return splitChronological(table.rows, validationSplit)
    case 'stratified': {
      const classes = classesOfRows(table, loss)
      return classes === null
        ? splitRows(table.rows, validationSplit, seed)
        : splitStratified(classes, validationSplit, seed)
    }
    default:
      return split satisfies never
  }
}

/** The last rows validate. */
function splitChronological(rows: number, share: number): RowSplit {
  const { training } = splitSizes(rows, share)
  const order = everyRow({ rows })
  return { training: order.slice(0, training), validation: order.slice(training) }
}

export function everyRow({ rows }: Pick<Table, 'rows'>): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row)
}

/**
 * The class of each row, as an index from 0; null where the target is not one class. Numbers are classes under a loss
 * that tells classes apart.
 */
export function classesOfRows(table: Table, loss: JobSpec['loss']): Int32Array | null {
  const place = placeOfClasses(table.columns, loss)
  if (place === null) return null
  const column = table.columns[place]
  const values = columnOf({ table, rows: everyRow(table) }, place)
  const names = column.categories ?? [...new Set(values)].sort((a, b) => a - b).map(String)
  const classOf = placeReader(column, names)
  return Int32Array.from(values, classOf)
}

/** The column whose values are the classes of the rows; null where the target is not one class. */
export function placeOfClasses(
  columns: readonly Pick<StoredColumn, 'role' | 'categories'>[],
  loss: JobSpec['loss'],
): number | null {
  const targets = columns.flatMap(({ role }, place) => (role === 'target' ? [place] : []))
  const [place] = targets
  const isClass = targets.length === 1 && (columns[place].categories !== undefined || !isRegression(loss))
  return isClass ? place : null
}
