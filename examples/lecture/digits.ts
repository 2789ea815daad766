/** Networks that read digits at any position. */
import { type Controls, demonstration } from './demonstration.js'
import { drawDigits, drawnSide, type Picture } from './drawn-digits.js'
import { dense, type Layer, type LectureJob } from './job.js'
import { type Laboratory, type Search, searchRate, type Training } from './laboratory.js'
import { rateChart } from './rate-chart.js'
import { percent, range } from './statistics.js'

export const digitEpochs = 12
const pictureCount = 500
const rates = [0.0003, 0.003, 0.03, 0.3]

/** @param side of the pictures in pixels */
function digitLayers(side: number): Record<'convolutional' | 'dense', Layer[]> {
  return {
    convolutional: [
      { type: 'conv2d', filters: 12, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: side < 12 ? 2 : 4 },
      { type: 'flatten' },
    ],
    dense: [{ type: 'flatten' }, dense(32, 'relu')],
  }
}
export type DigitNetwork = keyof ReturnType<typeof digitLayers>

/** Holds out one fifth of the pictures. */
export function digitJob(
  name: DigitNetwork,
  dataset: LectureJob['dataset'],
  side: number,
  { rate, seed }: { rate: number; seed: number },
): LectureJob {
  return {
    name: `Lecture: digits, ${name}, rate ${rate}`,
    dataset,
    network: { inputShape: [1, side, side], layers: [...digitLayers(side)[name], dense(10, 'softmax')] },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: rate },
    epochs: digitEpochs,
    batchSize: 20,
    validationSplit: 0.2,
    scaling: 'none',
    seed,
  }
}

/** Pixels with two digits keep the request small. */
const inline = (pictures: readonly Picture[]) => ({
  x: pictures.map(({ pixels }) => pixels.map((ink) => Math.round(100 * ink) / 100)),
  y: pictures.map(({ digit }) => Array.from({ length: 10 }, (_, index) => (index === digit ? 1 : 0))),
})

const read = (laboratory: Laboratory, name: DigitNetwork, rate: number, seed: number) =>
  laboratory.train(digitJob(name, inline(drawDigits(pictureCount, seed)), drawnSide, { rate, seed }))

interface Figures {
  convolutional: Search<Training>
  dense: Search<Training>
  unseen: Picture[]
  predicted: number[]
}

/** The share of held-out pictures that are read. */
const heldOut = ({ epochs }: Training) => epochs.at(-1)?.valAccuracy ?? 0

/** Of the pictures that are shown. */
const unseenSeed = 7_001

const controls = {} satisfies Controls

export const digits = demonstration<Figures, typeof controls>({
  title: 'Reading digits',
  claim: 'A small convolutional network reads digits at any position, a larger dense network does not.',
  formula: ['y_{i j} = relu ( ∑_{a,b} w_{a b} x_{i+a,j+b} + c )', 'p = softmax ( W · maxpool ( y ) + b )'],
  notice: 'The filters find strokes wherever they are, and the pooling forgets where exactly.',
  reference: {
    text: 'LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998',
    url: 'https://doi.org/10.1109/5.726791',
  },
  controls,
  assertion:
    'For each seed, the convolutional network reads more than 80 % of the held-out pictures, and the ' +
    'dense network, with more than five times the parameters, less than 60 %.',
  async measure(laboratory, _, seeds) {
    const search = (name: DigitNetwork) =>
      searchRate(
        rates,
        seeds,
        (rate, seed) => read(laboratory, name, rate, seed),
        (training) => 1 - heldOut(training),
      )
    const [convolutional, dense] = await Promise.all([search('convolutional'), search('dense')])
    const unseen = drawDigits(10, unseenSeed)
    const outputs = await convolutional.best[0].predict(unseen.map(({ pixels }) => pixels))
    return { convolutional, dense, unseen, predicted: outputs.map((each) => each.indexOf(Math.max(...each))) }
  },
  holds({ convolutional, dense }) {
    return (
      [convolutional, dense].every(({ isInside }) => isInside) &&
      convolutional.best[0].parameters < dense.best[0].parameters / 5 &&
      convolutional.best.every((training) => heldOut(training) > 0.8) &&
      dense.best.every((training) => heldOut(training) < 0.6)
    )
  },
  show({ convolutional, dense, unseen, predicted }) {
    const competitors = [
      { name: 'convolutional', search: convolutional },
      { name: 'dense', search: dense },
    ]
    return {
      summary: `The pictures are new, with the predictions of the convolutional network of the first seed. Both networks trained for ${digitEpochs} epochs on four fifths of ${pictureCount} pictures of ${drawnSide} × ${drawnSide} pixels.`,
      plots: [
        {
          type: 'pictures',
          title: 'New pictures, read by the convolutional network',
          side: drawnSide,
          pictures: unseen.map(({ digit, pixels }, index) => ({
            pixels,
            caption: predicted[index] === digit ? String(digit) : `${predicted[index]}, not ${digit}`,
          })),
        },
        {
          type: 'bars',
          title: 'Held-out pictures that are read, median and range of the seeds',
          unit: 'share of the pictures',
          groups: [
            {
              label: 'at the best rate',
              bars: competitors.map(({ name, search }) => ({
                label: `${name}, ${search.best[0].parameters} parameters`,
                ...range(search.best.map(heldOut)),
              })),
            },
          ],
          reference: { value: 0.1, label: 'guess' },
        },
        rateChart(competitors, { label: 'share of held-out pictures misread', from: 0, to: 1 }),
      ],
    }
  },
  async *attack(laboratory) {
    const seeds = Array.from({ length: 5 }, (_, index) => 1_201 + index)
    for (const rate of [0.001, 0.005, 0.01, 0.02, 0.05]) {
      const all = await Promise.all(seeds.map((seed) => read(laboratory, 'dense', rate, seed)))
      const best = Math.max(...all.map(heldOut))
      yield { change: `dense, rate ${rate}, 5 seeds`, figure: percent(best), isOverturned: best >= 0.6 }
    }
    for (const rate of [0.01, 0.02, 0.03]) {
      const all = await Promise.all(seeds.map((seed) => read(laboratory, 'convolutional', rate, seed)))
      const least = Math.min(...all.map(heldOut))
      yield {
        change: `convolutional, rate ${rate}, 5 seeds`,
        figure: percent(least),
        isOverturned: least <= 0.6,
      }
    }
  },
})
