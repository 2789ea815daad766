/** Momentum and Adam in a long narrow valley of the loss. */
import { type Controls, demonstration } from './demonstration.js'
import type { LectureJob } from './job.js'
import { type Search, searchRate } from './laboratory.js'
import { adamSteps, momentumSteps, plainSteps } from './optimizer-steps.js'
import type { Position } from './plot.js'
import { type Rows, surfaceOf, valleyRows } from './quadratic.js'
import { rateChart } from './rate-chart.js'
import { bandOf, median, range, short } from './statistics.js'
import { pathOf, trainedWeights, walk } from './valley-job.js'

interface OptimizerChoice {
  name: string
  rates: readonly number[]
  steps: typeof plainSteps
  at(learningRate: number): LectureJob['optimizer']
}

const optimizers: readonly OptimizerChoice[] = [
  {
    name: 'plain',
    rates: [0.25, 0.5, 1, 1.5, 1.9, 2.2],
    steps: plainSteps,
    at: (learningRate) => ({ type: 'sgd', learningRate }),
  },
  {
    name: 'momentum 0.9',
    rates: [0.03, 0.1, 0.3, 1, 3, 10],
    steps: momentumSteps,
    at: (learningRate) => ({ type: 'sgd', learningRate, momentum: 0.9 }),
  },
  {
    name: 'Adam',
    rates: [0.03, 0.1, 0.2, 0.4, 0.8],
    steps: adamSteps,
    at: (learningRate) => ({ type: 'adam', learningRate }),
  },
]

/** Steps of a training, and the share of its first loss that counts as the bottom of the valley. */
const maximumSteps = 1_500
const bottom = 1e-4

/** Steps of the drawn paths. */
const drawnSteps = 150

/** Exact targets: the loss at the minimum is 0. */
const valley = (condition: number, angle: number, seed: number) =>
  valleyRows({ rows: 24, condition, angle, noise: 0 }, seed)

interface Descent {
  /** Steps until the loss stays below `bottom`; `maximumSteps` if it does not. */
  steps: number
  losses: number[]
  path: Position[]
}

function descend(rows: Rows, step: ReturnType<typeof plainSteps>): Descent {
  const walked = walk(rows, step, maximumSteps)
  const limit = bottom * walked.losses[0]
  const isWhole = walked.losses.length === maximumSteps + 1
  const last = walked.losses.findLastIndex((loss) => !(loss < limit))
  return {
    steps: isWhole ? Math.min(maximumSteps, last + 1) : maximumSteps,
    losses: walked.losses.map((loss) => loss / walked.losses[0]),
    path: pathOf(walked, drawnSteps),
  }
}

interface Figures {
  rows: Rows
  narrow: Search<Descent>[]
  /** The same without a valley: both curvatures are equal. */
  round: Search<Descent>[]
  /** Largest difference between the weights of the service and those of the formulas. */
  difference: number
}

function compare(condition: number, angle: number, seeds: readonly number[]): Promise<Search<Descent>[]> {
  const rows = new Map(seeds.map((seed) => [seed, valley(condition, angle, seed)]))
  return Promise.all(
    optimizers.map(({ rates, steps }) => {
      const train = async (rate: number, seed: number) =>
        descend(rows.get(seed) ?? valley(condition, angle, seed), steps(rate))
      return searchRate(rates, seeds, train, (descent) => descent.steps)
    }),
  )
}

const servedSteps = 60

const controls = {
  condition: { label: 'length of the valley (condition number)', values: [200, 400, 1_000], initial: 200 },
  angle: { label: 'direction of the valley (degrees)', values: [0, 30, 45], initial: 30 },
} satisfies Controls

const steps = (search: Search<Descent>) => search.best.map((each) => each.steps)
const medians = (searches: readonly Search<Descent>[]) => searches.map((search) => median(steps(search)))

/** In the narrow valley, plain descent takes at least so many times the steps. */
const advantage = 1.5

export const momentum = demonstration<Figures, typeof controls>({
  title: 'Momentum and Adam',
  claim:
    'In a narrow valley, momentum and Adam take fewer steps than plain descent; in a round one they take more.',
  formula: [
    'plain: w ← w − η g',
    'momentum: v ← β v + g , w ← w − η v',
    'Adam: m ← β_1 m + ( 1 − β_1 ) g',
    's ← β_2 s + ( 1 − β_2 ) g^2',
    'w ← w − η {m̂}/{√{ŝ} + ε}',
  ],
  notice:
    'Plain descent swings across the valley and creeps along it. Momentum adds up the steps along the valley, and those ' +
    'across it cancel. Adam divides by the size of the gradient.',
  reference: {
    text: 'Polyak, Some methods of speeding up the convergence of iteration methods, 1964; Kingma and Ba, Adam, 2015; Goh, Why momentum really works, 2017',
    url: 'https://distill.pub/2017/momentum/',
  },
  controls,
  assertion:
    `In the median, plain descent takes at least ${advantage} times the steps of momentum and of Adam to ` +
    'a ten-thousandth of the first loss in the narrow valley. In the round one it takes the fewest. The ' +
    'weights of the service equal those of the three formulas within 10⁻⁴.',
  async measure(laboratory, { condition, angle }, seeds) {
    const [narrow, round] = await Promise.all([compare(condition, angle, seeds), compare(1, angle, seeds)])
    const rows = valley(condition, angle, seeds[0])
    const differences = await Promise.all(
      optimizers.map(async ({ name, at, steps }, index) => {
        const rate = narrow[index].bestRate
        const training = { rows, optimizer: at(rate), batch: rows.x.length, epochs: servedSteps }
        const served = await trainedWeights(laboratory, { ...training, name: `${name}, rate ${rate}` })
        const own = walk(rows, steps(rate), servedSteps).weights[servedSteps]
        return Math.max(...served.map((weight, axis) => Math.abs(weight - own[axis])))
      }),
    )
    return { rows, narrow, round, difference: Math.max(...differences) }
  },
  holds({ narrow, round, difference }) {
    const [plain, ...others] = medians(narrow)
    const [roundPlain, ...roundOthers] = medians(round)
    return (
      narrow.every(({ isInside }) => isInside) &&
      others.every((other) => plain >= advantage * other) &&
      roundOthers.every((other) => other > roundPlain) &&
      difference < 1e-4
    )
  },
  show({ rows, narrow, round, difference }) {
    const label = (index: number) => `${optimizers[index].name}, rate ${short(narrow[index].bestRate)}`
    const bars = (searches: readonly Search<Descent>[]) =>
      searches.map((search, index) => ({
        label: `${optimizers[index].name}, rate ${short(search.bestRate)}`,
        ...range(steps(search)),
      }))
    return {
      summary: `Steps to a ten-thousandth of the first loss, medians of ${narrow[0].best.length} seeds: ${optimizers.map(({ name }, index) => `${name} ${medians(narrow)[index]}`).join(', ')}. After ${servedSteps} steps, the weights of the service differ from the formulas by ${short(difference)}.`,
      plots: [
        surfaceOf(
          rows,
          'The paths over both weights, first seed',
          narrow.map(({ best: [first] }, index) => ({ label: label(index), points: first.path })),
        ),
        {
          type: 'chart',
          title: 'Loss in the narrow valley',
          x: { label: 'step', to: 300 },
          y: { label: 'loss as share of the first', logarithmic: true, from: 1e-6 },
          series: narrow.map(({ best }, index) =>
            bandOf(
              label(index),
              best.map(({ losses }) => losses.slice(0, 301).map((value) => Math.max(value, 1e-12))),
              (at) => at,
            ),
          ),
        },
        {
          type: 'bars',
          title: 'Steps to a ten-thousandth of the first loss',
          unit: 'steps',
          groups: [
            { label: 'narrow valley', bars: bars(narrow) },
            { label: 'round valley', bars: bars(round) },
          ],
        },
        rateChart(
          narrow.map((search, index) => ({ name: optimizers[index].name, search })),
          { label: 'steps', logarithmic: true },
        ),
      ],
    }
  },
  async *attack() {
    const seeds = Array.from({ length: 20 }, (_, index) => 701 + index)
    for (const condition of [200, 500, 1_000]) {
      for (const angle of [0, 20, 45, 90]) {
        const all = seeds.map((seed) => valley(condition, angle, seed))
        const middle = (tried: readonly number[], { steps: toSteps }: OptimizerChoice) =>
          Math.min(...tried.map((rate) => median(all.map((rows) => descend(rows, toSteps(rate)).steps))))
        const [plainChoice, momentumChoice, adamChoice] = optimizers
        const plain = middle([1, 1.5, 1.8, 1.9, 1.95, 1.98, 2], plainChoice)
        const others = [middle([0.3, 1], momentumChoice), middle([0.1, 0.3, 1], adamChoice)]
        const change = `condition ${condition}, ${angle}°, plain descent at seven rates, 20 seeds`
        const figure = `plain ${plain}, momentum ${others[0]}, Adam ${others[1]}`
        yield { change, figure, isOverturned: others.some((other) => plain < advantage * other) }
      }
    }
  },
})
