/** Checks whether the rows of a dataset can be divided into the folds of a request. */
import type { Column } from '../contract/dataset.js'
import type { JobSpec } from '../contract/job-spec.js'
import type { TrainingSpec } from '../contract/network.js'
import { type PartShares, partSizes } from '../datasets/split-rows.js'
import { compile, type DataShape, SpecError, validationRowsPerClass } from '../engine/index.js'

interface Rows {
  columns: readonly Column[]
  rows: number
}

/**
 * Checks the rows that validationFold and testSplit hold out.
 * @throws SpecError
 */
export function checkParts(
  training: PartShares & Pick<JobSpec, 'split'>,
  data: Rows,
  validation: object | null,
): void {
  const { validationFold, validationSplit, testSplit, split } = training
  const { rows } = data
  const sizes = partSizes(training, rows)
  if (testSplit !== undefined && sizes.test === 0) {
    const message = `a share of ${testSplit} of ${rows} rows is no row: use at least ${Number((1 / rows).toPrecision(2))}`
    throw new SpecError('/testSplit', message)
  }
  if (validationFold === undefined) return
  const pointer = '/validationFold'
  if (validationSplit > 0 || validation !== null) {
    const other = validation === null ? 'validationSplit' : 'validationDataset'
    throw new SpecError(pointer, `cannot be combined with ${other}: the fold is the validation rows`)
  }
  if (split === 'chronological') {
    throw new SpecError(pointer, 'folds are shuffled: use the split "random" or "stratified"')
  }
  checkFoldRows(pointer, validationFold.folds, rows - sizes.test, {
    columns: data.columns,
    testRows: sizes.test,
  })
}

/** @throws SpecError if there are more folds than rows, or than rows of a class */
function checkFoldRows(
  pointer: string,
  folds: number,
  rows: number,
  { columns, testRows }: { columns: readonly Column[]; testRows: number },
): void {
  if (folds > rows) {
    throw new SpecError(pointer, `${folds} folds of ${rows} rows: use at most ${rows} folds`)
  }
  const targets = columns.filter(({ role }) => role === 'target')
  const counts = targets.length === 1 ? (targets[0].counts ?? []) : []
  const apart = validationRowsPerClass(counts, testRows)
  const fewest = Math.min(
    ...counts.map((count, label) => count - apart[label]).filter((_, label) => counts[label] > 0),
  )
  if (folds > fewest) {
    const most = fewest < 2 ? 'omit folds' : `use at most ${fewest} folds`
    const message = `each of the ${folds} folds needs a row of every class, and one class has ${fewest} ${fewest === 1 ? 'row' : 'rows'}: ${most}`
    throw new SpecError(pointer, message)
  }
}

/**
 * Compiles the smallest of the trainings that choose the number of epochs.
 * @throws SpecError
 */
export function checkFolds(training: TrainingSpec & PartShares, shape: DataShape, data: Rows): void {
  const folds = training.earlyStopping?.folds
  if (folds === undefined) return
  const rows = shape.trainingRows
  const pointer = '/earlyStopping/folds'
  if (shape.validationRows > 0 && training.validationFold === undefined) {
    const message = `folds hold out rows themselves, but ${shape.validationRows} rows are already held out: omit folds, or validationSplit and validationDataset`
    throw new SpecError(pointer, message)
  }
  const { test: testRows } = partSizes(training, data.rows)
  checkFoldRows(pointer, folds, rows, { columns: data.columns, testRows })
  const { monitor } = training.earlyStopping ?? {}
  if (monitor === 'loss' || monitor === 'accuracy') {
    const better = monitor === 'loss' ? 'valLoss' : 'valAccuracy'
    const message = `with folds, early stopping watches the held-out rows: monitor "${better}" instead of "${monitor}"`
    throw new SpecError('/earlyStopping/monitor', message)
  }
  const heldOut = Math.ceil(rows / folds)
  const trainingRows = rows - heldOut
  const { batchSize } = training
  const fitting = typeof batchSize === 'number' ? { batchSize: Math.min(batchSize, trainingRows) } : {}
  compile({ ...training, ...fitting }, { ...shape, trainingRows, validationRows: heldOut })
}
