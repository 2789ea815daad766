/** The networks of the lecture on digits in a CSV file. */
import { readFile } from 'node:fs/promises'
import { table } from './chart.js'
import { connect } from './client.js'
import { type DigitNetwork, digitEpochs, digitJob } from './lecture/digits.js'
import { type Picture, toCsv } from './lecture/drawn-digits.js'
import { percent } from './lecture/statistics.js'
import { pictureLines } from './picture-lines.js'
import { train } from './training.js'

/** Square pictures with their labels. */
interface Pictures {
  side: number
  /** The pixel value of full ink. */
  black: number
  rows: Picture[]
}

interface Reading {
  name: string
  parameters: number
  /** Share of held-out pictures that are classified correctly. */
  accuracy: number
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

/** Trains a convolutional and a dense network on four fifths of the pictures. */
export async function readDigits(url: string, { side, black, rows }: Pictures): Promise<Reading[]> {
  const scaled = rows.map(({ pixels, digit }) => ({ digit, pixels: pixels.map((ink) => ink / black) }))
  const dataset = await connect(url).datasets.upload(toCsv(scaled), { name: 'digits', target: 'digit' })
  const read = async (name: DigitNetwork): Promise<Reading> => {
    const job = digitJob(name, dataset.id, side, { rate: 0.02, seed: 1 })
    const { job: ended, epochs } = await train(url, job)
    return { name, parameters: ended.parameters, accuracy: epochs.at(-1)?.valAccuracy ?? 0 }
  }
  return Promise.all([read('convolutional'), read('dense')])
}

export async function showDigitFile(url: string, path: string): Promise<void> {
  const pictures = readPictures(await readFile(path, 'utf8'))
  const { side, black, rows } = pictures
  console.log(
    `${rows.length} pictures of ${side} × ${side}, one fifth held out, ${digitEpochs} epochs. The first five:`,
  )
  const lines = rows.slice(0, 5).map(({ pixels }) => pictureLines(pixels, side, black))
  for (const [line] of lines[0].entries())
    console.log(`  ${lines.map((picture) => picture[line]).join('  │ ')}`)
  const readings = await readDigits(url, pictures)
  const cells = readings.map(({ name, parameters, accuracy }) => [name, parameters, percent(accuracy)])
  console.log(table(['network', 'parameters', 'held-out accuracy'], cells))
}
