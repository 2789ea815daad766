/** Deep and wide networks with equally many parameters: where depth pays, and where it does not. */
import { type Controls, demonstration } from './demonstration.js'
import { type DepthTask, depthJob, parity, spirals } from './depth-tasks.js'
import { dense, type LectureJob } from './job.js'
import {
  finalAccuracy,
  finalLoss,
  type Laboratory,
  type Search,
  searchRate,
  type Training,
} from './laboratory.js'
import type { Chart, Position } from './plot.js'
import { finalLosses, rateChart } from './rate-chart.js'
import { equalWidth, foldedOutput, foldedParameters, lowestError, sawtooth } from './sawtooth.js'
import { median, percent, range, short } from './statistics.js'

const sawtoothRates = [0.0001, 0.001, 0.01, 0.1, 1]
/** Intervals between points in each piece of the sawtooth. */
const perPiece = 8

function sawtoothPoints(folds: number) {
  const intervals = perPiece * 2 ** folds
  const x = Array.from({ length: intervals + 1 }, (_, index) => index / intervals)
  return { x, y: x.map((value) => sawtooth(folds, value)) }
}

function sawtoothJob(folds: number, hidden: readonly number[], rate: number, seed: number): LectureJob {
  return {
    name: `Lecture: sawtooth of ${2 ** folds} pieces, ${hidden.join(' → ')}, rate ${rate}`,
    dataset: sawtoothPoints(folds),
    network: { layers: [...hidden.map((units) => dense(units, 'relu')), dense(1, 'linear')] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: rate },
    schedule: { type: 'cosine' },
    batchSize: 'full',
    epochs: 1_000,
    seed,
  }
}

interface Sawtooth {
  folds: number
  /** Largest difference of the constructed deep network and the sawtooth. */
  deepError: number
  /** No network with one hidden layer and as many parameters has a lower mean squared error. */
  bound: number
  wide: Search<Training>
  /** The deep network from random weights instead of constructed ones. */
  deep: Search<Training>
  /** The outputs of the trained wide network with the lowest loss. */
  wideCurve: number[]
}

async function measureSawtooth(
  laboratory: Laboratory,
  folds: number,
  seeds: readonly number[],
): Promise<Sawtooth> {
  const { x, y } = sawtoothPoints(folds)
  const width = equalWidth(folds)
  const search = (hidden: readonly number[]) =>
    searchRate(
      sawtoothRates,
      seeds,
      (rate, seed) => laboratory.train(sawtoothJob(folds, hidden, rate, seed)),
      finalLoss,
    )
  const [wide, deep] = await Promise.all([search([width]), search(Array<number>(folds).fill(2))])
  const losses = finalLosses(wide.best)
  const closest = wide.best[losses.indexOf(Math.min(...losses))]
  return {
    folds,
    deepError: Math.max(...x.map((value, index) => Math.abs(foldedOutput(folds, value) - y[index]))),
    // One relu unit adds one bend.
    bound: lowestError(x, y, width + 1),
    wide,
    deep,
    wideCurve: (await closest.predict(x.map((value) => [value]))).flat(),
  }
}

interface Trained {
  task: DepthTask
  searches: Search<Training>[]
}

async function measureTask(
  laboratory: Laboratory,
  task: DepthTask,
  seeds: readonly number[],
): Promise<Trained> {
  const searches = await Promise.all(
    task.hidden.map((hidden, index) =>
      searchRate(
        task.rates[index],
        seeds,
        (rate, seed) => laboratory.train(depthJob(task, hidden, rate, seed)),
        finalLoss,
      ),
    ),
  )
  return { task, searches }
}

interface Figures {
  sawtooth: Sawtooth
  tasks: Trained[]
}

const accuracies = ({ best }: Search<Training>) => best.map(finalAccuracy)

/** The median accuracy that every depth reaches where depth does not pay. */
const learned = 0.95

const controls = {
  folds: { label: 'folds (pieces 8, 16 or 32)', values: [3, 4, 5], initial: 4 },
} satisfies Controls

function sawtoothChart({ folds, wideCurve }: Sawtooth): Chart {
  const { x, y } = sawtoothPoints(folds)
  const at = (values: readonly number[]) => x.map((value, index): Position => [value, values[index]])
  return {
    type: 'chart',
    title: `Depth pays: sawtooth of ${2 ** folds} pieces, ${foldedParameters(folds)} parameters each`,
    x: { label: 'x' },
    y: { label: 'f(x)' },
    series: [
      { label: 'f', style: 'dots', points: at(y) },
      {
        label: `deep: ${folds} layers of 2 relu units, constructed`,
        points: at(x.map((each) => foldedOutput(folds, each))),
      },
      { label: `wide: 1 layer of ${equalWidth(folds)}, best of all trainings`, points: at(wideCurve) },
    ],
  }
}

const hiddenText = (hidden: readonly number[]) => hidden.join(' → ')

export const depth = demonstration<Figures, typeof controls>({
  title: 'Depth and width',
  claim:
    'Some functions cost a deep network few parameters and a wide one exponentially many; on other tasks depth gains nothing.',
  formula: [
    'f = t ∘ t ∘ … ∘ t',
    't ( u ) = relu ( 2 u ) − relu ( 4 u − 2 )',
    'pieces_deep = 2^k',
    'pieces_wide ≤ n + 1',
  ],
  notice:
    'Each fold doubles the pieces for 6 more parameters; a wide network gets one piece for 3. The dashed line is what no ' +
    'weights of the wide network can beat. Spirals and parity are learned at every depth, each at its own rate.',
  reference: {
    text: 'Telgarsky, Benefits of depth in neural networks, 2016; Malach and Shalev-Shwartz, Is deeper better only when shallow is good?, 2019',
    url: 'https://proceedings.mlr.press/v49/telgarsky16.html',
  },
  controls,
  assertion:
    'With equal parameters, the deep network equals the sawtooth, and the error of every trained wide ' +
    'network is above the lowest error of any function with as many pieces, which is above 0.01. On ' +
    'spirals and parity, every depth has a median accuracy above 95 %.',
  async measure(laboratory, { folds }, seeds) {
    const [measured, ...tasks] = await Promise.all([
      measureSawtooth(laboratory, folds, seeds),
      measureTask(laboratory, spirals, seeds),
      measureTask(laboratory, parity, seeds),
    ])
    return { sawtooth: measured, tasks }
  },
  holds({ sawtooth: { deepError, bound, wide }, tasks }) {
    return (
      deepError < 1e-9 &&
      bound > 0.01 &&
      wide.isInside &&
      finalLosses(wide.best).every((loss) => loss >= bound) &&
      tasks.every(({ searches }) =>
        searches.every((search) => search.isInside && median(accuracies(search)) > learned),
      )
    )
  },
  show({ sawtooth: measured, tasks }) {
    const { folds, bound, wide, deep } = measured
    const errors = range(finalLosses(wide.best))
    const competitors = [
      { name: `1 layer of ${equalWidth(folds)}`, search: wide },
      { name: `${folds} layers of 2, from random weights`, search: deep },
    ]
    return {
      summary: `Sawtooth: the deep network is exact. No network with one layer of ${equalWidth(folds)} units has a mean squared error below ${short(bound)}; training reaches ${short(errors.low)} to ${short(errors.high)}. Depth pays in what a network can represent: from random weights, gradient descent finds the sawtooth with neither.`,
      plots: [
        sawtoothChart(measured),
        {
          ...rateChart(competitors, { label: 'mean squared error', from: 0 }),
          reference: { y: bound, label: 'no weights are below' },
        },
        {
          type: 'bars',
          title: 'Depth does not pay: each depth at its best rate',
          unit: 'accuracy',
          groups: tasks.map(({ task, searches }) => ({
            label: task.name,
            bars: searches.map((search, index) => ({
              label: `${hiddenText(task.hidden[index])} (${search.best[0].parameters} parameters, rate ${short(search.bestRate)})`,
              ...range(accuracies(search)),
            })),
          })),
          reference: { value: 0.5, label: 'guess' },
        },
        ...tasks.map(({ task, searches }) => ({
          ...rateChart(
            searches.map((search, index) => ({ name: hiddenText(task.hidden[index]), search })),
            { label: 'cross-entropy (nats)', logarithmic: true },
          ),
          title: `${task.name}: loss by learning rate`,
        })),
      ],
    }
  },
  async *attack(laboratory) {
    for (const folds of [3, 4, 5]) {
      const { x, y } = sawtoothPoints(folds)
      const width = equalWidth(folds)
      const bound = lowestError(x, y, width + 1)
      for (const rate of [0.003, 0.03, 0.3]) {
        const seeds = Array.from({ length: 10 }, (_, index) => 501 + index)
        const jobs = seeds.map((seed) => sawtoothJob(folds, [width], rate, seed))
        const least = Math.min(...finalLosses(await Promise.all(jobs.map((job) => laboratory.train(job)))))
        const change = `sawtooth of ${2 ** folds} pieces, ${width} units, rate ${rate}, 10 seeds`
        yield { change, figure: `${short(least)}, bound ${short(bound)}`, isOverturned: least < bound }
      }
    }
    for (const task of [spirals, parity]) {
      for (const [index, hidden] of task.hidden.entries()) {
        const seeds = Array.from({ length: 9 }, (_, at) => 501 + at)
        const rate = task.rates[index][Math.floor(task.rates[index].length / 2)]
        const jobs = seeds.map((seed) => depthJob(task, hidden, rate, seed))
        const middle = median(
          (await Promise.all(jobs.map((job) => laboratory.train(job)))).map(finalAccuracy),
        )
        const change = `${task.name}, ${hiddenText(hidden)}, rate ${rate}, 9 seeds`
        yield { change, figure: percent(middle), isOverturned: middle <= learned }
      }
    }
  },
})
