/** For each loss: the required last activation, its input (outputs or logits), its weighting, and the accuracy. */
import type { Activation, Loss } from '../contract/network.js'
import type { Accuracy, Weighting } from './operations.js'
import type { DataShape } from './program.js'

interface LossRule {
  /** The activation required of the last layer; null allows every activation except step. */
  readonly activation: Activation | null
  /** Computed from z, before the last activation: numerically stable, and for step the only value with a gradient. */
  readonly fromLogits: boolean
  /**
   * The divisor of Σ wᵢ ℓᵢ over a batch of weighted rows, as in PyTorch: `sum`, the sum of the weights
   * (CrossEntropyLoss, mse_loss with a weight); `rows`, the number of rows (BCEWithLogitsLoss).
   */
  readonly weighting: Weighting
}

export const lossRules: Readonly<Record<Loss, LossRule>> = {
  squaredError: { activation: null, fromLogits: false, weighting: 'sum' },
  meanSquaredError: { activation: null, fromLogits: false, weighting: 'sum' },
  meanAbsoluteError: { activation: null, fromLogits: false, weighting: 'sum' },
  huber: { activation: null, fromLogits: false, weighting: 'sum' },
  binaryCrossentropy: { activation: 'sigmoid', fromLogits: true, weighting: 'rows' },
  categoricalCrossentropy: { activation: 'softmax', fromLogits: true, weighting: 'sum' },
  hinge: { activation: 'linear', fromLogits: true, weighting: 'rows' },
  perceptron: { activation: 'step', fromLogits: true, weighting: 'rows' },
}

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
