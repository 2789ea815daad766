/** MNIST (LeCun, Cortes, Burges): gzipped IDX files in the folder MNIST_DIR, or in the download folder. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Dataset } from '../src/engine/index.js'

export const mnistFolder = path.resolve(
  process.env.MNIST_DIR ?? path.join(homedir(), '.cache', 'descent', 'mnist'),
)

export const mnistNames = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const
export type MnistName = (typeof mnistNames)[number]

const classes = 10

export const mnistPath = (name: MnistName) => path.join(mnistFolder, `${name}.gz`)

/** Whether MNIST is available. If not, reports it on stderr and sets the exit code 1. */
export function hasMnist(benchmark: string): boolean {
  const missing = mnistNames.filter((name) => !existsSync(mnistPath(name)))
  if (missing.length === 0) return true
  console.error(`NOT RUN: ${benchmark} needs MNIST, and ${mnistFolder} lacks ${missing.join(', ')}.`)
  console.error('Set MNIST_DIR to its folder, or download it once: npm run bench -- mnist')
  process.exitCode = 1
  return false
}

/** The bytes after the header of an IDX file, which gives a size for each dimension. */
function readIdx(name: MnistName, dimensions: number): Uint8Array {
  return gunzipSync(readFileSync(mnistPath(name))).subarray(4 + 4 * dimensions)
}

/** The published pixels and labels, a byte each. */
export function mnistBytes(name: 'train' | 't10k'): { images: Uint8Array; labels: Uint8Array } {
  return { images: readIdx(`${name}-images-idx3-ubyte`, 3), labels: readIdx(`${name}-labels-idx1-ubyte`, 1) }
}

function readSet(name: 'train' | 't10k'): { x: Float32Array; y: Float32Array; rows: number } {
  const { images, labels } = mnistBytes(name)
  const x = Float32Array.from(images, (pixel) => pixel / 255)
  const y = new Float32Array(labels.length * classes)
  for (const [row, label] of labels.entries()) y[row * classes + label] = 1
  return { x, y, rows: labels.length }
}

/** 60,000 rows to train on, the 10,000 test rows to validate with; pixels from 0 to 1, one-hot digits. */
export function mnist(): Dataset {
  const training = readSet('train')
  const test = readSet('t10k')
  const dataset = Dataset.allocate({
    trainingRows: training.rows,
    validationRows: test.rows,
    features: 784,
    targetWidth: classes,
  })
  dataset.trainingX.set(training.x)
  dataset.trainingY.set(training.y)
  dataset.validationX.set(test.x)
  dataset.validationY.set(test.y)
  return dataset
}
