/** Decodes the outputs of a network into predictions. */
import type { Coding, TargetCoding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import { type Activation, isTwoClassOutput, type Loss, losses } from '../contract/network.js'
import { InputError } from './input-error.js'
import { unscaleTarget } from './target-scaling.js'

/** How to read the outputs of a network. */
interface Reading {
  lastActivation: Activation
  loss: Loss
  /**
   * Lowest probability of the second of two classes at which it is predicted; default: the larger output
   * wins.
   */
  threshold?: number | null | undefined
}

/** Decodes one row of outputs. @throws InputError (pointer '') when an output is not finite */
export type Decoder = (output: ArrayLike<number>) => Prediction

/** Whether the outputs are the probabilities of the classes, or of several boolean targets. */
export function givesProbabilities({ type }: TargetCoding, lastActivation: Activation): boolean {
  switch (type) {
    case 'number':
      return false
    case 'oneHot':
      return lastActivation === 'softmax'
    case 'binary':
    case 'multiLabel':
      return lastActivation === 'sigmoid'
    default:
      return type satisfies never
  }
}

/**
 * Predicts the class of the largest output. A single output means the second class from ½ on (hinge: from 0
 * on). Softmax and a single sigmoid also give probabilities.
 */
export function decoder({ target }: Coding, reading: Reading): Decoder {
  const hasProbabilities = givesProbabilities(target, reading.lastActivation)
  switch (target.type) {
    case 'number':
      return (output) => ({
        output: finiteNumbers(output).map((value, index) => unscaleTarget(target, index, value)),
      })
    case 'multiLabel': {
      const least = positiveThreshold(reading.loss)
      const probabilities = hasProbabilities ? byClass(target.names) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const labels = target.names.filter((_, index) => numbers[index] >= least)
        if (probabilities === null) return { output: numbers, labels }
        return { output: numbers, labels, probabilities: probabilities(numbers) }
      }
    }
    case 'oneHot': {
      const probabilities = hasProbabilities ? byClass(target.classes) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const label = target.classes[decideClass(numbers, reading)]
        if (probabilities === null) return { output: numbers, label }
        return { output: numbers, label, probabilities: probabilities(numbers) }
      }
    }
    case 'binary': {
      const probabilities = hasProbabilities ? byClass(target.classes) : null
      return (output) => {
        const numbers = finiteNumbers(output)
        const label = target.classes[decideClass(numbers, reading)]
        if (probabilities === null) return { output: numbers, label }
        return { output: numbers, label, probabilities: probabilities([1 - numbers[0], numbers[0]]) }
      }
    }
    default:
      return target satisfies never
  }
}

/** Decodes a single row. Use `decoder` for many. */
export const decode = (coding: Coding, output: ArrayLike<number>, reading: Reading): Prediction =>
  decoder(coding, reading)(output)

function finiteNumbers(output: ArrayLike<number>): number[] {
  const numbers: number[] = []
  for (let index = 0; index < output.length; index++) {
    const number = output[index]
    if (!Number.isFinite(number)) {
      throw new InputError(
        '',
        'the output of the network is not finite: these inputs are too far from its training data',
      )
    }
    numbers.push(number)
  }
  return numbers
}

/** The lowest single output that means the second class, or true. */
export const positiveThreshold = (loss: Loss) => losses[loss].positiveFrom

/** The index of the predicted class. The threshold decides between two classes with probabilities. */
export function decideClass(
  output: ArrayLike<number>,
  {
    loss,
    lastActivation,
    threshold,
  }: Pick<Reading, 'loss' | 'threshold'> & {
    lastActivation: Activation | undefined
  },
): number {
  if (!isTwoClassOutput(output.length, lastActivation) || typeof threshold !== 'number') {
    return predictedClass(output, loss)
  }
  return output[output.length - 1] >= threshold ? 1 : 0
}

/** The index of the predicted class. A single output distinguishes two classes. */
export function predictedClass(output: ArrayLike<number>, loss: Loss): number {
  if (output.length > 1) return argmax(output)
  return output[0] >= positiveThreshold(loss) ? 1 : 0
}

/** The index of the largest number, the first of equal ones. */
export function argmax(numbers: ArrayLike<number>): number {
  let best = 0
  for (let index = 1; index < numbers.length; index++) if (numbers[index] > numbers[best]) best = index
  return best
}

/** Maps class names to numbers. A class may be called `__proto__`. */
function byClass(classes: readonly string[]): (numbers: readonly number[]) => Record<string, number> {
  if (classes.includes('__proto__')) {
    return (numbers) => Object.fromEntries(classes.map((name, index) => [name, numbers[index]]))
  }
  return (numbers) => {
    const named: Record<string, number> = {}
    for (let index = 0; index < classes.length; index++) named[classes[index]] = numbers[index]
    return named
  }
}
