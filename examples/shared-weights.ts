/** Shared weights need fewer examples than separate weights at each position. */
import { seededRandom } from '../src/datasets/random.js'
import { short, table } from './chart.js'
import { dense, type LayerRequest, train } from './training.js'

const length = 16
const rows = 80
/** Training rows; the others are held out. */
const shares = [8, 16, 40]

const candidates: { name: string; layers: LayerRequest[] }[] = [
  {
    name: 'shared (conv1d)',
    layers: [{ type: 'conv1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
  },
  {
    name: 'not shared (locallyConnected1d)',
    layers: [{ type: 'locallyConnected1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
  },
  { name: 'all to all (dense)', layers: [{ type: 'flatten' }, dense(length - 2, 'linear')] },
]

export interface Sharing {
  name: string
  parameters: number
  /** Mean squared error on training rows and on held-out rows, for each number of training rows. */
  byRows: { rows: number; seen: number; unseen: number }[]
}

/** Trains all candidates on noisy examples of the same blur over three neighbours. */
export async function shareWeights(url: string): Promise<Sharing[]> {
  const dataset = noisyBlurs()
  return Promise.all(
    candidates.map(async ({ name, layers }) => {
      const trainings = await Promise.all(
        shares.map((share) =>
          train(url, {
            name: `${name}, ${share} rows`,
            dataset,
            network: { inputShape: [1, length], layers },
            loss: 'meanSquaredError',
            optimizer: { type: 'adam', learningRate: 0.03 },
            schedule: { type: 'cosine' },
            epochs: 600,
            batchSize: 'full',
            validationSplit: 1 - share / rows,
            seed: 1,
          }),
        ),
      )
      return {
        name,
        parameters: trainings[0].job.parameters,
        byRows: trainings.map(({ last }, index) => ({
          rows: shares[index],
          seen: last.loss ?? Number.NaN,
          unseen: last.valLoss ?? Number.NaN,
        })),
      }
    }),
  )
}

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

export async function show(url: string): Promise<void> {
  const results = await shareWeights(url)
  const rowsOf = (pick: 'seen' | 'unseen') =>
    results.map(({ name, parameters, byRows }) => [
      name,
      parameters,
      ...byRows.map((each) => short(each[pick])),
    ])
  const heads = ['', 'parameters', ...shares.map((share) => `${share} rows`)]
  console.log('Mean squared error on held-out rows (the noise limits it to at least 0.09)')
  console.log(table(heads, rowsOf('unseen')))
  console.log('\nMean squared error on training rows')
  console.log(table(heads, rowsOf('seen')))
}
