/** How much each row counts in the loss: by its class, by a column of the dataset, or by both. */
import type { TargetCoding } from '../contract/dataset.js'
import type { ClassWeight } from '../contract/job.js'
import { columnOf, type Part } from './feature-coding.js'
import { refusedCell } from './refused-cell.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'
import { targetWidth } from './target-coding.js'

export interface RowWeights {
  classWeight?: ClassWeight | undefined
  /** Name of a column. */
  sampleWeight?: string | undefined
}

export function isWeighted({ classWeight, sampleWeight }: RowWeights): boolean {
  return classWeight !== undefined || sampleWeight !== undefined
}

/** A part of the rows with its encoded targets, which the weight follows in each row. */
interface WeighedPart {
  part: Part
  y: Float32Array
}

/** Writes the weight of each row behind its targets; those of classes are learned from the first part. */
export function writeWeights(
  parts: readonly WeighedPart[],
  target: TargetCoding,
  { classWeight, sampleWeight }: RowWeights,
): void {
  const [training] = parts
  const width = targetWidth(target)
  const stride = width + 1
  const classOf = (y: Float32Array, row: number) => {
    const [first, second] = [row * stride, row * stride + width]
    return width > 1 ? y.subarray(first, second).indexOf(1) : y[first]
  }
  const byClass = classWeight === undefined ? null : learnClassWeights(training, target, classWeight, classOf)
  for (const { part, y } of parts) {
    const bySample = sampleWeight === undefined ? null : sampleWeights(part, sampleWeight)
    for (let row = 0; row < part.rows.length; row++) {
      const ofClass = byClass === null ? 1 : byClass[classOf(y, row)]
      y[row * stride + width] = ofClass * (bySample === null ? 1 : bySample[row])
    }
  }
}

/**
 * The weight of each class. `balanced`: rows / (classes · rows of the class), counting the classes that have training
 * rows (scikit-learn's compute_class_weight); 1 for the others, and for those that an object does not name.
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
  { part, y }: WeighedPart,
  target: TargetCoding,
  classWeight: ClassWeight,
  classOf: (y: Float32Array, row: number) => number,
): number[] {
  if (!('classes' in target)) {
    const names = shownNames(target.names)
    throw new DatasetError(
      'invalid-dataset',
      `classWeight weighs the rows of classes, and ${names} is no class`,
    )
  }
  const counts = new Array<number>(target.classes.length).fill(0)
  for (let row = 0; row < part.rows.length; row++) counts[classOf(y, row)] += 1
  return classWeights(classWeight, target.classes, counts)
}

function sampleWeights(part: Part, name: string): Float64Array {
  const place = part.table.columns.findIndex((column) => column.name === name)
  const column = part.table.columns[place]
  if (place < 0 || column.type !== 'number') {
    throw new DatasetError(
      'invalid-dataset',
      `the rows have no number column ${shown(name)} to weigh them by`,
    )
  }
  const weights = columnOf(part, place)
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)))
  if (wrong >= 0) {
    const seen = Number.isNaN(weights[wrong]) ? 'is missing' : `is ${weights[wrong]}`
    throw refusedCell(column, part, wrong, `the weight ${seen}; it must be a number of at least 0`)
  }
  return weights
}
