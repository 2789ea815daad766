/** Checks whether the rows of a dataset can be divided into the folds of a request. */
import type { Column } from '../contract/dataset.js'
import type { TrainingSpec } from '../contract/network.js'
import { compile, type DataShape, SpecError } from '../engine/index.js'

/**
 * Compiles the smallest of the trainings that choose the number of epochs.
 * @throws SpecError
 */
export function checkFolds(training: TrainingSpec, shape: DataShape, columns: readonly Column[]): void {
  const folds = training.earlyStopping?.folds
  if (folds === undefined) return
  const rows = shape.trainingRows
  const pointer = '/earlyStopping/folds'
  if (shape.validationRows > 0) {
    const message = `folds hold out rows themselves, but ${shape.validationRows} rows are already held out: omit folds, or validationSplit and validationDataset`
    throw new SpecError(pointer, message)
  }
  if (folds > rows) {
    throw new SpecError(pointer, `${folds} folds of ${rows} rows: use at most ${rows} folds`)
  }
  const targets = columns.filter(({ role }) => role === 'target')
  const rowsOfClasses = targets.length === 1 ? (targets[0].counts ?? []) : []
  const fewest = Math.min(...rowsOfClasses.filter((count) => count > 0))
  if (folds > fewest) {
    const most = fewest < 2 ? 'omit folds' : `use at most ${fewest} folds`
    const message = `each of the ${folds} folds needs a row of every class, and one class has ${fewest} ${fewest === 1 ? 'row' : 'rows'}: ${most}`
    throw new SpecError(pointer, message)
  }
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
