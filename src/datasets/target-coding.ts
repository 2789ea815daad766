/** Chooses the coding of the target for the last layer of a network. */
import type { Column, StoredColumn, TargetCoding } from '../contract/dataset.js'
import { type Activation, type Loss, losses } from '../contract/network.js'
import { shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

/** The units of the last layer and the loss. */
export interface Outputs {
  outputs: number
  loss: Loss
}

const units = (count: number) => (count === 1 ? '1 unit' : `${count} units`)

/** Names of the target columns. */
export function targetNames(coding: TargetCoding): string[] {
  return 'names' in coding ? coding.names : [coding.name]
}

/** The number of network outputs of a row. */
export function targetWidth(coding: TargetCoding): number {
  switch (coding.type) {
    case 'number':
    case 'multiLabel':
      return coding.names.length
    case 'oneHot':
      return coding.classes.length
    case 'binary':
      return 1
    default:
      return coding satisfies never
  }
}

/**
 * Chooses the target coding for a last layer with this number of outputs. A category has one output per
 * class, or a single output for two classes. Class indices 0…K−1 under categoricalCrossentropy have one
 * output per class. Several booleans, or several numbers under binaryCrossentropy, have one output each.
 * Other numbers are not encoded.
 * @throws DatasetError saying what does not match, and what would
 */
export function targetCoding(
  table: { columns: readonly StoredColumn[] },
  { outputs, loss }: Outputs,
): TargetCoding {
  const targets = table.columns.filter((column) => column.role === 'target')
  const [first] = targets
  const names = targets.map((column) => column.name)
  if (loss === 'categoricalCrossentropy' && outputs === 1) {
    throw refused(
      `categoricalCrossentropy needs at least two outputs, but the last layer has 1 unit: ` +
        `give it one unit for each class of ${shownNames(names)}, or use binaryCrossentropy with sigmoid`,
    )
  }
  const category = targets.find((column) => column.type === 'category')
  if (targets.length > 1 && category !== undefined) {
    throw refused(
      `there are several targets (${shownNames(names)}), so each must be a number or a boolean: ${category.name} is a category`,
    )
  }
  if (targets.length === 1 && first.categories !== undefined) {
    return categoryCoding(first.name, first.categories, outputs)
  }
  if (targets.length === 1 && loss === 'categoricalCrossentropy') return indexCoding(first.name, outputs)
  if (names.length !== outputs) {
    throw refused(
      `the target has ${names.length === 1 ? '1 number' : `${names.length} numbers`} per row (${names.join(', ')}), ` +
        `but the last layer has ${units(outputs)}: give it ${units(names.length)}`,
    )
  }
  const binary = areBinary(targets)
  const areBooleans = targets.every((column) => column.type === 'boolean')
  if (names.length > 1 && (areBooleans || (loss === 'binaryCrossentropy' && binary !== false))) {
    return { type: 'multiLabel', names }
  }
  return { type: 'number', names, ...(binary === undefined ? {} : { binary }) }
}

/** Whether all values are 0 or 1. Undefined for columns of older versions, which do not store `integers`. */
function areBinary(targets: readonly Column[]): boolean | undefined {
  const numbers = targets.filter((column) => column.type === 'number')
  const isInRange = ({ min = 0, max = 1 }: Column) => min >= 0 && max <= 1
  if (!numbers.every((column) => isInRange(column) && column.integers !== false)) return false
  return numbers.every((column) => column.integers === true) ? true : undefined
}

type AccuracyRule = 'argmax' | 'half' | 'none'

/**
 * How to compute accuracy. `argmax`: the largest output is the class. `half`: each output means true from ½
 * on (hinge and perceptron: from 0 on). `none`: the targets are not classes. Depends on loss and last
 * activation for targets of older versions, which do not store whether all are 0 or 1.
 */
export function accuracyRule(coding: TargetCoding, loss: Loss, lastActivation?: Activation): AccuracyRule {
  switch (coding.type) {
    case 'oneHot':
      return 'argmax'
    case 'binary':
    case 'multiLabel':
      return 'half'
    case 'number': {
      if (coding.binary === false) return 'none'
      if (loss === 'categoricalCrossentropy' || lastActivation === 'softmax') return 'argmax'
      return coding.binary === true || !isRegression(loss) || lastActivation === 'sigmoid' ? 'half' : 'none'
    }
    default:
      return coding satisfies never
  }
}

/** Whether a loss is for regression, with any numbers as targets. */
export const isRegression = (loss: Loss) => losses[loss].targets === 'numbers'

/** Whether targets can be scaled: numbers other than 0 and 1 under a regression loss. */
export function canScaleTargets(coding: TargetCoding, loss: Loss): boolean {
  return coding.type === 'number' && coding.binary !== true && isRegression(loss)
}

function categoryCoding(name: string, classes: string[], outputs: number): TargetCoding {
  if (classes.length < 2) {
    throw refused(`${name} has only one class, "${classes[0]}"; at least two are required`)
  }
  if (outputs === classes.length) return { type: 'oneHot', name, classes }
  if (outputs === 1 && classes.length === 2) return { type: 'binary', name, classes }
  const remedy = `give it ${classes.length} units with softmax and categoricalCrossentropy`
  const orOne = classes.length === 2 ? ', or 1 unit with sigmoid and binaryCrossentropy' : ''
  throw refused(
    `${name} has ${classes.length} classes, but the last layer has ${units(outputs)}: ${remedy}${orOne}`,
  )
}

function indexCoding(name: string, outputs: number): TargetCoding {
  return { type: 'oneHot', name, classes: Array.from({ length: outputs }, (_, index) => String(index)) }
}

/** Why a number cannot be a target, or undefined if it can. */
export function targetRefusal(value: number, coding: TargetCoding, loss: Loss): string | undefined {
  if (coding.type === 'oneHot') {
    const last = coding.classes.length - 1
    if (Number.isInteger(value) && value >= 0 && value <= last) return undefined
    return `is not a class: categoricalCrossentropy with ${units(last + 1)} takes the class numbers 0 to ${last}`
  }
  const { targets } = losses[loss]
  switch (targets) {
    case 'probabilities':
      return value >= 0 && value <= 1 ? undefined : `is not a probability: ${loss} takes targets from 0 to 1`
    case 'zeroOrOne':
      return value === 0 || value === 1 ? undefined : `is not a valid target: ${loss} takes 0 and 1`
    case 'numbers':
      return undefined
    default:
      return targets satisfies never
  }
}

const refused = (message: string) => new DatasetError('invalid-dataset', message)
