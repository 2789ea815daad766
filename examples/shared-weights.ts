/** Weights shared along the signal need fewer examples than weights of each place's own. */
import { seededRandom } from '../src/datasets/random.js'
import { short, table } from './chart.js'
import { dense, type LayerRequest, train } from './training.js'

const length = 16
const rows = 80
/** Rows to learn from; the others are held out. */
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
  /** Mean squared error of rows learned from and of rows held out, for each number of rows learned from. */
  byRows: { rows: number; seen: number; unseen: number }[]
}

/** All learn the same blur of three neighbours, from noisy examples. */
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

/** Random signals, and of each the mean of a place and its neighbours, weighted ¼ ½ ¼, with noise of deviation 0.3. */
function noisyBlurs(): { x: number[][]; y: number[][] } {
  const random = seededRandom(1)
  const x = Array.from({ length: rows }, () => Array.from({ length }, () => random.normal()))
  const y = x.map((signal) =>
    Array.from({ length: length - 2 }, (_, place) => {
      const [left, middle, right] = signal.slice(place, place + 3)
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
  console.log('Mean squared error on rows that were held out (no network can do better than the noise, 0.09)')
  console.log(table(heads, rowsOf('unseen')))
  console.log('\nand on the rows learned from')
  console.log(table(heads, rowsOf('seen')))
}
