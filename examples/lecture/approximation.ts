/** One hidden layer approximates a continuous function. */
import { type Controls, demonstration, isIncreasing } from './demonstration.js'
import { dense, type LectureJob } from './job.js'
import { finalLoss, type Search, searchRate, type Training } from './laboratory.js'
import type { Position } from './plot.js'
import { finalLosses, rateChart } from './rate-chart.js'
import { median, range, short } from './statistics.js'

const widths = [1, 2, 4, 8]
const rates = [0.01, 0.03, 0.1, 0.3, 1, 3]

/** Not symmetric: for an odd function, bias gradients would be rounding noise, which Adam scales up to full steps. */
const inputs = Array.from({ length: 64 }, (_, index) => (6 * index) / 63 - 2)

interface ContinuousFunction {
  name: string
  value(x: number): number
}

const functions: readonly ContinuousFunction[] = [
  { name: 'sin x', value: (x) => Math.sin(x) },
  { name: '|x|/2 + cos(2x)/2', value: (x) => Math.abs(x) / 2 + Math.cos(2 * x) / 2 },
  { name: 'a step at x = 1, softened', value: (x) => 1 / (1 + Math.exp(-6 * (x - 1))) + Math.sin(2 * x) / 3 },
]

function approximationJob(
  { name, value }: ContinuousFunction,
  width: number,
  rate: number,
  seed: number,
): LectureJob {
  return {
    name: `Lecture: ${name}, width ${width}, rate ${rate}`,
    dataset: { x: inputs, y: inputs.map(value) },
    network: { layers: [dense(width, 'tanh'), dense(1, 'linear')] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: rate },
    schedule: { type: 'cosine' },
    batchSize: 'full',
    epochs: 2_000,
    seed,
  }
}

/** The trainings of the diagnosis tests. */
export const approximationJobs = functions.flatMap((each) =>
  widths.map((width) => approximationJob(each, width, 0.03, 1)),
)

interface Figures {
  target: ContinuousFunction
  searches: Search<Training>[]
  /** For each width, the outputs of the median training. */
  curves: number[][]
}

async function medianCurve({ best }: Search<Training>): Promise<number[]> {
  const losses = finalLosses(best)
  const middle = best[losses.indexOf(median(losses))]
  return (await middle.predict(inputs.map((x) => [x]))).flat()
}

const controls = {
  target: { label: 'function (1: sine, 2: kink, 3: step)', values: [1, 2, 3], initial: 2 },
} satisfies Controls

const medians = ({ searches }: Figures) => searches.map(({ best }) => median(finalLosses(best)))

/** By which factor the widest network has a lower error than the narrowest, at least. */
const wholeFactor = 10

export const approximation = demonstration<Figures, typeof controls>({
  title: 'Universal approximation',
  claim:
    'One hidden layer approximates continuous functions: from 1 unit to 8, each doubling lowers the error.',
  formula: ['f ( x ) ≈ ∑_{i=1}^n a_i tanh ( w_i x + b_i ) + c'],
  notice: 'Each tanh unit contributes one bend. The band shows how much the start decides.',
  reference: {
    text: 'Cybenko, Approximation by superpositions of a sigmoidal function, 1989',
    url: 'https://doi.org/10.1007/BF02551274',
  },
  controls,
  assertion:
    `The median error falls with each doubling from 1 unit to 8, by a factor of ${wholeFactor} or more in ` +
    'all.',
  async measure(laboratory, { target }, seeds) {
    const chosen = functions[target - 1]
    const searches = await Promise.all(
      widths.map((width) =>
        searchRate(
          rates,
          seeds,
          (rate, seed) => laboratory.train(approximationJob(chosen, width, rate, seed)),
          finalLoss,
        ),
      ),
    )
    return { target: chosen, searches, curves: await Promise.all(searches.map(medianCurve)) }
  },
  holds(figures) {
    const errors = medians(figures)
    return (
      figures.searches.every(({ isInside }) => isInside) &&
      isIncreasing(errors.toReversed()) &&
      errors[widths.length - 1] < errors[0] / wholeFactor
    )
  },
  show(figures) {
    const { target, searches, curves } = figures
    const name = (width: number) => `${width} ${width === 1 ? 'unit' : 'units'}`
    const errors = medians(figures).map((error, index) => `${name(widths[index])}: ${short(error)}`)
    return {
      summary: `f(x) = ${target.name}. Median error by width: ${errors.join(', ')}.`,
      plots: [
        {
          type: 'chart',
          title: 'Fitted curves, the median of the seeds',
          x: { label: 'x' },
          y: { label: 'f(x)' },
          series: [
            { label: 'f', style: 'dots', points: inputs.map((x): Position => [x, target.value(x)]) },
            ...curves.map((curve, index) => ({
              label: name(widths[index]),
              points: inputs.map((x, at): Position => [x, curve[at]]),
            })),
          ],
        },
        {
          type: 'chart',
          title: 'Error by width',
          x: { label: 'hidden units', logarithmic: true, ticks: widths },
          y: { label: 'mean squared error', logarithmic: true },
          series: [
            {
              label: `median and range of ${searches[0].best.length} seeds`,
              points: widths.map((width, index): Position => [width, medians(figures)[index]]),
              band: widths.map((width, index) => {
                const { low, high } = range(finalLosses(searches[index].best))
                return [width, low, high] as const
              }),
            },
          ],
        },
        rateChart(
          searches.map((search, index) => ({ name: name(widths[index]), search })),
          { label: 'mean squared error', logarithmic: true },
        ),
      ],
    }
  },
  async *attack(laboratory) {
    for (const each of functions) {
      for (const [narrow, wide] of [
        [1, 2],
        [2, 4],
        [4, 8],
      ]) {
        const seeds = Array.from({ length: 9 }, (_, index) => 401 + index)
        const middle = async (width: number, tried: readonly number[]) => {
          const train = (rate: number, seed: number) =>
            laboratory.train(approximationJob(each, width, rate, seed))
          const all = tried.map((rate) => Promise.all(seeds.map((seed) => train(rate, seed).then(finalLoss))))
          return Math.min(...(await Promise.all(all)).map(median))
        }
        const few = await middle(narrow, [0.02, 0.05, 0.1, 0.2])
        const many = await middle(wide, [0.03, 0.1])
        const change = `${each.name}: ${narrow} units at four rates against ${wide} at two, 9 seeds`
        yield { change, figure: `${short(few)} against ${short(many)}`, isOverturned: !(many < few) }
      }
    }
  },
})
