/** Operations of the loss and of the optimizers. */
import { elementwise, operation, summed } from './declaration.js'

export const learning = {
  /**
   * Adds the batch's loss · rows and its number of correct predictions to the epoch's float64 sums, and writes the
   * gradient of the batch's loss. `output` is z, before the last activation, for binaryCrossentropy,
   * categoricalCrossentropy, hinge and perceptron, otherwise the network's output. Formulas: kernels/reference/loss.ts.
   */
  loss: operation({
    code: 23,
    attributes: { outputs: 'integer', loss: 'loss', accuracy: 'accuracy' },
    operands: {
      output: { access: 'read', shape: ['rows', 'outputs'] },
      target: { access: 'read', shape: ['rows', 'outputs'] },
      gradient: { access: 'write', shape: ['rows', 'outputs'], optional: true },
    },
    cost: [[8, 'rows', 'outputs']],
    tolerance: summed,
  }),
  /**
   * The loss with row weights: each row of the target ends with its weight. Computes Σ wᵢ ℓᵢ over the batch, divided by
   * its rows or by Σ wᵢ; 0 when Σ wᵢ is 0. Correct predictions are not weighted. `width` is outputs + 1.
   */
  weightedLoss: operation({
    code: 30,
    attributes: {
      outputs: 'integer',
      width: 'integer',
      loss: 'loss',
      accuracy: 'accuracy',
      weighting: 'weighting',
    },
    operands: {
      output: { access: 'read', shape: ['rows', 'outputs'] },
      target: { access: 'read', shape: ['rows', 'width'] },
      gradient: { access: 'write', shape: ['rows', 'outputs'], optional: true },
    },
    cost: [[9, 'rows', 'outputs']],
    tolerance: summed,
  }),
  /** Scales all gradients by limit / norm when their Euclidean norm exceeds limit. */
  clipGradients: operation({
    code: 24,
    attributes: { count: 'integer', limit: 'real' },
    operands: { gradients: { access: 'update', shape: ['count'] } },
    cost: [[3, 'count']],
    tolerance: summed,
  }),
  /**
   * to = g + weightDecay·θ + l1·sign(θ), the gradient with the penalties ½·weightDecay·‖θ‖² and l1·Σ|θ|; sign(0) = 0.
   * Does not change the gradients.
   */
  decayWeights: operation({
    code: 29,
    attributes: { count: 'integer', weightDecay: 'real', l1: 'real' },
    operands: {
      parameters: { access: 'read', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      to: { access: 'write', shape: ['count'] },
    },
    cost: [[2, 'count']],
    tolerance: elementwise,
  }),
  /**
   * g ← g + weightDecay·θ; δ ← momentum·δ + g; θ ← θ − α·δ (Nesterov: θ − α·(g + momentum·δ)), with the epoch's learning
   * rate α. Without velocity, θ ← θ − α·g.
   */
  sgdUpdate: operation({
    code: 25,
    attributes: { count: 'integer', momentum: 'real', nesterov: 'flag', weightDecay: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      velocity: { access: 'update', shape: ['count'], optional: true },
    },
    cost: [[6, 'count']],
    tolerance: elementwise,
  }),
  /**
   * θ ← θ·(1 − α·weightDecay); m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²; θ ← θ − α·m̂/(√v̂ + ε) with
   * m̂ = m/(1 − β1^t), v̂ = v/(1 − β2^t), t the training's step counted from 1; without biasCorrection m̂ = m, v̂ = v.
   */
  adamUpdate: operation({
    code: 26,
    attributes: {
      count: 'integer',
      beta1: 'real',
      beta2: 'real',
      epsilon: 'real',
      biasCorrection: 'flag',
      weightDecay: 'real',
    },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      firstMoment: { access: 'update', shape: ['count'] },
      secondMoment: { access: 'update', shape: ['count'] },
    },
    cost: [[14, 'count']],
    tolerance: summed,
  }),
  /** v ← rho·v + (1 − rho)·g²; θ ← θ − α·g/(√v + ε). */
  rmspropUpdate: operation({
    code: 27,
    attributes: { count: 'integer', rho: 'real', epsilon: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      meanSquare: { access: 'update', shape: ['count'] },
    },
    cost: [[8, 'count']],
    tolerance: summed,
  }),
  /** v ← v + g²; θ ← θ − α·g/(√v + ε). */
  adagradUpdate: operation({
    code: 28,
    attributes: { count: 'integer', epsilon: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      sumOfSquares: { access: 'update', shape: ['count'] },
    },
    cost: [[7, 'count']],
    tolerance: summed,
  }),
}
