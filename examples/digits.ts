/** A small convolutional network reads digits at any position, better than a dense one with more parameters. */
import { readFile } from 'node:fs/promises'
import { datasetSchema } from '../src/contract/dataset.js'
import { table } from './chart.js'
import { request } from './client.js'
import { digitEpochs, digitJob } from './lecture/digits.js'
import {
  drawDigits,
  drawnPictures as drawnCount,
  drawnSide,
  type Picture,
  toCsv,
} from './lecture/drawn-digits.js'
import { pictureLines } from './picture-lines.js'
import { predictOutputs, train } from './training.js'

/** Square pictures with their labels. */
export interface Pictures {
  side: number
  /** The pixel value of full ink. */
  black: number
  rows: Picture[]
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

/** Noisy digits at random positions in small pictures. */
export function drawnPictures(): Pictures {
  return { side: drawnSide, black: 1, rows: drawDigits(drawnCount, 1) }
}

/** Trains a convolutional and a dense network on four fifths of the pictures. */
export async function readDigits(url: string, { side, rows }: Pictures): Promise<Reading[]> {
  const csv = Buffer.from(toCsv(rows))
  const dataset = await request(`${url}/datasets?name=digits&target=digit`, datasetSchema, csv)
  const read = async (name: 'convolutional' | 'dense'): Promise<Reading> => {
    const { job, last, modelId } = await train(url, digitJob(name, dataset.id, side))
    return { name, parameters: job.parameters, accuracy: last.valAccuracy ?? 0, modelId }
  }
  return Promise.all([read('convolutional'), read('dense')])
}

export async function show(url: string, [path]: readonly string[]): Promise<void> {
  const shown = path === undefined ? drawnPictures() : readPictures(await readFile(path, 'utf8'))
  const { side, black, rows } = shown
  console.log(
    `${rows.length} pictures of ${side} × ${side}, one fifth held out, ${digitEpochs} epochs. The first five:`,
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
  const outputs = await predictOutputs(
    url,
    modelId,
    first.map(({ pixels }) => pixels),
  )
  const digits = outputs.map((output) => output.indexOf(Math.max(...output)))
  console.log(`The convolutional network reads the first five as ${digits.join(', ')}.`)
}
