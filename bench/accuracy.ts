/**
 * What networks reach on MNIST: `npm run bench -- accuracy [--json] [--backend wasm]`. Beside ours the error of the same kind
 * of network in LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to Document Recognition", 1998, figure 9.
 * No row of the test set takes part in training; the accuracy is that after the last epoch, whatever came before,
 * and counts a row as right when the largest of its ten outputs is the digit's.
 */
import { parseArgs } from 'node:util'
import { trainingSchema } from '../src/contract/network.js'
import { compile, type Dataset, Predictor, train } from '../src/engine/index.js'
import { parseBackend } from './engine.js'
import type { MeasuredBackend } from './measurement.js'
import { hasMnist, mnist } from './mnist.js'

interface Trial {
  readonly network: string
  readonly spec: unknown
  readonly inputShape: number[]
  /** Per cent on the test set, in the paper. */
  readonly lecun: number | null
  /** Per cent the goals ask for. */
  readonly wanted: number
}

const seed = 7
const softmax = { type: 'dense', units: 10, activation: 'softmax' }
const adam = (learningRate: number) => ({ type: 'adam', learningRate })
const cosine = { type: 'cosine' }

const trials: readonly Trial[] = [
  {
    network: 'linear, 10 units',
    spec: {
      network: { layers: [softmax] },
      loss: 'categoricalCrossentropy',
      epochs: 5,
      optimizer: adam(0.001),
    },
    inputShape: [784],
    lecun: 12,
    wanted: 88,
  },
  {
    network: '784-300-10, squared error',
    spec: {
      network: {
        layers: [
          { type: 'dense', units: 300, activation: 'tanh' },
          { type: 'dense', units: 10, activation: 'sigmoid' },
        ],
      },
      loss: 'squaredError',
      epochs: 5,
      optimizer: adam(0.001),
    },
    inputShape: [784],
    lecun: 4.7,
    wanted: 95.3,
  },
  {
    network: '784-128-10, batch 32',
    spec: {
      network: { layers: [{ type: 'dense', units: 128, activation: 'relu' }, softmax] },
      loss: 'categoricalCrossentropy',
      epochs: 5,
      batchSize: 32,
      optimizer: adam(0.001),
    },
    inputShape: [784],
    lecun: null,
    wanted: 97.5,
  },
  {
    network: 'CNN 8 and 16 filters of 5×5, 64 units',
    spec: {
      network: {
        layers: [
          { type: 'conv2d', filters: 8, kernelSize: 5, activation: 'relu' },
          { type: 'maxPooling2d' },
          { type: 'conv2d', filters: 16, kernelSize: 5, activation: 'relu' },
          { type: 'maxPooling2d' },
          { type: 'flatten' },
          { type: 'dense', units: 64, activation: 'relu' },
          softmax,
        ],
      },
      loss: 'categoricalCrossentropy',
      epochs: 5,
      batchSize: 32,
      optimizer: adam(0.002),
      schedule: cosine,
    },
    inputShape: [1, 28, 28],
    lecun: 0.95,
    wanted: 98.8,
  },
]

interface Result {
  readonly network: string
  readonly backend: string
  readonly epochs: number
  readonly accuracy: number
  readonly error: number
  readonly lecunError: number | null
  readonly wanted: number
  readonly seconds: number
}

function run(trial: Trial, dataset: Dataset, backend: MeasuredBackend): Result {
  const spec = trainingSchema.parse(trial.spec)
  const { trainingRows, validationRows } = dataset.size
  const data = { inputShape: trial.inputShape, targetWidth: 10, trainingRows, validationRows }
  const begin = performance.now()
  const training = train(compile(spec, data), dataset, { backend, seed })
  training.run()
  const seconds = Math.round((performance.now() - begin) / 100) / 10
  const predictor = new Predictor({ ...spec.network, inputShape: trial.inputShape }, training.weights(), {
    backend,
  })
  const accuracy = shareRight(predictor.predict(new Float32Array(dataset.validationX)), dataset.validationY)
  training.dispose()
  return {
    network: trial.network,
    backend: training.backend,
    epochs: spec.epochs,
    accuracy,
    error: Math.round(100 * (100 - accuracy)) / 100,
    lecunError: trial.lecun,
    wanted: trial.wanted,
    seconds,
  }
}

/** Per cent of rows whose largest output is the digit's, whatever the loss was. */
function shareRight(outputs: Float32Array, targets: Float32Array): number {
  const rows = outputs.length / 10
  let right = 0
  for (let row = 0; row < rows; row++) {
    const answer = outputs.subarray(10 * row, 10 * row + 10)
    if (targets[10 * row + answer.indexOf(Math.max(...answer))] === 1) right++
  }
  return Math.round((10_000 * right) / rows) / 100
}

export function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false }, backend: { type: 'string', default: 'auto' } },
  })
  if (!hasMnist('accuracy')) return
  const dataset = mnist()
  if (!values.json) {
    console.log('| network | epochs | test accuracy | test error | LeCun et al. 1998 | wanted | seconds |')
    console.log('|---|---|---|---|---|---|---|')
  }
  for (const trial of trials) {
    const result = run(trial, dataset, parseBackend(values.backend))
    const { network, epochs, accuracy, error, lecunError, wanted, seconds } = result
    if (values.json) console.log(JSON.stringify(result))
    else {
      const lecun = lecunError === null ? '–' : `${lecunError} %`
      console.log(
        `| ${network} | ${epochs} | ${accuracy} % | ${error} % | ${lecun} | ≥ ${wanted} % | ${seconds} |`,
      )
    }
    if (accuracy < wanted) process.exitCode = 1
  }
}
