/** MNIST (LeCun, Cortes, Burges) as it was published: gzipped IDX files in data/mnist of the shared folder. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Dataset } from '../src/engine/index.js'

export const mnistFolder = path.resolve(
  process.env.DESCENT_SHARED ?? path.join('..', 'shared'),
  'data',
  'mnist',
)

const classes = 10

/** The bytes behind the header of an IDX file, which gives a size for each dimension. */
function bytesOf(name: string, dimensions: number): Uint8Array {
  return gunzipSync(readFileSync(path.join(mnistFolder, `${name}.gz`))).subarray(4 + 4 * dimensions)
}

/** Pixels and labels as they were published, a byte each. */
export function mnistBytes(name: 'train' | 't10k'): { images: Uint8Array; labels: Uint8Array } {
  return { images: bytesOf(`${name}-images-idx3-ubyte`, 3), labels: bytesOf(`${name}-labels-idx1-ubyte`, 1) }
}

function setOf(name: 'train' | 't10k'): { x: Float32Array; y: Float32Array; rows: number } {
  const { images, labels } = mnistBytes(name)
  const x = Float32Array.from(images, (pixel) => pixel / 255)
  const y = new Float32Array(labels.length * classes)
  for (const [row, label] of labels.entries()) y[row * classes + label] = 1
  return { x, y, rows: labels.length }
}

/** 60,000 rows to train on, the 10,000 test rows to validate with; pixels from 0 to 1, one-hot digits. */
export function mnist(): Dataset {
  const training = setOf('train')
  const test = setOf('t10k')
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
