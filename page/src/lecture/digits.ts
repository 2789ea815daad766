/** Pictures of digits, drawn in the page's own typefaces, and two networks that learn to read them. */
import { upload } from '../api/client.js'
import type { JobRequest, LayerRequest } from '../api/types.js'
import { percent, whole } from '../format.js'
import { generator, normal } from '../random.js'
import type { Demonstration } from './demonstration.js'
import { predictOutputs, train } from './training.js'

/** Pixels of a picture's side. */
const side = 14
/** Pictures are drawn larger and made small, which gives their edges shades. */
const enlarged = 4 * side
const faces = ['sans-serif', 'serif']

interface Picture {
  digit: number
  /** Row by row, about 0 (paper) to 1 (ink). */
  pixels: number[]
}

/** The digits in turn, each in some face and size, anywhere in its picture, a little turned, under noise. */
function drawDigits(count: number, seed: number): Picture[] {
  const random = generator(seed)
  const large = createContext(enlarged)
  const small = createContext(side)
  large.textAlign = 'center'
  large.textBaseline = 'middle'
  return Array.from({ length: count }, (_, index) => {
    const digit = index % 10
    const face = faces[Math.floor(random() * faces.length)]
    const place = () => enlarged * (0.3 + 0.4 * random())
    large.setTransform(1, 0, 0, 1, 0, 0)
    large.clearRect(0, 0, enlarged, enlarged)
    large.translate(place(), place())
    large.rotate(0.2 * (random() - 0.5))
    large.font = `bold ${Math.round(enlarged * (0.65 + 0.1 * random()))}px ${face}`
    large.fillText(String(digit), 0, 0)
    small.clearRect(0, 0, side, side)
    small.drawImage(large.canvas, 0, 0, side, side)
    const { data } = small.getImageData(0, 0, side, side)
    const pixels = Array.from(
      { length: side * side },
      (_, pixel) => (data[4 * pixel + 3] ?? 0) / 255 + 0.1 * normal(random),
    )
    return { digit, pixels }
  })
}

function createContext(size: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('This browser draws no pictures.')
  context.imageSmoothingQuality = 'high'
  return context
}

function toCsvFile(pictures: readonly Picture[]): File {
  const heads = Array.from({ length: side * side }, (_, pixel) => `p${pixel}`)
  const lines = pictures.map(({ pixels, digit }) =>
    [...pixels.map((shade) => shade.toFixed(2)), digit].join(','),
  )
  return new File([[[...heads, 'digit'].join(','), ...lines, ''].join('\n')], 'digits.csv', {
    type: 'text/csv',
  })
}

const networks: readonly { name: string; layers: object[] }[] = [
  {
    name: 'convolutional',
    layers: [
      { type: 'conv2d', filters: 16, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: 3 },
      { type: 'flatten' },
    ],
  },
  { name: 'dense', layers: [{ type: 'flatten' }, { type: 'dense', units: 16, activation: 'relu' }] },
]

export const digits: Demonstration = {
  id: 'digits',
  title: 'Reading digits',
  claim: 'A small convolutional network reads digits wherever they stand, better than a dense one.',
  async run() {
    const pictures = drawDigits(1_500, 1)
    const dataset = await upload([toCsvFile(pictures)], { name: 'Lecture: digits', target: 'digit' })
    const readings = await Promise.all(
      networks.map(async ({ name, layers }) => {
        const output = { type: 'dense', units: 10, activation: 'softmax' }
        const network = { inputShape: [1, side, side], layers: [...layers, output] as LayerRequest[] }
        const trained = await train({
          name: `Lecture: digits, ${name}`,
          dataset: dataset.id,
          network: network as JobRequest['network'],
          loss: 'categoricalCrossentropy',
          optimizer: { type: 'adam', learningRate: 0.01 } as JobRequest['optimizer'],
          epochs: 20,
          batchSize: 20,
          validationSplit: 0.2,
          seed: 1,
        })
        return { name, ...trained }
      }),
    )
    const unseen = drawDigits(10, 2)
    const [convolutional] = readings
    const answers = await predictOutputs(
      convolutional?.modelId ?? '',
      unseen.map(({ pixels }) => pixels),
    )
    return {
      plots: [
        {
          type: 'pictures',
          side,
          pictures: unseen.map(({ digit, pixels }, place) => {
            const read = largest(answers[place] ?? [])
            return { pixels, says: read === digit ? String(read) : `${read}, is ${digit}` }
          }),
        },
        {
          type: 'table',
          heads: ['network', 'parameters', 'held-out pictures read'],
          rows: readings.map(({ name, job, epochs }) => [
            name,
            whole(job.parameters),
            percent(epochs.at(-1)?.valAccuracy),
          ]),
        },
      ],
      says: 'Above, new pictures and what the convolutional network reads in them. 1,200 pictures of 14 × 14 were learned, 300 held out.',
    }
  },
}

const largest = (values: readonly number[]) => values.indexOf(Math.max(...values))
