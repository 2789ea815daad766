/** A convolution is equivariant to shifts. A dense layer is not. */
import type { Demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'

export const signalLength = 20
const kernelSize = 3

/** The target of both networks: the difference of the two neighbours, an edge detector. */
export function edges(signal: readonly number[]): number[] {
  return Array.from(
    { length: signalLength - kernelSize + 1 },
    (_, index) => signal[index + 2] - signal[index],
  )
}

/** A signal with a small bump around an index. */
function bump(centre: number): number[] {
  return Array.from({ length: signalLength }, (_, index) => Math.max(0, 1 - Math.abs(index - centre) / 3))
}

/** Bumps in the left half. */
const trainingSignals = Array.from({ length: 25 }, (_, index) => bump(3 + index / 6))

/** Bumps from left to right. Two steps shift a bump by three positions. */
export const testSignals = Array.from({ length: 8 }, (_, index) => bump(4 + index * 1.5))

function shiftJob(kind: string, network: LectureJob['network']): LectureJob {
  return {
    name: `Lecture: shift, ${kind}`,
    dataset: { x: trainingSignals, y: trainingSignals.map(edges) },
    network,
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    epochs: 400,
    batchSize: 'full',
    seed: 1,
  }
}

export const shiftJobs = {
  convolution: shiftJob('convolution', {
    inputShape: [1, signalLength],
    layers: [{ type: 'conv1d', filters: 1, kernelSize }, { type: 'flatten' }],
  }),
  dense: shiftJob('dense', { layers: [dense(signalLength - kernelSize + 1, 'linear')] }),
}

/** The largest error of an output. */
function maximumError(outputs: readonly number[], signal: readonly number[]): number {
  const targets = edges(signal)
  return Math.max(...outputs.map((output, index) => Math.abs(output - targets[index])))
}

/** Outputs of both networks, each for `testSignals`. */
export const shift: Demonstration<Record<keyof typeof shiftJobs, readonly (readonly number[])[]>> = {
  title: 'Shift equivariance',
  claim: 'Shifting the input of a convolution shifts its output.',
  plots: {
    terminal: 'a moving bump through a convolution (4 parameters) and a dense layer (378)',
    page: 'a moving bump through a convolution and a dense layer',
  },
  assertion:
    'The convolution finds the edges of every bump within 0.01. The dense layer finds those of the first within 0.1, ' +
    'and misses those of the last by more than 0.5.',
  holds(outputs) {
    const dense = testSignals.map((signal, index) => maximumError(outputs.dense[index], signal))
    return (
      testSignals.every((signal, index) => maximumError(outputs.convolution[index], signal) < 0.01) &&
      dense[0] < 0.1 &&
      dense[dense.length - 1] > 0.5
    )
  },
}
