/** Splits the rows of a dataset into training, validation and test rows. */
import type { StoredColumn } from '../contract/dataset.js'
import type { JobSpec } from '../contract/job-spec.js'
import { foldSize, splitFolds, splitRows, splitSizes, splitStratified } from '../engine/splitting.js'
import { readColumn } from './feature-coding.js'
import { categoryReader } from './stored-values.js'
import type { Table } from './table.js'
import { isRegression } from './target-coding.js'

/** Ascending row indices. */
export interface RowSplit extends TwoParts {
  /** Empty without `testSplit`. */
  test: Int32Array
}

interface TwoParts {
  training: Int32Array
  validation: Int32Array
}

/** The fields of a job that determine how many rows each part has. */
export type PartShares = Pick<JobSpec, 'validationSplit' | 'testSplit' | 'validationFold'>

/** The fields of a job that determine its split. */
export type SplitRule = PartShares & Pick<JobSpec, 'split' | 'seed' | 'loss'>

/** Every job with the same `testSplit` keeps the same rows apart, so that no other seed trains on them. */
const testSeed = 0
const testSalt = 1

/**
 * The split of a job without a validation dataset. A stratified split is random if the target is not a class. First the
 * test rows are kept apart; the others become training and validation rows.
 */
export function splitTable(rule: SplitRule, table: Table): RowSplit {
  const { split, loss, testSplit = 0, validationFold } = rule
  const classes = split === 'stratified' ? readClasses(table, loss) : null
  const whole: Divided = { rows: table.rows, classes }
  if (testSplit === 0) return { ...divide(rule, validationFold, whole), test: new Int32Array(0) }
  const apart = splitByShare(split, whole, { share: testSplit, seed: testSeed, salt: testSalt })
  const others = apart.training
  const parts = divide(rule, validationFold, {
    rows: others.length,
    classes: classes === null ? null : others.map((row) => classes[row]),
  })
  return {
    training: parts.training.map((index) => others[index]),
    validation: parts.validation.map((index) => others[index]),
    test: apart.validation,
  }
}

interface Divided {
  rows: number
  /** Null without classes, or if the split ignores them. */
  classes: Int32Array | null
}

function divide(
  { split, validationSplit, seed }: SplitRule,
  validationFold: SplitRule['validationFold'],
  whole: Divided,
): TwoParts {
  if (validationFold === undefined) return splitByShare(split, whole, { share: validationSplit, seed })
  const { folds, fold } = validationFold
  const { rows, classes } = whole
  const parts = splitFolds(
    { rows, folds, seed: validationFold.seed },
    classes === null ? null : byAppearance(classes),
  )
  const validation = parts[fold - 1]
  const held = new Set(validation)
  return { training: everyRow({ rows }).filter((row) => !held.has(row)), validation }
}

function splitByShare(
  split: SplitRule['split'],
  { rows, classes }: Divided,
  { share, seed, salt }: { share: number; seed: number; salt?: number },
): TwoParts {
  if (split === 'chronological') return splitChronological(rows, share)
  return classes === null ? splitRows(rows, share, seed, salt) : splitStratified(classes, share, seed, salt)
}

/** The last rows are the validation rows. */
function splitChronological(rows: number, share: number): TwoParts {
  const { training } = splitSizes(rows, share)
  const order = everyRow({ rows })
  return { training: order.slice(0, training), validation: order.slice(training) }
}

/**
 * Numbers the classes by their first rows, as StratifiedKFold of scikit-learn 1.x does, so that the folds have the same
 * number of rows of each class.
 */
function byAppearance(classes: Int32Array): Int32Array {
  const numbers = new Map<number, number>()
  return classes.map((label) => {
    const number = numbers.get(label) ?? numbers.size
    numbers.set(label, number)
    return number
  })
}

/** The numbers of rows of each part of `splitTable`. */
export function partSizes(
  { validationSplit, testSplit = 0, validationFold }: PartShares,
  rows: number,
): Record<keyof RowSplit, number> {
  const { training: others, validation: test } = splitSizes(rows, testSplit)
  if (validationFold === undefined) return { ...splitSizes(others, validationSplit), test }
  const validation = foldSize(others, validationFold.folds, validationFold.fold - 1)
  return { training: others - validation, validation, test }
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
