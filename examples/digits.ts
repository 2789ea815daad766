/** A small convolutional network reads digits at any position, better than a dense one with more parameters. */
import { readFile } from 'node:fs/promises'
import { datasetSchema } from '../src/contract/dataset.js'
import { table } from './chart.js'
import { request } from './client.js'
import { drawDigits, pictureLines } from './digit-font.js'
import { dense, type LayerRequest, outputsOf, type Trained, train } from './training.js'

const pictures = 800
const epochs = 12

/** Square pictures with their labels. */
export interface Pictures {
  side: number
  /** The pixel value of full ink. */
  black: number
  rows: { pixels: number[]; digit: number }[]
}

export interface Reading {
  name: string
  parameters: number
  /** Share of held-out pictures that are classified correctly. */
  accuracy: number
  modelId: string
}

/** Parses CSV with the pixels of a picture, row-major, and its digit per line; a header is optional. */
export function readPictures(csv: string): Pictures {
  const lines = csv.trim().split(/\r?\n/)
  const numbers = lines.map((line) => line.split(',').map(Number)).filter((row) => row.every(Number.isFinite))
  const rows = numbers.map((row) => ({ pixels: row.slice(0, -1), digit: row[row.length - 1] }))
  const side = Math.sqrt(rows[0]?.pixels.length ?? 0)
  if (!Number.isInteger(side) || side < 8)
    throw new Error('each line must have the pixels of a square picture and a digit')
  return { side, black: rows.flatMap(({ pixels }) => pixels).reduce((a, b) => Math.max(a, b)), rows }
}

/** Noisy digits at random positions in pictures of 12 × 12 pixels. */
export function drawnPictures(): Pictures {
  return { side: 12, black: 1, rows: drawDigits(pictures, 0.1, 1) }
}

/** Trains a convolutional and a dense network on four fifths of the pictures. */
export async function readDigits(url: string, { side, rows }: Pictures): Promise<Reading[]> {
  const heads = Array.from({ length: side * side }, (_, pixel) => `p${pixel}`)
  const lines = rows.map(({ pixels, digit }) => [...pixels.map((ink) => ink.toFixed(3)), digit].join(','))
  const csv = Buffer.from([[...heads, 'digit'].join(','), ...lines, ''].join('\n'))
  const dataset = await request(`${url}/datasets?name=digits&target=digit`, datasetSchema, csv)
  const read = async (name: string, layers: LayerRequest[]): Promise<Reading> => {
    const trained: Trained = await train(url, {
      name,
      dataset: dataset.id,
      network: { inputShape: [1, side, side], layers: [...layers, dense(10, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.02 },
      epochs,
      batchSize: 20,
      validationSplit: 0.2,
      seed: 1,
    })
    const { job, last, modelId } = trained
    return { name, parameters: job.parameters, accuracy: last.valAccuracy ?? 0, modelId }
  }
  return Promise.all([
    read('convolutional', [
      { type: 'conv2d', filters: 12, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: side < 12 ? 2 : 4 },
      { type: 'flatten' },
    ]),
    read('dense', [{ type: 'flatten' }, dense(32, 'relu')]),
  ])
}

export async function show(url: string, [path]: readonly string[]): Promise<void> {
  const shown = path === undefined ? drawnPictures() : readPictures(await readFile(path, 'utf8'))
  const { side, black, rows } = shown
  console.log(
    `${rows.length} pictures of ${side} × ${side}, one fifth held out, ${epochs} epochs. The first five:`,
  )
  const first = rows.slice(0, 5)
  const lines = first.map(({ pixels }) => pictureLines(pixels, side, black))
  for (const [line] of lines[0].entries())
    console.log(`  ${lines.map((picture) => picture[line]).join('  │ ')}`)
  const readings = await readDigits(url, shown)
  console.log(
    table(
      ['network', 'parameters', 'held-out accuracy'],
      readings.map(({ name, parameters, accuracy }) => [
        name,
        parameters,
        `${(100 * accuracy).toFixed(1)} %`,
      ]),
    ),
  )
  const [{ modelId }] = readings
  const outputs = await outputsOf(
    url,
    modelId,
    first.map(({ pixels }) => pixels),
  )
  const digits = outputs.map((output) => output.indexOf(Math.max(...output)))
  console.log(`The convolutional network reads the first five as ${digits.join(', ')}.`)
}
