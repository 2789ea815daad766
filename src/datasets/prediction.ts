/** From raw inputs to what a trained network takes, and from its outputs to what a reader understands. */
import type { Coding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import type { Activation, Loss } from '../contract/network.js'
import { pointerTo } from '../contract/problems.js'

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

/** One row: numbers in the order of the model's features, or numbers by column name. */
export type InputRow = readonly number[] | Readonly<Record<string, number>>

/**
 * Raw rows as the network takes them: rows × features, row-major, each (value − mean) / scale.
 * @throws InputError at the first unknown or missing column, wrong count, or number that is not finite or leaves
 *   the range of float32
 */
export function encodeInputs(coding: Coding, rows: readonly InputRow[]): Float32Array {
  const width = coding.features.length
  const inputs = new Float32Array(rows.length * width)
  for (const [index, row] of rows.entries()) {
    const named = !isList(row)
    if (named) checkNames(coding, row, index)
    else checkCount(coding, row, index)
    for (const [place, { name, mean, scale }] of coding.features.entries()) {
      const value = named ? row[name] : row[place]
      const encoded = Math.fround((value - mean) / scale)
      if (!Number.isFinite(encoded)) {
        const pointer = pointerTo([index, named ? name : place])
        const reason = Number.isFinite(value) ? `${value} is too large for this model` : 'not a finite number'
        throw new InputError(pointer, `${name}: ${reason}`)
      }
      inputs[index * width + place] = encoded
    }
  }
  return inputs
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isList(row: InputRow): row is readonly number[] {
  return Array.isArray(row)
}

const namesOf = (coding: Coding) => coding.features.map((feature) => feature.name).join(', ')

function checkCount(coding: Coding, row: readonly number[], index: number): void {
  const width = coding.features.length
  if (row.length === width) return
  const came = row.length === 1 ? '1 number came' : `${row.length} numbers came`
  const wanted = width === 1 ? '1 number' : `${width} numbers`
  throw new InputError(pointerTo([index]), `${came}, this model takes ${wanted}: ${namesOf(coding)}`)
}

function checkNames(coding: Coding, row: Readonly<Record<string, number>>, index: number): void {
  const missing = coding.features.find(({ name }) => !Object.hasOwn(row, name))
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
      return { output: numbers }
    case 'oneHot': {
      const label = target.classes[placeOfLargest(numbers)]
      if (reading.lastActivation !== 'softmax') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, numbers) }
    }
    case 'binary': {
      const [only] = numbers
      const label = target.classes[only >= (reading.loss === 'hinge' ? 0 : 0.5) ? 1 : 0]
      if (reading.lastActivation !== 'sigmoid') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, [1 - only, only]) }
    }
    default:
      return target satisfies never
  }
}

/** The first of the largest, when several are equal. */
function placeOfLargest(numbers: readonly number[]): number {
  return numbers.reduce((best, value, place) => (value > numbers[best] ? place : best), 0)
}

/** `fromEntries` defines own properties, so that a class called `__proto__` is only a name. */
function byClass(classes: readonly string[], numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, numbers[index]]))
}
