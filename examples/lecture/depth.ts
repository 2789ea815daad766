/** Deep and wide networks with equally many parameters. */
import type { Demonstration } from './demonstration.js'
import { type Dataset, dense, type LectureJob } from './job.js'

export const depthSeeds = [1, 2, 3]
export const depthEpochs = 250

interface DepthTask {
  name: string
  dataset: Dataset
  /** Units of the hidden layers of each network, from one layer to four. */
  hidden: readonly (readonly number[])[]
}

export const spirals: DepthTask = {
  name: 'spirals',
  dataset: { name: 'spirals', rows: 400, noise: 0.03, seed: 1 },
  hidden: [[112], [18, 18], [13, 13, 13], [11, 11, 11, 11]],
}
export const parity: DepthTask = {
  name: 'parity of 6 inputs',
  dataset: { name: 'parity', inputs: 6 },
  hidden: [[56], [17, 17], [13, 13, 13], [11, 11, 11, 11]],
}

export function depthJob({ name, dataset }: DepthTask, hidden: readonly number[], seed: number): LectureJob {
  return {
    name: `Lecture: ${name}, depth ${hidden.length}`,
    dataset,
    network: { layers: [...hidden.map((units) => dense(units, 'tanh')), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: depthEpochs,
    batchSize: 32,
    seed,
  }
}

interface Network {
  parameters: number
  /** Loss and accuracy of the last epoch, the medians of all seeds. */
  loss: number
  accuracy: number
}

/** The networks of a task in the order of `hidden`. */
export const depth: Demonstration<readonly Network[]> = {
  title: 'Depth and width',
  claim: 'With equal parameters, a deep network learns what a wide one does not.',
  plots: {
    terminal: 'the accuracy on spirals and parity by depth, and two maps of the spirals',
    page: 'the loss and the decision boundary on spirals by depth',
  },
  assertion:
    'With parameters within 15 %, three layers have an accuracy above 95 % and one layer below 80 %, at three times ' +
    'the loss or more.',
  holds(networks) {
    const [wide, , three] = networks
    const parameters = networks.map((network) => network.parameters)
    return (
      Math.max(...parameters) < 1.15 * Math.min(...parameters) &&
      three.loss < wide.loss / 3 &&
      three.accuracy > 0.95 &&
      wide.accuracy < 0.8
    )
  },
}
