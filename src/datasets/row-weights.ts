/** Weights of the rows in the loss: by class, by a column of the dataset, and 0 for excluded rows. */
import type { TargetCoding } from '../contract/dataset.js'
import type { ClassWeight } from '../contract/job-request.js'
import { cellError } from './cell-error.js'
import { type Part, readColumn } from './feature-coding.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'
import { targetWidth } from './target-coding.js'

export interface RowWeights {
  classWeight?: ClassWeight | undefined
  /** The name of a number column. */
  sampleWeight?: string | undefined
  /** Training rows by their index in the table. */
  excludedRows?: readonly number[] | undefined
}

export function isWeighted({ classWeight, sampleWeight, excludedRows }: RowWeights): boolean {
  return classWeight !== undefined || sampleWeight !== undefined || excludedRows !== undefined
}

/** The part without excluded rows. */
export function withoutExcluded(part: Part, { excludedRows }: Pick<RowWeights, 'excludedRows'>): Part {
  if (excludedRows === undefined) return part
  const excluded = new Set(excludedRows)
  return { ...part, rows: part.rows.filter((row) => !excluded.has(row)) }
}

/** Rows with their encoded targets. In each row the weight follows the targets. */
interface WeightedPart {
  part: Part
  y: Float32Array
}

/** Writes the weight of each row after its targets. Learns class weights from the first part. */
export function writeWeights(
  parts: readonly WeightedPart[],
  target: TargetCoding,
  { classWeight, sampleWeight, excludedRows = [] }: RowWeights,
): void {
  const [training] = parts
  const width = targetWidth(target)
  const stride = width + 1
  const readClass = (y: Float32Array, row: number) => {
    const [first, second] = [row * stride, row * stride + width]
    return width > 1 ? y.subarray(first, second).indexOf(1) : y[first]
  }
  const excluded = new Set(excludedRows)
  const isExcluded = (part: Part, row: number) => part === training.part && excluded.has(part.rows[row])
  const { length } = training.part.rows
  // Losses that divide by the number of rows get the mean over the remaining ones.
  const rest = length / withoutExcluded(training.part, { excludedRows }).rows.length
  const byClass =
    classWeight === undefined
      ? null
      : learnClassWeights(target, classWeight, (take) => {
          for (let row = 0; row < training.part.rows.length; row++) {
            if (!isExcluded(training.part, row)) take(readClass(training.y, row))
          }
        })
  for (const { part, y } of parts) {
    const bySample = sampleWeight === undefined ? null : sampleWeights(part, sampleWeight)
    for (let row = 0; row < part.rows.length; row++) {
      const weight = byClass === null ? 1 : byClass[readClass(y, row)]
      const ofRow = weight * (bySample === null ? 1 : bySample[row])
      y[row * stride + width] = part === training.part ? (isExcluded(part, row) ? 0 : rest * ofRow) : ofRow
    }
  }
}

/**
 * The weight of each class. `balanced` is rows / (classes · rows of the class) over the classes with training
 * rows, as scikit-learn's compute_class_weight. The default is 1.
 */
export function classWeights(
  classWeight: ClassWeight,
  classes: readonly string[],
  counts: readonly number[],
): number[] {
  if (classWeight !== 'balanced') {
    return classes.map((name) => (Object.hasOwn(classWeight, name) ? classWeight[name] : 1))
  }
  const rows = counts.reduce((sum, count) => sum + count, 0)
  const present = counts.filter((count) => count > 0).length
  return counts.map((count) => (count === 0 ? 1 : rows / (present * count)))
}

/** @param visitRows calls its argument with the class of each training row */
function learnClassWeights(
  target: TargetCoding,
  classWeight: ClassWeight,
  visitRows: (take: (index: number) => void) => void,
): number[] {
  if (!('classes' in target)) {
    const names = shownNames(target.names)
    throw new DatasetError(
      'invalid-dataset',
      `classWeight needs a target with classes, and ${names} has none`,
    )
  }
  const counts = new Array<number>(target.classes.length).fill(0)
  visitRows((index) => {
    counts[index] += 1
  })
  return classWeights(classWeight, target.classes, counts)
}

function sampleWeights(part: Part, name: string): Float64Array {
  const index = part.table.columns.findIndex((column) => column.name === name)
  const column = part.table.columns[index]
  if (index < 0 || column.type !== 'number') {
    throw new DatasetError(
      'invalid-dataset',
      `the rows have no number column ${shown(name)}, which sampleWeight names`,
    )
  }
  const weights = readColumn(part, index)
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)))
  if (wrong >= 0) {
    const seen = Number.isNaN(weights[wrong]) ? 'is missing' : `is ${weights[wrong]}`
    throw cellError(column, part, wrong, `the weight ${seen}; it must be a number of at least 0`)
  }
  return weights
}
