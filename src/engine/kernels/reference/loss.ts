/**
 * Losses by their definitions: each gives one sample's loss, the sum of which over the batch's N rows is divided by N,
 * and the gradient of that mean. ŷ is the output, z the value before the last activation, y the target, m outputs.
 */
import type { Loss } from '../../../contract/network.js'
import type { Accuracy, OperationOf } from '../../operations.js'
import { sigmoid, softplus } from './activation.js'
import { type Floats, type Run, view } from './run.js'

interface LossFunction {
  /** Loss of one sample, given where its m outputs and targets begin; slopes of it go to `slopes`. */
  sample(outputs: Floats, targets: Floats, start: number, m: number, slopes: Float64Array): number
}

/** A loss that is a sum over outputs, divided by m where it is a mean over all elements. */
function elementwise(
  division: 'mean' | 'sum',
  value: (output: number, target: number) => number,
  slope: (output: number, target: number) => number,
): LossFunction {
  return {
    sample(outputs, targets, start, m, slopes) {
      const share = division === 'mean' ? 1 / m : 1
      let sum = 0
      for (let i = 0; i < m; i++) {
        const output = outputs[start + i]
        const target = targets[start + i]
        sum += share * value(output, target)
        slopes[i] = share * slope(output, target)
      }
      return sum
    },
  }
}

const signOf = (target: number) => (target >= 0.5 ? 1 : -1)

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
    (z, target) => Math.max(0, 1 - signOf(target) * z),
    (z, target) => (1 - signOf(target) * z > 0 ? -signOf(target) : 0),
  ),
  /** (ŷ − y) z with ŷ = step(z) held constant. */
  perceptron: elementwise(
    'sum',
    (z, target) => ((z >= 0 ? 1 : 0) - target) * z,
    (z, target) => (z >= 0 ? 1 : 0) - target,
  ),
  /** −Σ y ln softmax(z) = Σ y · (ln Σ e^z − z) */
  categoricalCrossentropy: {
    sample(outputs, targets, start, m, slopes) {
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
        slopes[i] = mass * Math.exp(outputs[start + i] - logarithm) - targets[start + i]
      }
      return sum
    },
  },
}

/** The first of the largest. */
function largestOf(values: Floats, start: number, m: number): number {
  let best = 0
  for (let i = 1; i < m; i++) if (values[start + i] > values[start + best]) best = i
  return best
}

const answersRight: Readonly<
  Record<Accuracy, (outputs: Floats, targets: Floats, start: number, m: number) => number>
> = {
  none: () => 0,
  argmax: (outputs, targets, start, m) =>
    largestOf(outputs, start, m) === largestOf(targets, start, m) ? 1 : 0,
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
  const slopes = new Float64Array(m)
  for (let row = 0; row < run.rows; row++) {
    run.lossSum += lossFunctions[name].sample(outputs, targets, row * m, m, slopes)
    run.right += answersRight[accuracy](outputs, targets, row * m, m)
    if (gradient === null) continue
    for (let i = 0; i < m; i++) gradient[row * m + i] = slopes[i] / run.rows
  }
}

/** Each row's targets are followed by its weight. */
export function weightedLoss(operation: OperationOf<'weightedLoss'>, run: Run): void {
  const { outputs: m, width, loss: name, accuracy, weighting } = operation.attributes
  const outputs = view(run, operation.operands.output)
  const targets = view(run, operation.operands.target)
  const gradient = operation.operands.gradient === null ? null : view(run, operation.operands.gradient)
  const slopes = new Float64Array(m)
  let weights = 0
  for (let row = 0; row < run.rows; row++) weights += targets[row * width + m]
  const divisor = weighting === 'sum' ? weights : run.rows
  const share = divisor === 0 ? 0 : 1 / divisor
  for (let row = 0; row < run.rows; row++) {
    const output = outputs.subarray(row * m, (row + 1) * m)
    const target = targets.subarray(row * width, row * width + m)
    const weight = targets[row * width + m] * share
    run.lossSum += weight * run.rows * lossFunctions[name].sample(output, target, 0, m, slopes)
    run.right += answersRight[accuracy](output, target, 0, m)
    if (gradient === null) continue
    for (let i = 0; i < m; i++) gradient[row * m + i] = weight * slopes[i]
  }
}
