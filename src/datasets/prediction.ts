/** What a reader understands of a network's outputs. */
import type { Coding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import { type Activation, type Loss, tellsTwoClasses } from '../contract/network.js'
import { InputError } from './input-error.js'
import { unscaleTarget } from './target-scaling.js'

/** What of the network decides how its outputs are read. */
export interface Reading {
  lastActivation: Activation
  loss: Loss
  /** Probability of the second of two classes from which on it is the answer; the larger one is where it is left out. */
  threshold?: number | null | undefined
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
      const label = target.classes[placeOfAnswer(numbers, reading)]
      if (reading.lastActivation !== 'softmax') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, numbers) }
    }
    case 'binary': {
      const [only] = numbers
      const label = target.classes[placeOfAnswer(numbers, reading)]
      if (reading.lastActivation !== 'sigmoid') return { output: numbers, label }
      return { output: numbers, label, probabilities: byClass(target.classes, [1 - only, only]) }
    }
    default:
      return target satisfies never
  }
}

/** From where up a single output means the second class, or yes. */
export const leastPositive = (loss: Loss) => (loss === 'hinge' ? 0 : 0.5)

function placeOfAnswer(output: readonly number[], { loss, lastActivation, threshold }: Reading): number {
  if (!tellsTwoClasses(output.length, lastActivation) || typeof threshold !== 'number') {
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

/** `fromEntries` defines own properties, so that a class called `__proto__` is only a name. */
function byClass(classes: readonly string[], numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, numbers[index]]))
}
