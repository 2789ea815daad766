/** A hidden layer learns XOR, which one threshold unit cannot. */
import type { Demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'
import { truthTables } from './perceptron.js'

export const xorJob: LectureJob = {
  name: 'Lecture: XOR',
  dataset: 'xor',
  network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 500,
  seed: 42,
}

export const xor: Demonstration<{
  /** For the rows 00, 01, 10 and 11. */
  outputs: readonly number[]
  /** Loss of the last epoch. */
  loss: number
}> = {
  title: 'Two layers on XOR',
  claim: 'Two layers learn XOR.',
  plots: {
    terminal: 'the loss and a map of the outputs',
    page: 'the loss and the decision boundary',
  },
  assertion: 'The rounded outputs are those of XOR, and the last loss is below 0.05.',
  holds({ outputs, loss }) {
    return String(outputs.map(Math.round)) === String(truthTables.xor) && loss < 0.05
  },
}
