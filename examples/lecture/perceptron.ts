/** One threshold unit and Rosenblatt's rule. */
import type { Demonstration } from './demonstration.js'
import type { LectureJob } from './job.js'

/** Targets of the rows 00, 01, 10 and 11. */
export const truthTables = { and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] } as const

export const perceptronEpochs = 12

/** Trains one unit row by row, from zero weights with learning rate 1. */
export function perceptronJob(dataset: keyof typeof truthTables, epochs: number): LectureJob {
  return {
    name: `Lecture: perceptron on ${dataset.toUpperCase()}`,
    dataset,
    network: { layers: [{ type: 'dense', units: 1, activation: 'step', kernelInitializer: 'zeros' }] },
    loss: 'perceptron',
    optimizer: { type: 'sgd', learningRate: 1 },
    batchSize: 1,
    sampling: 'sequential',
    epochs,
  }
}

/** By function, the outputs of the trained unit for the rows 00, 01, 10 and 11. */
type Outputs = Record<keyof typeof truthTables, readonly number[]>

export const perceptron: Demonstration<Outputs> = {
  title: 'The perceptron',
  claim: 'One threshold unit learns AND and OR but not XOR.',
  plots: {
    terminal: 'the weights after each epoch, the endless cycle for XOR, and its four inequalities',
    page: 'the decision boundaries',
  },
  assertion: 'The outputs equal the truth tables of AND and OR, but not that of XOR.',
  holds(outputs) {
    const equals = (name: keyof Outputs) => String(outputs[name]) === String(truthTables[name])
    return equals('and') && equals('or') && !equals('xor')
  },
}
