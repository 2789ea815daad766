/** Networks that read digits at any position. */
import type { Demonstration } from './demonstration.js'
import { dense, type Layer, type LectureJob } from './job.js'

export const digitEpochs = 12

/** @param side of the pictures in pixels */
function digitLayers(side: number): Record<'convolutional' | 'dense', Layer[]> {
  return {
    convolutional: [
      { type: 'conv2d', filters: 12, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: side < 12 ? 2 : 4 },
      { type: 'flatten' },
    ],
    dense: [{ type: 'flatten' }, dense(32, 'relu')],
  }
}

/** Holds out one fifth of the pictures. */
export function digitJob(name: 'convolutional' | 'dense', dataset: string, side: number): LectureJob {
  return {
    name: `Lecture: digits, ${name}`,
    dataset,
    network: { inputShape: [1, side, side], layers: [...digitLayers(side)[name], dense(10, 'softmax')] },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.02 },
    epochs: digitEpochs,
    batchSize: 20,
    validationSplit: 0.2,
    seed: 1,
  }
}

interface Reading {
  parameters: number
  /** On held-out pictures. */
  accuracy: number
}

/** For the drawn digits. */
export const digits: Demonstration<{ convolutional: Reading; dense: Reading }> = {
  title: 'Reading digits',
  claim: 'A small convolutional network reads digits at any position.',
  argument: 'a CSV of pixels and digit',
  plots: {
    terminal: 'the pictures, and how many each network reads',
    page: 'new pictures with their predictions, and how many each network reads',
  },
  assertion:
    'The convolutional network reads more than 88 % of the held-out pictures. A dense network with more than five ' +
    'times the parameters reads less than 60 %.',
  holds({ convolutional, dense }) {
    const isSmall = convolutional.parameters < dense.parameters / 5
    return isSmall && convolutional.accuracy > 0.88 && dense.accuracy < 0.6
  },
}
