/** Optimizers in a long narrow valley of the loss. */
import type { Demonstration } from './demonstration.js'
import { dense, type LectureJob, type Optimizer } from './job.js'

export const learningRates = [0.03, 0.1, 0.3, 1]

interface OptimizerChoice {
  name: string
  at(learningRate: number): Optimizer
}

export const optimizers: readonly OptimizerChoice[] = [
  { name: 'plain', at: (learningRate) => ({ type: 'sgd', learningRate }) },
  { name: 'momentum 0.9', at: (learningRate) => ({ type: 'sgd', learningRate, momentum: 0.9 }) },
  { name: 'Adam', at: (learningRate) => ({ type: 'adam', learningRate }) },
  {
    name: 'Adam without bias correction',
    at: (learningRate) => ({ type: 'adam', learningRate, biasCorrection: false }),
  },
]

/** The second input is ten times smaller than the first, so that the loss has a condition number of about 100. */
const x = Array.from({ length: 100 }, (_, row) => [
  (row % 10) / 4.5 - 1,
  (Math.floor(row / 10) / 4.5 - 1) / 10,
])
const y = x.map(([x1, x2]) => 2 * x1 - 30 * x2 + 1)

/** Fits a plane to 100 exact points. */
export function momentumJob({ name, at }: OptimizerChoice, learningRate: number): LectureJob {
  return {
    name: `Lecture: ${name}, rate ${learningRate}`,
    dataset: { x, y },
    network: { layers: [dense(1, 'linear')] },
    loss: 'squaredError',
    optimizer: at(learningRate),
    batchSize: 'full',
    epochs: 200,
    seed: 1,
  }
}

/** The last loss of each of `optimizers`, at its best learning rate. */
export const momentum: Demonstration<readonly number[]> = {
  title: 'Momentum and Adam',
  claim: 'Momentum and Adam converge faster in a narrow valley than plain gradient descent.',
  plots: {
    terminal: 'four losses, each at its best learning rate',
    page: 'four losses, each at its best learning rate',
  },
  assertion: 'After 200 steps, each has less than a thousandth of the loss of plain gradient descent.',
  holds: ([plain, ...others]) => others.every((loss) => loss < plain / 1_000),
}
