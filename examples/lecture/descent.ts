/** Full-batch, mini-batch and stochastic gradient descent. */
import type { Demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'

const rows = 400

interface BatchSize {
  name: string
  batchSize: number | 'full'
  /** An epoch computes the gradient of each row once, whatever the batch size. */
  stepsPerEpoch: number
  epochs: number
}

export const batchSizes: readonly BatchSize[] = [
  { name: 'gradient descent (all 400 rows)', batchSize: 'full', stepsPerEpoch: 1, epochs: 400 },
  { name: 'mini-batch (20 rows)', batchSize: 20, stepsPerEpoch: 20, epochs: 20 },
  { name: 'stochastic (1 row)', batchSize: 1, stepsPerEpoch: 400, epochs: 20 },
]

/** The same network, data, seed and learning rate for each batch size. */
export function descentJob({ name, batchSize, epochs }: BatchSize): LectureJob {
  return {
    name: `Lecture: ${name}`,
    dataset: { name: 'moons', rows, noise: 0.15, seed: 1 },
    network: { layers: [dense(8, 'tanh'), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1 },
    batchSize,
    epochs,
    seed: 1,
  }
}

/** The loss of each epoch, in the order of `batchSizes`. */
export const descent: Demonstration<readonly (readonly number[])[]> = {
  title: 'Gradient descent',
  claim: 'Full-batch, mini-batch and stochastic gradient descent take few exact steps or many noisy ones.',
  plots: { terminal: 'the loss by epoch and by step', page: 'the loss by epoch and by step' },
  assertion:
    'After 20 epochs, each smaller batch has a loss at least 30 % lower. After 400 steps, no smaller batch has a loss ' +
    'more than 2 % lower than the full batch.',
  holds(losses) {
    const [full, mini, single] = losses.map((each) => each[19])
    const [fullStep, ...otherSteps] = losses.map((each, index) => {
      return each[rows / batchSizes[index].stepsPerEpoch - 1]
    })
    return mini < 0.7 * full && single < 0.7 * mini && otherSteps.every((loss) => fullStep < 1.02 * loss)
  },
}
