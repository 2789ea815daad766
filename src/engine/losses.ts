/** The accuracy that goes with a loss. */
import type { Activation, Loss } from '../contract/network.js'
import { type Accuracy, lossRules } from './operations.js'
import type { DataShape } from './program.js'

/**
 * When a prediction counts as correct:
 * - argmax: the largest output is the largest target; one prediction per row.
 * - positive: z ≥ 0 exactly where the target is ≥ ½; one prediction per output.
 * - half: ŷ ≥ ½ exactly where the target is ≥ ½; one prediction per output.
 * - none: not a classification.
 */
export function selectAccuracy(loss: Loss, activation: Activation, given?: DataShape['accuracy']): Accuracy {
  if (given === 'half') return lossRules[loss].fromLogits ? 'positive' : 'half'
  if (given !== undefined) return given
  if (loss === 'categoricalCrossentropy' || activation === 'softmax') return 'argmax'
  if (lossRules[loss].fromLogits) return 'positive'
  return activation === 'sigmoid' ? 'half' : 'none'
}

export function answersPerRow(accuracy: Accuracy, outputs: number): number {
  switch (accuracy) {
    case 'none':
      return 0
    case 'argmax':
      return 1
    case 'positive':
    case 'half':
      return outputs
    default:
      return accuracy satisfies never
  }
}
