/** Splits the rows of a dataset into training and validation rows. */
import type { StoredColumn } from '../contract/dataset.js'
import type { JobSpec } from '../contract/job.js'
import { splitRows, splitSizes, splitStratified } from '../engine/splitting.js'
import { readColumn } from './feature-coding.js'
import { categoryReader } from './stored-values.js'
import type { Table } from './table.js'
import { isRegression } from './target-coding.js'

/** Ascending row indices. */
export interface RowSplit {
  training: Int32Array
  validation: Int32Array
}

/** The fields of a job that determine its split. */
export type SplitRule = Pick<JobSpec, 'split' | 'validationSplit' | 'seed' | 'loss'>

/**
 * The split of a job without a validation dataset. A stratified split is random if the target is not a class.
 */
export function splitTable({ split, validationSplit, seed, loss }: SplitRule, table: Table): RowSplit {
  switch (split) {
    case 'random':
      return splitRows(table.rows, validationSplit, seed)
    case 'chronological':
      return splitChronological(table.rows, validationSplit)
    case 'stratified': {
      const classes = readClasses(table, loss)
      return classes === null
        ? splitRows(table.rows, validationSplit, seed)
        : splitStratified(classes, validationSplit, seed)
    }
    default:
      return split satisfies never
  }
}

/** The last rows are the validation rows. */
function splitChronological(rows: number, share: number): RowSplit {
  const { training } = splitSizes(rows, share)
  const order = everyRow({ rows })
  return { training: order.slice(0, training), validation: order.slice(training) }
}

export function everyRow({ rows }: Pick<Table, 'rows'>): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row)
}

/**
 * The class index of each row, from 0. Null if the target is not a class. Numbers are classes under a
 * classification loss.
 */
export function readClasses(table: Table, loss: JobSpec['loss']): Int32Array | null {
  const place = findClassColumn(table.columns, loss)
  if (place === null) return null
  const column = table.columns[place]
  const values = readColumn({ table, rows: everyRow(table) }, place)
  const names = column.categories ?? [...new Set(values)].sort((a, b) => a - b).map(String)
  const readClass = categoryReader(column, names)
  return Int32Array.from(values, readClass)
}

/** The index of the column with the classes. Null if the target is not a class. */
export function findClassColumn(
  columns: readonly Pick<StoredColumn, 'role' | 'categories'>[],
  loss: JobSpec['loss'],
): number | null {
  const targets = columns.flatMap(({ role }, index) => (role === 'target' ? [index] : []))
  const [index] = targets
  const isClass = targets.length === 1 && (columns[index].categories !== undefined || !isRegression(loss))
  return isClass ? index : null
}
