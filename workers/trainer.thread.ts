/** A training thread: the engine and nothing else. It knows no database and no queue. */
import { parentPort } from 'node:worker_threads'
import type { Epoch } from '../src/contract/epoch.js'
import { encode } from '../src/datasets/encoding.js'
import { DatasetError } from '../src/datasets/table.js'
import { targetCoding, targetWidth } from '../src/datasets/target-coding.js'
import { compile, Dataset, outputShape, SpecError, splitRows, train } from '../src/engine/index.js'
import type { FromTrainer, ToTrainer, TrainingOrder } from './messages.js'
import { packWeights, unpackWeights } from './packed-weights.js'

if (parentPort === null) throw new Error('trainer.thread.ts runs in a worker thread only')
const port = parentPort

/** The first slice is short, so that whoever watches sees something at once. */
const firstSliceMilliseconds = 5
const sliceMilliseconds = 50
/** Messages of epochs on their way to the database; then the training waits, so that memory does not grow. */
const maximumUnstored = 2

let unstored = 0
let resume: (() => void) | undefined

port.on('message', (message: ToTrainer) => {
  switch (message.type) {
    case 'train':
      void answer(message)
      break
    case 'stored':
      unstored--
      resume?.()
      break
    default:
      message satisfies never
  }
})

async function answer(order: TrainingOrder): Promise<void> {
  unstored = 0
  try {
    await run(order)
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof SpecError)) throw error
    send({ type: 'refused', message: error.message })
  }
}

async function run({
  spec,
  columns,
  rows,
  values,
  standardize,
  initialWeights,
  stop,
}: TrainingOrder): Promise<void> {
  const features = columns.filter((column) => column.role === 'feature').length
  const inputShape = spec.network.inputShape ?? [features]
  const outputs = outputShape(spec.network, inputShape).reduce((product, size) => product * size, 1)
  const width = targetWidth(targetCoding({ columns }, { outputs, loss: spec.loss }))
  const split = splitRows(rows, spec.validationSplit, spec.seed)
  const program = compile(spec, {
    inputShape,
    targetWidth: width,
    trainingRows: split.training.length,
    validationRows: split.validation.length,
  })
  const dataset = Dataset.allocate({
    trainingRows: split.training.length,
    validationRows: split.validation.length,
    features,
    targetWidth: width,
  })
  const coding = encode({ columns, rows, values }, split, { outputs, loss: spec.loss, standardize }, dataset)
  const training = train(program, dataset, {
    backend: 'auto',
    seed: spec.seed,
    initialWeights: initialWeights === null ? undefined : unpackWeights(initialWeights),
  })

  let milliseconds = firstSliceMilliseconds
  for (;;) {
    const { epochs, state } = training.run({ milliseconds, stop })
    milliseconds = sliceMilliseconds
    await report(epochs, training.backend)
    switch (state) {
      case 'running':
        break
      case 'stopped':
        return send({ type: 'stopped' })
      case 'diverged':
        return send({ type: 'diverged', epoch: training.epoch })
      case 'finished':
      case 'earlyStopped': {
        const weights = packWeights(training.weights())
        const { layers, parameters } = program
        return send({ type: 'trained', model: { layers, coding, parameters, weights } })
      }
      default:
        state satisfies never
    }
  }
}

async function report(epochs: Epoch[], backend: string): Promise<void> {
  if (epochs.length === 0) return
  send({ type: 'epochs', epochs, backend })
  unstored++
  while (unstored >= maximumUnstored) {
    await new Promise<void>((resolve) => {
      resume = resolve
    })
  }
}

function send(message: FromTrainer): void {
  port.postMessage(message)
}
