/** A convolution is equivariant to shifts. A dense layer is not. */
import { type Controls, demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'
import { finalLoss, type Laboratory, type Search, searchRate, type Training } from './laboratory.js'
import { rateChart } from './rate-chart.js'
import { range, short } from './statistics.js'

const signalLength = 20
const kernelSize = 3
const rates = [0.003, 0.03, 0.3, 3, 30]

/** The target of both networks: the difference of the two neighbours, an edge detector. */
function edges(signal: readonly number[]): number[] {
  return Array.from(
    { length: signalLength - kernelSize + 1 },
    (_, index) => signal[index + 2] - signal[index],
  )
}

/** A signal with a bump around an index. */
function bump(centre: number, reach: number): number[] {
  return Array.from({ length: signalLength }, (_, index) => Math.max(0, 1 - Math.abs(index - centre) / reach))
}

/** Bumps in the left half. */
const trainingSignals = (reach: number) =>
  Array.from({ length: 25 }, (_, index) => bump(3 + index / 6, reach))

/** Bumps from left to right, two positions apart. */
const testSignals = (reach: number) => Array.from({ length: 6 }, (_, index) => bump(4 + 2 * index, reach))

const networks: Record<'convolution' | 'dense', LectureJob['network']> = {
  convolution: {
    inputShape: [1, signalLength],
    layers: [{ type: 'conv1d', filters: 1, kernelSize }, { type: 'flatten' }],
  },
  dense: { layers: [dense(signalLength - kernelSize + 1, 'linear')] },
}
type Kind = keyof typeof networks

export function shiftJob(kind: Kind, reach: number, rate: number, seed: number): LectureJob {
  const x = trainingSignals(reach)
  return {
    name: `Lecture: shift, ${kind}, rate ${rate}`,
    dataset: { x, y: x.map(edges) },
    network: networks[kind],
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: rate },
    schedule: { type: 'cosine' },
    epochs: 400,
    batchSize: 'full',
    seed,
  }
}

interface Read {
  training: Training
  /** Outputs for each test signal. */
  outputs: number[][]
}

async function read(
  laboratory: Laboratory,
  kind: Kind,
  reach: number,
  rate: number,
  seed: number,
): Promise<Read> {
  const training = await laboratory.train(shiftJob(kind, reach, rate, seed))
  return { training, outputs: await training.predict(testSignals(reach)) }
}

/** Largest difference between the output of a shifted signal and the shifted output, away from the ends. */
function shiftError(outputs: readonly (readonly number[])[]): number {
  const errors = outputs.slice(1).flatMap((output, index) => {
    return output.slice(2).map((value, at) => Math.abs(value - outputs[index][at]))
  })
  return Math.max(...errors)
}

/** Largest error of an output on the last signal, which is far from all training signals. */
function lastError(outputs: readonly (readonly number[])[], reach: number): number {
  const targets = edges(testSignals(reach)[outputs.length - 1])
  return Math.max(...outputs[outputs.length - 1].map((output, index) => Math.abs(output - targets[index])))
}

interface Figures {
  reach: number
  convolution: Search<Read>
  dense: Search<Read>
}

const controls = {
  reach: { label: 'half width of the bumps', values: [2, 3, 4], initial: 3 },
} satisfies Controls

/** Difference of outputs between 0 and 1 that is visible, and one that is rounding. */
const [visible, rounding] = [0.2, 1e-4]

const shiftErrors = ({ best }: Search<Read>) => best.map(({ outputs }) => shiftError(outputs))

export const shift = demonstration<Figures, typeof controls>({
  title: 'Shift equivariance',
  claim:
    'Shifting the input of a convolution shifts its output, whatever its weights; a dense layer must learn each position.',
  formula: ['y_i = ∑_{j=0}^{2} w_j x_{i+j} + b', 'y ( shift x ) = shift y ( x )'],
  notice:
    'Both were trained with bumps in the left half. The dense layer answers the bumps on the right with noise.',
  reference: {
    text: 'Fukushima, Neocognitron, 1980; LeCun et al., Gradient-based learning applied to document recognition, 1998',
    url: 'https://doi.org/10.1109/5.726791',
  },
  controls,
  assertion:
    'For each seed, the outputs of the convolution move with the bump within 10⁻⁴, and its error on the ' +
    'last bump is below 0.05. The outputs of the dense layer differ by more than 0.2 from such a move.',
  async measure(laboratory, { reach }, seeds) {
    const search = (kind: Kind) =>
      searchRate(
        rates,
        seeds,
        (rate, seed) => read(laboratory, kind, reach, rate, seed),
        ({ training }) => finalLoss(training),
      )
    const [convolution, dense] = await Promise.all([search('convolution'), search('dense')])
    return { reach, convolution, dense }
  },
  holds({ reach, convolution, dense }) {
    return (
      [convolution, dense].every(({ isInside }) => isInside) &&
      shiftErrors(convolution).every((error) => error < rounding) &&
      convolution.best.every(({ outputs }) => lastError(outputs, reach) < 0.05) &&
      shiftErrors(dense).every((error) => error > visible)
    )
  },
  show({ reach, convolution, dense }) {
    const [first] = convolution.best
    const [other] = dense.best
    return {
      summary: `Parameters: convolution ${first.training.parameters}, dense layer ${other.training.parameters}. Largest difference to a shifted output: ${short(range(shiftErrors(convolution)).high)} and at least ${short(range(shiftErrors(dense)).low)}.`,
      plots: [
        {
          type: 'signals',
          title: 'Bumps from left to right, first seed (values from −1 to 1)',
          heads: ['input', 'convolution', 'dense layer'],
          rows: testSignals(reach).map((signal, row) => [signal, first.outputs[row], other.outputs[row]]),
        },
        {
          type: 'bars',
          title: 'Error on the last bump',
          unit: 'largest error of an output',
          groups: [
            {
              label: `range of ${convolution.best.length} seeds`,
              bars: (
                [
                  ['convolution', convolution],
                  ['dense layer', dense],
                ] as const
              ).map(([label, { best }]) => ({
                label,
                ...range(best.map(({ outputs }) => lastError(outputs, reach))),
              })),
            },
          ],
        },
        rateChart(
          [
            { name: 'convolution', search: convolution },
            { name: 'dense layer', search: dense },
          ],
          { label: 'mean squared error', logarithmic: true },
        ),
      ],
    }
  },
  async *attack(laboratory) {
    const seeds = Array.from({ length: 10 }, (_, index) => 901 + index)
    for (const reach of [1.5, 2, 3, 4, 5]) {
      for (const rate of [0.001, 0.01, 0.1, 1]) {
        const errors = async (kind: Kind) => {
          const all = await Promise.all(seeds.map((seed) => read(laboratory, kind, reach, rate, seed)))
          return all.map(({ outputs }) => shiftError(outputs))
        }
        const [shared, dense] = await Promise.all([errors('convolution'), errors('dense')])
        const [most, least] = [Math.max(...shared), Math.min(...dense)]
        const change = `half width ${reach}, rate ${rate}, 10 seeds`
        const figure = `convolution at most ${short(most)}, dense layer at least ${short(least)}`
        yield { change, figure, isOverturned: !(most < rounding && least > visible) }
      }
    }
  },
})
