/** From raw inputs to what a trained network takes, and from its outputs to what a reader understands. */
import type { Cell, Coding, FeatureCoding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import type { Activation, Loss } from '../contract/network.js'
import { pointerTo } from '../contract/problems.js'
import { parseBoolean } from './boolean-text.js'
import { codedWidth } from './feature-coding.js'
import { shown, shownNames } from './shown-text.js'
import { unscaleTarget } from './target-scaling.js'

/** An input to a model is wrong; `pointer` is the JSON Pointer from the list of rows to the place. */
export class InputError extends Error {
  override readonly name = 'InputError'

  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message)
  }
}

/** One row: raw values in the order of the model's features, or by column name. Null is a missing value. */
export type InputRow = readonly Cell[] | Readonly<Record<string, Cell>>

/**
 * Raw rows as the network takes them: rows × inputs, row-major, coded as the training rows were.
 * @throws InputError at the first unknown or missing column, wrong count, unknown category, missing value where none
 *   stands in for it, or number that is not finite or leaves the range of float32
 */
export function encodeInputs(coding: Coding, rows: readonly InputRow[]): Float32Array {
  const width = coding.features.reduce((sum, feature) => sum + codedWidth(feature), 0)
  const inputs = new Float32Array(rows.length * width)
  for (const [index, row] of rows.entries()) {
    const named = !isList(row)
    if (named) checkNames(coding, row, index)
    else checkCount(coding, row, index)
    let offset = index * width
    for (const [place, feature] of coding.features.entries()) {
      const { name } = feature
      const value = named ? (Object.hasOwn(row, name) ? row[name] : null) : row[place]
      const message = encodeValue(feature, value, inputs, offset)
      if (message !== undefined) {
        throw new InputError(pointerTo([index, named ? name : place]), `${name}: ${message}`)
      }
      offset += codedWidth(feature)
    }
  }
  return inputs
}

/** Writes one value; answers in words when it cannot be. */
function encodeValue(
  feature: FeatureCoding,
  given: Cell,
  inputs: Float32Array,
  offset: number,
): string | undefined {
  const value = given === null || given === '' ? feature.imputation : given
  if (value === undefined) return 'is missing, and nothing stands in for a missing value of this column'
  switch (feature.type) {
    case 'number': {
      if (typeof value !== 'number') return `${shown(String(value))} is not a number`
      const encoded = Math.fround((value - feature.offset) / feature.scale)
      if (!Number.isFinite(value)) return 'not a finite number'
      if (!Number.isFinite(encoded)) return `${value} is too large for this model`
      inputs[offset] = encoded
      return undefined
    }
    case 'category': {
      const category = String(value)
      const place = feature.categories.indexOf(category)
      if (place < 0) {
        return `no category is called ${shown(category)}; there are ${shownNames(feature.categories)}`
      }
      if (feature.unseen?.includes(category)) {
        return `the category ${shown(category)} was in none of the training rows, so the model cannot tell it`
      }
      inputs[offset + place] = 1
      return undefined
    }
    case 'boolean': {
      const truth = parseBoolean(String(value))
      if (truth === undefined) return `${shown(String(value))} is not a boolean; true, false, 1 and 0 are`
      inputs[offset] = truth ? 1 : 0
      return undefined
    }
    case 'date':
      return 'is a date, which is not encoded yet'
    default:
      return feature satisfies never
  }
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isList(row: InputRow): row is readonly Cell[] {
  return Array.isArray(row)
}

const namesOf = (coding: Coding) => shownNames(coding.features.map((feature) => feature.name))

function checkCount(coding: Coding, row: readonly Cell[], index: number): void {
  const width = coding.features.length
  if (row.length === width) return
  const came = row.length === 1 ? '1 value came' : `${row.length} values came`
  const wanted = width === 1 ? '1 value' : `${width} values`
  throw new InputError(pointerTo([index]), `${came}, this model takes ${wanted}: ${namesOf(coding)}`)
}

function checkNames(coding: Coding, row: Readonly<Record<string, Cell>>, index: number): void {
  const missing = coding.features.find(
    ({ name, imputation }) => imputation === undefined && !Object.hasOwn(row, name),
  )
  const known = new Set(coding.features.map((feature) => feature.name))
  const unknown = Object.keys(row).find((name) => !known.has(name))
  if (unknown !== undefined) {
    const message = `no input is called "${unknown}"; this model takes ${namesOf(coding)}`
    throw new InputError(pointerTo([index, unknown]), message)
  }
  if (missing !== undefined) {
    throw new InputError(
      pointerTo([index]),
      `${missing.name} is missing; this model takes ${namesOf(coding)}`,
    )
  }
}

/** What of the network decides how its outputs are read. */
export interface Reading {
  lastActivation: Activation
  loss: Loss
}

/**
 * Reads one row of outputs: the class of the largest output, or for a single output the second class from ½ up
 * (hinge: from 0 up). Softmax and the single sigmoid also give probabilities.
 * @throws InputError (pointer '') when the network ran out of float32's range on this row
 */
export function decode(coding: Coding, output: ArrayLike<number>, reading: Reading): Prediction {
  const numbers = Array.from(output)
  if (!numbers.every(Number.isFinite)) {
    throw new InputError(
      '',
      'the network has no finite answer to these inputs: they are too far from its training data',
    )
  }
  const { target } = coding
  switch (target.type) {
    case 'number':
      return { output: numbers.map((value, output) => unscaleTarget(target, output, value)) }
    case 'multiLabel': {
      const least = leastPositive(reading.loss)
      const labels = target.names.filter((_, place) => numbers[place] >= least)
      if (reading.lastActivation !== 'sigmoid') return { output: numbers, labels }
      return { output: numbers, labels, probabilities: byClass(target.names, numbers) }
    }
    case 'oneHot': {
      const label = target.classes[placeOfClass(numbers, reading.loss)]
      if (reading.lastActivation !== 'softmax') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, numbers) }
    }
    case 'binary': {
      const [only] = numbers
      const label = target.classes[placeOfClass(numbers, reading.loss)]
      if (reading.lastActivation !== 'sigmoid') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, [1 - only, only]) }
    }
    default:
      return target satisfies never
  }
}

/** From where up a single output means the second class, or yes. */
export const leastPositive = (loss: Loss) => (loss === 'hinge' ? 0 : 0.5)

/** The class a network's outputs mean; one output tells two classes apart. */
export function placeOfClass(output: ArrayLike<number>, loss: Loss): number {
  if (output.length > 1) return placeOfLargest(output)
  return output[0] >= leastPositive(loss) ? 1 : 0
}

/** The first of the largest, when several are equal. */
export function placeOfLargest(numbers: ArrayLike<number>): number {
  let best = 0
  for (let place = 1; place < numbers.length; place++) if (numbers[place] > numbers[best]) best = place
  return best
}

/** `fromEntries` defines own properties, so that a class called `__proto__` is only a name. */
function byClass(classes: readonly string[], numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, numbers[index]]))
}
