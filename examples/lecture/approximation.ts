/** One hidden layer approximates a continuous function. */
import { type Demonstration, isIncreasing } from './demonstration.js'
import { dense, type LectureJob } from './job.js'

export const approximationWidths = [1, 2, 4, 8]
export const approximationSeeds = [1, 2, 3, 4]

/** Not symmetric: for an odd function, bias gradients would be rounding noise, which Adam scales up to full steps. */
export const approximationInputs = Array.from({ length: 64 }, (_, index) => (6 * index) / 63 - 2)

interface ContinuousFunction {
  name: string
  value(x: number): number
}

export const sine: ContinuousFunction = { name: 'sin x', value: (x) => Math.sin(x) }
export const kink: ContinuousFunction = {
  name: '|x|/2 + cos(2x)/2',
  value: (x) => Math.abs(x) / 2 + Math.cos(2 * x) / 2,
}

export function approximationJob(
  { name, value }: ContinuousFunction,
  width: number,
  seed: number,
): LectureJob {
  return {
    name: `Lecture: ${name}, width ${width}`,
    dataset: { x: approximationInputs, y: approximationInputs.map(value) },
    network: { layers: [dense(width, 'tanh'), dense(1, 'linear')] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    schedule: { type: 'cosine' },
    batchSize: 'full',
    epochs: 2_000,
    seed,
  }
}

/** The mean squared error for each width, the lowest of all seeds. */
export const approximation: Demonstration<readonly number[]> = {
  title: 'Approximation',
  claim: 'One hidden layer approximates continuous functions, and a wider layer approximates them better.',
  plots: {
    terminal: 'the error by width and the fitted curves',
    page: 'the error by width and the fitted curves',
  },
  assertion: 'The error falls with each doubling of the width, from 1 unit to 8 by a factor of 20 or more.',
  holds(errors) {
    const fromWide = errors.toReversed()
    return isIncreasing(fromWide) && fromWide[0] < errors[0] / 20
  },
}
