/** Enumerated attributes of operations: their members, with the codes in the encoded program and their properties. */
import type { Activation, Initializer, Loss } from '../../contract/network.js'

/** Activations that work on each element alone; softmax works on rows, by separate operations. */
export type ElementActivation = Exclude<Activation, 'softmax'>

interface ActivationRule {
  readonly code: number
  /** The default initializer of a layer's weights. */
  readonly initializer: Initializer
  /** What its derivative is computed from: the output y = f(z), or the input z. */
  readonly derivative: 'y' | 'z'
}

export const activationRules: Readonly<Record<ElementActivation, ActivationRule>> = {
  linear: { code: 0, initializer: 'glorotUniform', derivative: 'y' },
  step: { code: 1, initializer: 'glorotUniform', derivative: 'y' },
  sigmoid: { code: 2, initializer: 'glorotUniform', derivative: 'y' },
  tanh: { code: 3, initializer: 'glorotUniform', derivative: 'y' },
  relu: { code: 4, initializer: 'heNormal', derivative: 'y' },
  leakyRelu: { code: 5, initializer: 'heNormal', derivative: 'y' },
  elu: { code: 6, initializer: 'heNormal', derivative: 'y' },
  gelu: { code: 7, initializer: 'heNormal', derivative: 'z' },
  softplus: { code: 8, initializer: 'glorotUniform', derivative: 'y' },
}

/** The divisor of a batch's weighted loss: see LossRule. */
export type Weighting = 'rows' | 'sum'

interface LossRule {
  readonly code: number
  /** Computed from z, before the last activation: numerically stable, and for step the only value with a gradient. */
  readonly fromLogits: boolean
  /**
   * The divisor of Σ wᵢ ℓᵢ over a batch of weighted rows, as in PyTorch: `sum`, the sum of the weights
   * (CrossEntropyLoss, mse_loss with a weight); `rows`, the number of rows (BCEWithLogitsLoss).
   */
  readonly weighting: Weighting
}

export const lossRules: Readonly<Record<Loss, LossRule>> = {
  squaredError: { code: 0, fromLogits: false, weighting: 'sum' },
  meanSquaredError: { code: 1, fromLogits: false, weighting: 'sum' },
  meanAbsoluteError: { code: 2, fromLogits: false, weighting: 'sum' },
  huber: { code: 3, fromLogits: false, weighting: 'sum' },
  binaryCrossentropy: { code: 4, fromLogits: true, weighting: 'rows' },
  categoricalCrossentropy: { code: 5, fromLogits: true, weighting: 'sum' },
  hinge: { code: 6, fromLogits: true, weighting: 'rows' },
  perceptron: { code: 7, fromLogits: true, weighting: 'rows' },
}

/** When a prediction counts as correct: see losses.ts. */
export type Accuracy = 'none' | 'argmax' | 'positive' | 'half'

const accuracyCodes = { none: 0, argmax: 1, positive: 2, half: 3 } as const satisfies Record<Accuracy, number>
const weightingCodes = { rows: 0, sum: 1 } as const satisfies Record<Weighting, number>

/** The enumerations of attributes and the codes of their members. */
export const enumerations: Readonly<
  Record<'activation' | 'loss' | 'accuracy' | 'weighting', Readonly<Record<string, number>>>
> = {
  activation: codes(activationRules),
  loss: codes(lossRules),
  accuracy: accuracyCodes,
  weighting: weightingCodes,
}

function codes(rules: Readonly<Record<string, { readonly code: number }>>): Record<string, number> {
  return Object.fromEntries(Object.entries(rules).map(([name, { code }]) => [name, code]))
}
