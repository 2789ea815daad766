/** Weights of the rows in the loss, by class, by a column of the dataset, or both. */
import type { TargetCoding } from '../contract/dataset.js'
import type { ClassWeight } from '../contract/job.js'
import { cellError } from './cell-error.js'
import { type Part, readColumn } from './feature-coding.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'
import { targetWidth } from './target-coding.js'

export interface RowWeights {
  classWeight?: ClassWeight | undefined
  /** The name of a number column. */
  sampleWeight?: string | undefined
}

export function isWeighted({ classWeight, sampleWeight }: RowWeights): boolean {
  return classWeight !== undefined || sampleWeight !== undefined
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
  { classWeight, sampleWeight }: RowWeights,
): void {
  const [training] = parts
  const width = targetWidth(target)
  const stride = width + 1
  const readClass = (y: Float32Array, row: number) => {
    const [first, second] = [row * stride, row * stride + width]
    return width > 1 ? y.subarray(first, second).indexOf(1) : y[first]
  }
  const byClass =
    classWeight === undefined ? null : learnClassWeights(training, target, classWeight, readClass)
  for (const { part, y } of parts) {
    const bySample = sampleWeight === undefined ? null : sampleWeights(part, sampleWeight)
    for (let row = 0; row < part.rows.length; row++) {
      const weight = byClass === null ? 1 : byClass[readClass(y, row)]
      y[row * stride + width] = weight * (bySample === null ? 1 : bySample[row])
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

function learnClassWeights(
  { part, y }: WeightedPart,
  target: TargetCoding,
  classWeight: ClassWeight,
  readClass: (y: Float32Array, row: number) => number,
): number[] {
  if (!('classes' in target)) {
    const names = shownNames(target.names)
    throw new DatasetError(
      'invalid-dataset',
      `classWeight needs a target with classes, and ${names} has none`,
    )
  }
  const counts = new Array<number>(target.classes.length).fill(0)
  for (let row = 0; row < part.rows.length; row++) counts[readClass(y, row)] += 1
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
