/** Images of digits, drawn in the fonts of the browser, and two networks that learn to read them. */
import { upload } from '../api/client.js'
import type { JobRequest, LayerRequest } from '../api/types.js'
import { percent, whole } from '../format.js'
import { generator, normal } from '../random.js'
import type { Demonstration } from './demonstration.js'
import { predictOutputs, train } from './training.js'

/** Side of an image in pixels. */
const side = 14
/** Images are drawn larger and scaled down, which anti-aliases their edges. */
const drawnSide = 4 * side
const fonts = ['sans-serif', 'serif']

interface Image {
  digit: number
  /** In row-major order, from about 0 (paper) to 1 (ink). */
  pixels: number[]
}

/** The digits in turn, in random font, size, position and rotation, with noise. */
function drawDigits(count: number, seed: number): Image[] {
  const random = generator(seed)
  const large = createContext(drawnSide)
  const small = createContext(side)
  large.textAlign = 'center'
  large.textBaseline = 'middle'
  return Array.from({ length: count }, (_, index) => {
    const digit = index % 10
    const font = fonts[Math.floor(random() * fonts.length)]
    const position = () => drawnSide * (0.3 + 0.4 * random())
    large.setTransform(1, 0, 0, 1, 0, 0)
    large.clearRect(0, 0, drawnSide, drawnSide)
    large.translate(position(), position())
    large.rotate(0.2 * (random() - 0.5))
    large.font = `bold ${Math.round(drawnSide * (0.65 + 0.1 * random()))}px ${font}`
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
  if (context === null) throw new Error('This browser does not support drawing on a canvas.')
  context.imageSmoothingQuality = 'high'
  return context
}

function toCsvFile(images: readonly Image[]): File {
  const heads = Array.from({ length: side * side }, (_, pixel) => `p${pixel}`)
  const lines = images.map(({ pixels, digit }) => [...pixels.map((ink) => ink.toFixed(2)), digit].join(','))
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
  claim: 'A small convolutional network reads digits at any position.',
  async run() {
    const images = drawDigits(1_500, 1)
    const dataset = await upload([toCsvFile(images)], { name: 'Lecture: digits', target: 'digit' })
    const results = await Promise.all(
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
    const [convolutional] = results
    const outputs = await predictOutputs(
      convolutional?.modelId ?? '',
      unseen.map(({ pixels }) => pixels),
    )
    return {
      plots: [
        {
          type: 'pictures',
          side,
          pictures: unseen.map(({ digit, pixels }, index) => {
            const predicted = argmax(outputs[index] ?? [])
            return { pixels, caption: predicted === digit ? String(predicted) : `${predicted}, not ${digit}` }
          }),
        },
        {
          type: 'table',
          heads: ['network', 'parameters', 'validation accuracy'],
          rows: results.map(({ name, job, epochs }) => [
            name,
            whole(job.parameters),
            percent(epochs.at(-1)?.valAccuracy),
          ]),
        },
      ],
      summary:
        'The images above are new, with the predictions of the convolutional network. Both networks trained on 1,200 images of 14 × 14 pixels and were validated on 300.',
    }
  },
}

const argmax = (values: readonly number[]) => values.indexOf(Math.max(...values))
