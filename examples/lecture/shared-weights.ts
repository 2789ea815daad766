/** Weights that are shared by all positions, and separate weights. */
import { seededRandom } from '../../src/datasets/random.js'
import { type Demonstration, isIncreasing } from './demonstration.js'
import { dense, type Layer, type LectureJob } from './job.js'

const length = 16
const rows = 80
/** Numbers of training rows; the other rows are held out. */
export const trainingRows = [8, 16, 40]

interface Connections {
  name: string
  layers: Layer[]
}

export const connections: readonly Connections[] = [
  {
    name: 'shared (conv1d)',
    layers: [{ type: 'conv1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
  },
  {
    name: 'separate (locallyConnected1d)',
    layers: [{ type: 'locallyConnected1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
  },
  { name: 'all to all (dense)', layers: [{ type: 'flatten' }, dense(length - 2, 'linear')] },
]

/** Random signals, and their blur with the kernel ¼ ½ ¼ plus noise with deviation 0.3. */
function noisyBlurs(): { x: number[][]; y: number[][] } {
  const random = seededRandom(1)
  const x = Array.from({ length: rows }, () => Array.from({ length }, () => random.normal()))
  const y = x.map((signal) =>
    Array.from({ length: length - 2 }, (_, index) => {
      const [left, middle, right] = signal.slice(index, index + 3)
      return left / 4 + middle / 2 + right / 4 + 0.3 * random.normal()
    }),
  )
  return { x, y }
}

export function sharedWeightsJob({ name, layers }: Connections, trainingRows: number): LectureJob {
  return {
    name: `Lecture: ${name}, ${trainingRows} rows`,
    dataset: noisyBlurs(),
    network: { inputShape: [1, length], layers },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.03 },
    schedule: { type: 'cosine' },
    epochs: 600,
    batchSize: 'full',
    validationSplit: 1 - trainingRows / rows,
    seed: 1,
  }
}

/** For each of `connections`, the error on held-out rows for each of `trainingRows`. */
export const sharedWeights: Demonstration<readonly (readonly number[])[]> = {
  title: 'Shared weights',
  claim: 'Shared weights need fewer examples than separate weights per position.',
  plots: {
    terminal: 'the error on held-out rows with 4, 56 and 238 parameters',
    page: 'the error on held-out rows by the number of training rows',
  },
  assertion:
    'For each number of training rows, the error of shared weights is lower than that of separate weights, and that ' +
    'of a dense layer is highest. With 8 rows, it is below 0.11 with shared and above 0.15 with separate weights.',
  holds(errors) {
    const [shared, separate] = errors
    return (
      shared[0] < 0.11 &&
      separate[0] > 0.15 &&
      trainingRows.every((_, index) => isIncreasing(errors.map((each) => each[index])))
    )
  },
}
