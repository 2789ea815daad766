/**
 * Losses by definition. Each function computes the loss of one sample and its gradient; the loss of a batch is the mean
 * over its rows. ŷ is the output, z the value before the last activation, y the target, m the number of outputs.
 */
import type { Loss } from '../../../contract/network.js'
import type { Accuracy, OperationOf } from '../../operations.js'
import { sigmoid, softplus } from './activation.js'
import { type Floats, type Run, view } from './run.js'

interface LossFunction {
  /** The loss of the sample whose m outputs and targets begin at `start`; writes its gradient to `grads`. */
  sample(outputs: Floats, targets: Floats, start: number, m: number, grads: Float64Array): number
}

/** A loss that is the sum or the mean of a function over the outputs. */
function elementwise(
  division: 'mean' | 'sum',
  value: (output: number, target: number) => number,
  derivative: (output: number, target: number) => number,
): LossFunction {
  return {
    sample(outputs, targets, start, m, grads) {
      const share = division === 'mean' ? 1 / m : 1
      let sum = 0
      for (let i = 0; i < m; i++) {
        const output = outputs[start + i]
        const target = targets[start + i]
        sum += share * value(output, target)
        grads[i] = share * derivative(output, target)
      }
      return sum
    },
  }
}

const hingeSign = (target: number) => (target >= 0.5 ? 1 : -1)

const lossFunctions: Readonly<Record<Loss, LossFunction>> = {
  /** ½‖ŷ − y‖² */
  squaredError: elementwise(
    'sum',
    (output, target) => (output - target) ** 2 / 2,
    (output, target) => output - target,
  ),
  meanSquaredError: elementwise(
    'mean',
    (output, target) => (output - target) ** 2,
    (output, target) => 2 * (output - target),
  ),
  meanAbsoluteError: elementwise(
    'mean',
    (output, target) => Math.abs(output - target),
    (output, target) => Math.sign(output - target),
  ),
  /** Huber 1964, δ = 1: ½d² for |d| ≤ 1, else |d| − ½. */
  huber: elementwise(
    'mean',
    (output, target) => {
      const distance = Math.abs(output - target)
      return distance <= 1 ? distance ** 2 / 2 : distance - 0.5
    },
    (output, target) => Math.max(-1, Math.min(1, output - target)),
  ),
  /** −y ln σ(z) − (1 − y) ln(1 − σ(z)) = softplus(z) − y z */
  binaryCrossentropy: elementwise(
    'mean',
    (z, target) => softplus(z) - target * z,
    (z, target) => sigmoid(z) - target,
  ),
  /** max(0, 1 − t z) with t = ∓1 for the targets 0 and 1. */
  hinge: elementwise(
    'mean',
    (z, target) => Math.max(0, 1 - hingeSign(target) * z),
    (z, target) => (1 - hingeSign(target) * z > 0 ? -hingeSign(target) : 0),
  ),
  /** (ŷ − y) z with ŷ = step(z) held constant. */
  perceptron: elementwise(
    'sum',
    (z, target) => ((z >= 0 ? 1 : 0) - target) * z,
    (z, target) => (z >= 0 ? 1 : 0) - target,
  ),
  /** −Σ y ln softmax(z) = Σ y · (ln Σ e^z − z) */
  categoricalCrossentropy: {
    sample(outputs, targets, start, m, grads) {
      let largest = -Infinity
      for (let i = 0; i < m; i++) largest = Math.max(largest, outputs[start + i])
      let exponentials = 0
      for (let i = 0; i < m; i++) exponentials += Math.exp(outputs[start + i] - largest)
      const logarithm = largest + Math.log(exponentials)
      let mass = 0
      let sum = 0
      for (let i = 0; i < m; i++) {
        const target = targets[start + i]
        mass += target
        sum += target * (logarithm - outputs[start + i])
      }
      for (let i = 0; i < m; i++) {
        grads[i] = mass * Math.exp(outputs[start + i] - logarithm) - targets[start + i]
      }
      return sum
    },
  },
}

/** The loss of one row, in float64. `values` are the logits where the loss is computed from them, else the outputs. */
export function lossOfRow(loss: Loss, values: ArrayLike<number>, targets: ArrayLike<number>): number {
  const m = values.length
  return lossFunctions[loss].sample(
    Float64Array.from(values),
    Float64Array.from(targets),
    0,
    m,
    new Float64Array(m),
  )
}

/** Index of the largest value, the first one if there are several. */
function indexOfLargest(values: Floats, start: number, m: number): number {
  let best = 0
  for (let i = 1; i < m; i++) if (values[start + i] > values[start + best]) best = i
  return best
}

const answersRight: Readonly<
  Record<Accuracy, (outputs: Floats, targets: Floats, start: number, m: number) => number>
> = {
  none: () => 0,
  argmax: (outputs, targets, start, m) =>
    indexOfLargest(outputs, start, m) === indexOfLargest(targets, start, m) ? 1 : 0,
  positive: (outputs, targets, start, m) => countRight(outputs, targets, start, m, 0),
  half: (outputs, targets, start, m) => countRight(outputs, targets, start, m, 0.5),
}

function countRight(outputs: Floats, targets: Floats, start: number, m: number, border: number): number {
  let right = 0
  for (let i = start; i < start + m; i++) {
    if (outputs[i] >= border === targets[i] >= 0.5) right++
  }
  return right
}

export function loss(operation: OperationOf<'loss'>, run: Run): void {
  const { outputs: m, loss: name, accuracy } = operation.attributes
  const outputs = view(run, operation.operands.output)
  const targets = view(run, operation.operands.target)
  const gradient = operation.operands.gradient === null ? null : view(run, operation.operands.gradient)
  const grads = new Float64Array(m)
  for (let row = 0; row < run.rows; row++) {
    run.lossSum += lossFunctions[name].sample(outputs, targets, row * m, m, grads)
    run.right += answersRight[accuracy](outputs, targets, row * m, m)
    if (gradient === null) continue
    for (let i = 0; i < m; i++) gradient[row * m + i] = grads[i] / run.rows
  }
}

/** Each row of the target ends with the row's weight. */
export function weightedLoss(operation: OperationOf<'weightedLoss'>, run: Run): void {
  const { outputs: m, width, loss: name, accuracy, weighting } = operation.attributes
  const outputs = view(run, operation.operands.output)
  const targets = view(run, operation.operands.target)
  const gradient = operation.operands.gradient === null ? null : view(run, operation.operands.gradient)
  const grads = new Float64Array(m)
  let weights = 0
  for (let row = 0; row < run.rows; row++) weights += targets[row * width + m]
  const divisor = weighting === 'sum' ? weights : run.rows
  const share = divisor === 0 ? 0 : 1 / divisor
  for (let row = 0; row < run.rows; row++) {
    const output = outputs.subarray(row * m, (row + 1) * m)
    const target = targets.subarray(row * width, row * width + m)
    const weight = targets[row * width + m] * share
    run.lossSum += weight * run.rows * lossFunctions[name].sample(output, target, 0, m, grads)
    run.right += answersRight[accuracy](output, target, 0, m)
    if (gradient === null) continue
    for (let i = 0; i < m; i++) gradient[row * m + i] = weight * grads[i]
  }
}
