/** Weights that are shared by all positions, and separate weights. */
import { seededRandom } from '../../src/datasets/random.js'
import { type Controls, demonstration, isIncreasing } from './demonstration.js'
import { dense, type Layer, type LectureJob } from './job.js'
import { type Laboratory, type Search, searchRate, type Training } from './laboratory.js'
import { rateChart } from './rate-chart.js'
import { median, range, short } from './statistics.js'

const length = 16
const rows = 80
/** Numbers of training rows; the other rows are held out. */
const trainingRows = [8, 40]
const rates = [0.002, 0.02, 0.2, 1, 5, 20]

interface Connections {
  name: string
  layers: Layer[]
}

const connections: readonly Connections[] = [
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

/** Four decimals keep the request small. */
const rounded = (value: number) => Math.round(1e4 * value) / 1e4

/** Random signals, and their blur with the kernel ¼ ½ ¼ plus noise with this deviation. */
function noisyBlurs(noise: number, seed: number): { x: number[][]; y: number[][] } {
  const random = seededRandom(seed)
  const x = Array.from({ length: rows }, () => Array.from({ length }, () => random.normal()))
  const y = x.map((signal) =>
    Array.from({ length: length - 2 }, (_, index) => {
      const [left, middle, right] = signal.slice(index, index + 3)
      return left / 4 + middle / 2 + right / 4 + noise * random.normal()
    }),
  )
  return { x: x.map((row) => row.map(rounded)), y: y.map((row) => row.map(rounded)) }
}

interface Choice {
  connections: Connections
  count: number
  noise: number
}

function sharedWeightsJob(choice: Choice, rate: number, seed: number): LectureJob {
  const { name, layers } = choice.connections
  return {
    name: `Lecture: ${name}, ${choice.count} rows, rate ${rate}`,
    dataset: noisyBlurs(choice.noise, seed),
    network: { inputShape: [1, length], layers },
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: rate },
    schedule: { type: 'cosine' },
    epochs: 300,
    batchSize: 'full',
    validationSplit: 1 - choice.count / rows,
    seed,
  }
}

/** The trainings of the diagnosis tests. */
export const sharedWeightsJobs = connections.flatMap((each) =>
  trainingRows.map((count) => sharedWeightsJob({ connections: each, count, noise: 0.3 }, 0.2, 1)),
)

const heldOutError = ({ epochs }: Training) => epochs.at(-1)?.valLoss ?? Number.POSITIVE_INFINITY

const searchErrors = (laboratory: Laboratory, choice: Choice, seeds: readonly number[]) =>
  searchRate(
    rates,
    seeds,
    (rate, seed) => laboratory.train(sharedWeightsJob(choice, rate, seed)),
    heldOutError,
  )

interface Figures {
  noise: number
  /** For each of `connections`, for each of `trainingRows`. */
  searches: Search<Training>[][]
}

const controls = {
  noise: { label: 'noise of the targets', values: [0.1, 0.2, 0.3], initial: 0.3 },
} satisfies Controls

const middle = ({ best }: Search<Training>) => median(best.map(heldOutError))

export const sharedWeights = demonstration<Figures, typeof controls>({
  title: 'Shared weights',
  claim:
    'Where every position follows the same rule, shared weights need fewer examples than separate weights.',
  formula: ['shared: y_i = ∑_j w_j x_{i+j} + b', 'separate: y_i = ∑_j w_{i j} x_{i+j} + b_i'],
  notice:
    'The noise of the targets is a floor that no network passes. Shared weights are near it with 8 rows.',
  reference: {
    text: 'LeCun, Generalization and network design strategies, 1989',
    url: 'http://yann.lecun.com/exdb/publis/pdf/lecun-89.pdf',
  },
  controls,
  assertion:
    'For each number of training rows, the median error of shared weights on held-out rows is lower than ' +
    'that of separate weights, and that of a dense layer is highest.',
  async measure(laboratory, { noise }, seeds) {
    const searches = await Promise.all(
      connections.map((each) =>
        Promise.all(
          trainingRows.map((count) => searchErrors(laboratory, { connections: each, count, noise }, seeds)),
        ),
      ),
    )
    return { noise, searches }
  },
  holds({ searches }) {
    return (
      searches.flat().every(({ isInside }) => isInside) &&
      trainingRows.every((_, index) => isIncreasing(searches.map((each) => middle(each[index]))))
    )
  },
  show({ noise, searches }) {
    const label = (index: number) =>
      `${connections[index].name}, ${searches[index][0].best[0].parameters} parameters`
    const first = searches.map(([search], index) => `${connections[index].name} ${short(middle(search))}`)
    return {
      summary: `Median error with ${trainingRows[0]} training rows: ${first.join(', ')}. The noise alone is ${short(noise ** 2)}.`,
      plots: [
        {
          type: 'bars',
          title: 'Error on held-out rows, median and range of the seeds',
          unit: 'mean squared error',
          groups: trainingRows.map((count, at) => ({
            label: `${count} training rows`,
            bars: searches.map((each, index) => ({
              label: label(index),
              ...range(each[at].best.map(heldOutError)),
            })),
          })),
          reference: { value: noise ** 2, label: 'noise' },
        },
        rateChart(
          searches.map(([search], index) => ({ name: connections[index].name, search })),
          { label: `held-out error with ${trainingRows[0]} rows`, logarithmic: true },
        ),
      ],
    }
  },
  async *attack(laboratory) {
    const seeds = Array.from({ length: 9 }, (_, index) => 1_001 + index)
    for (const noise of [0.1, 0.2, 0.5, 0.8]) {
      for (const count of [8, 20, 60]) {
        const errors = async (index: number, tried: readonly number[]) => {
          const choice = { connections: connections[index], count, noise }
          const all = tried.map(async (rate) => {
            const jobs = seeds.map((seed) => sharedWeightsJob(choice, rate, seed))
            return median((await Promise.all(jobs.map((job) => laboratory.train(job)))).map(heldOutError))
          })
          return Math.min(...(await Promise.all(all)))
        }
        const [shared, ...others] = await Promise.all([
          errors(0, [0.2, 1]),
          errors(1, [0.1, 0.5, 1, 2, 4]),
          errors(2, [0.1, 0.5, 1, 2, 4]),
        ])
        const change = `noise ${noise}, ${count} training rows, the others at five rates, 9 seeds`
        const figure = `shared ${short(shared)}, separate ${short(others[0])}, dense ${short(others[1])}`
        yield { change, figure, isOverturned: others.some((other) => other <= shared) }
      }
    }
  },
})
