/** What each loss asks of the network's end, what it is computed from, and how answers are judged. */
import type { Activation, Loss } from '../contract/network.js'
import type { Accuracy, Weighting } from './operations.js'
import type { DataShape } from './program.js'

interface LossRule {
  /** The activation the last layer must have; null where any with a slope will do. */
  readonly activation: Activation | null
  /** True: computed from z before the last activation, because that is stable (or, for step, because only z has a slope). */
  readonly fromLogits: boolean
  /**
   * What Σ wᵢ ℓᵢ over a batch of weighted rows is divided by, as PyTorch has it: `sum`, the sum of the weights
   * (CrossEntropyLoss, mse_loss with a weight); `rows`, the rows (BCEWithLogitsLoss).
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
 * argmax: the largest output is the largest target, one answer per row. positive: z ≥ 0 where the target is ≥ ½, each
 * output an answer. half: ŷ ≥ ½ where the target is ≥ ½, each output an answer. none: no classification.
 */
export function accuracyOf(loss: Loss, activation: Activation, given?: DataShape['accuracy']): Accuracy {
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
