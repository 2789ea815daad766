/** What a reader understands of a network's outputs. */
import type { Coding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import { type Activation, isTwoClassOutput, type Loss } from '../contract/network.js'
import { InputError } from './input-error.js'
import { unscaleTarget } from './target-scaling.js'

/** What of the network decides how its outputs are read. */
export interface Reading {
  lastActivation: Activation
  loss: Loss
  /** Probability of the second of two classes from which on it is the answer; the larger one is where it is left out. */
  threshold?: number | null | undefined
}

/** Reads one row of outputs. @throws InputError (pointer '') when the network ran out of float32's range on this row */
export type Decoder = (output: ArrayLike<number>) => Prediction

/**
 * The class of the largest output, or for a single output the second class from ½ up (hinge: from 0 up). Softmax and the
 * single sigmoid also give probabilities.
 */
export function decoder({ target }: Coding, reading: Reading): Decoder {
  switch (target.type) {
    case 'number':
      return (output) => ({
        output: finiteNumbers(output).map((value, place) => unscaleTarget(target, place, value)),
      })
    case 'multiLabel': {
      const least = leastPositive(reading.loss)
      const probabilities = reading.lastActivation === 'sigmoid' ? byClass(target.names) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const labels = target.names.filter((_, place) => numbers[place] >= least)
        if (probabilities === null) return { output: numbers, labels }
        return { output: numbers, labels, probabilities: probabilities(numbers) }
      }
    }
    case 'oneHot': {
      const probabilities = reading.lastActivation === 'softmax' ? byClass(target.classes) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const label = target.classes[placeOfAnswer(numbers, reading)]
        if (probabilities === null) return { output: numbers, label }
        return { output: numbers, label, probabilities: probabilities(numbers) }
      }
    }
    case 'binary': {
      const probabilities = reading.lastActivation === 'sigmoid' ? byClass(target.classes) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const label = target.classes[placeOfAnswer(numbers, reading)]
        if (probabilities === null) return { output: numbers, label }
        return { output: numbers, label, probabilities: probabilities([1 - numbers[0], numbers[0]]) }
      }
    }
    default:
      return target satisfies never
  }
}

/** Of one row alone; see `decoder` for many. */
export const decode = (coding: Coding, output: ArrayLike<number>, reading: Reading): Prediction =>
  decoder(coding, reading)(output)

function finiteNumbers(output: ArrayLike<number>): number[] {
  const numbers: number[] = []
  for (let place = 0; place < output.length; place++) {
    const number = output[place]
    if (!Number.isFinite(number)) {
      throw new InputError(
        '',
        'the network has no finite answer to these inputs: they are too far from its training data',
      )
    }
    numbers.push(number)
  }
  return numbers
}

/** From where up a single output means the second class, or yes. */
export const leastPositive = (loss: Loss) => (loss === 'hinge' ? 0 : 0.5)

function placeOfAnswer(output: readonly number[], { loss, lastActivation, threshold }: Reading): number {
  if (!isTwoClassOutput(output.length, lastActivation) || typeof threshold !== 'number') {
    return placeOfClass(output, loss)
  }
  return output[output.length - 1] >= threshold ? 1 : 0
}

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

/** Numbers by the names of their classes, of which each may be any text: one called `__proto__` is only a name. */
function byClass(classes: readonly string[]): (numbers: readonly number[]) => Record<string, number> {
  if (classes.includes('__proto__')) {
    return (numbers) => Object.fromEntries(classes.map((name, place) => [name, numbers[place]]))
  }
  return (numbers) => {
    const named: Record<string, number> = {}
    for (let place = 0; place < classes.length; place++) named[classes[place]] = numbers[place]
    return named
  }
}
