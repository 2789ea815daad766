/** A hidden layer learns XOR, which one threshold unit cannot. */
import { type Controls, demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'
import { finalLoss, type Laboratory, type Search, searchRate, type Training } from './laboratory.js'
import { bitPairs, truthTables } from './perceptron.js'
import { gridPoints, planeOutputs } from './plane-outputs.js'
import type { PlaneMap } from './plot.js'
import { lossSeries, rateChart } from './rate-chart.js'
import { short } from './statistics.js'

const rates = [0.003, 0.01, 0.03, 0.1, 0.3, 1]

export function xorJob(width: number, rate: number, seed: number): LectureJob {
  return {
    name: `Lecture: XOR, ${width} hidden units, rate ${rate}`,
    dataset: 'xor',
    network: { layers: [dense(width, 'tanh'), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: rate },
    epochs: 500,
    batchSize: 'full',
    seed,
  }
}

interface Figures {
  width: number
  search: Search<Training>
  /** For each seed, for the rows 00, 01, 10 and 11. */
  outputs: number[][]
  map: number[]
}

const isXor = (outputs: readonly number[]) => String(outputs.map(Math.round)) === String(truthTables.xor)

async function outputsOf(laboratory: Laboratory, width: number, rate: number, seed: number) {
  return (await (await laboratory.train(xorJob(width, rate, seed))).predict(bitPairs)).flat()
}

const plane = { from: [-0.5, -0.5], to: [1.5, 1.5] } as const

const controls = { width: { label: 'hidden units', values: [5, 8, 16], initial: 8 } } satisfies Controls

export const xor = demonstration<Figures, typeof controls>({
  title: 'Two layers on XOR',
  claim: 'A hidden layer of five or more tanh units learns XOR from every start, at its own learning rate.',
  formula: ['h = tanh ( W_1 x + b_1 )', 'ŷ = σ ( w_2 · h + b_2 )'],
  notice:
    'The boundary has two pieces. Each hidden unit contributes one line, and the output unit combines them.',
  reference: {
    text: 'Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986',
    url: 'https://doi.org/10.1038/323533a0',
  },
  controls,
  assertion: 'The rounded outputs are XOR for every seed.',
  async measure(laboratory, { width }, seeds) {
    const train = (rate: number, seed: number) => laboratory.train(xorJob(width, rate, seed))
    const search = await searchRate(rates, seeds, train, finalLoss)
    const outputs = await Promise.all(search.best.map(async (each) => (await each.predict(bitPairs)).flat()))
    return { width, search, outputs, map: await planeOutputs(search.best[0], plane) }
  },
  holds: ({ outputs, search }) => search.isInside && outputs.every(isXor),
  show({ width, search, outputs, map }) {
    const title = `2 → ${width} tanh → 1 sigmoid`
    const drawn: PlaneMap = {
      title,
      ...plane,
      points: bitPairs.map(([x, y], row) => ({ x, y, label: truthTables.xor[row] })),
      area: { type: 'outputs', size: gridPoints, values: map },
    }
    return {
      summary: `${outputs.filter(isXor).length} of ${outputs.length} seeds learned XOR at rate ${short(search.bestRate)}. Outputs of the first for 00, 01, 10 and 11: ${outputs[0].map(short).join(', ')}.`,
      plots: [
        { type: 'planes', title: 'Output over the plane', x: 'x₁', y: 'x₂', maps: [drawn] },
        {
          type: 'chart',
          title: 'Loss at the best rate',
          x: { label: 'epoch (4 rows each)' },
          y: { label: 'cross-entropy (nats)', logarithmic: true },
          series: [lossSeries(title, search.best)],
        },
        rateChart([{ name: title, search }], { label: 'cross-entropy (nats)', logarithmic: true }),
      ],
    }
  },
  async *attack(laboratory) {
    for (const width of [5, 6, 8, 12, 16, 32]) {
      for (const rate of [0.05, 0.1, 0.2]) {
        const seeds = Array.from({ length: 20 }, (_, index) => 201 + index)
        const all = await Promise.all(seeds.map((seed) => outputsOf(laboratory, width, rate, seed)))
        const learned = all.filter(isXor).length
        const change = `${width} hidden units, rate ${rate}, 20 seeds`
        yield { change, figure: `${learned} learned`, isOverturned: learned < 20 }
      }
    }
  },
})
