/** Tasks that networks of every depth learn, each at its own learning rate. */
import { type Dataset, dense, type LectureJob } from './job.js'

export interface DepthTask {
  name: string
  dataset: Dataset
  epochs: number
  /** Units of the hidden layers of each network, from one layer to three. */
  hidden: readonly (readonly number[])[]
  /** The grid of learning rates of each network. */
  rates: readonly (readonly number[])[]
}

export const spirals: DepthTask = {
  name: 'spirals',
  dataset: { name: 'spirals', rows: 200, noise: 0.03, seed: 1 },
  epochs: 250,
  hidden: [[112], [18, 18], [13, 13, 13]],
  rates: [
    [0.03, 0.1, 0.3, 1, 3],
    [0.01, 0.03, 0.1, 0.3, 1],
    [0.001, 0.003, 0.01, 0.03, 0.1],
  ],
}

export const parity: DepthTask = {
  name: 'parity of 6 inputs',
  dataset: { name: 'parity', inputs: 6 },
  epochs: 400,
  hidden: [[56], [17, 17], [13, 13, 13]],
  rates: [
    [0.03, 0.1, 0.3, 1, 3],
    [0.003, 0.01, 0.03, 0.1, 0.3],
    [0.003, 0.01, 0.03, 0.1, 0.3],
  ],
}

export function depthJob(
  { name, dataset, epochs }: DepthTask,
  hidden: readonly number[],
  rate: number,
  seed: number,
): LectureJob {
  return {
    name: `Lecture: ${name}, depth ${hidden.length}, rate ${rate}`,
    dataset,
    network: { layers: [...hidden.map((units) => dense(units, 'tanh')), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: rate },
    schedule: { type: 'cosine' },
    epochs,
    batchSize: 32,
    seed,
  }
}
