/** A prediction thread: keeps compiled models and answers with them, so that the event loop never computes. */
import { parentPort } from 'node:worker_threads'
import { splitTable } from '../datasets/split-rows.js'
import { DatasetError } from '../datasets/table.js'
import { Predictor } from '../engine/index.js'
import { collectSoon } from './collect-garbage.js'
import { paint, paintBy } from './draw-boundary.js'
import { drawn, evaluateTable, type TableQuestion } from './evaluate-table.js'
import { receiveNumbers } from './little-endian.js'
import type { FromPredictor, ToPredictor } from './messages.js'
import { shapesOf } from './packed-weights.js'

if (parentPort === null) throw new Error('predictor.thread.ts runs in a worker thread only')
const port = parentPort
const predictors = new Map<string, Predictor>()
/** Models whose weights are on their way. */
const loading = new Map<string, () => void>()

port.on('message', (message: ToPredictor) => {
  switch (message.type) {
    case 'load':
      load(message)
      break
    case 'loaded':
      loading.get(message.modelId)?.()
      loading.delete(message.modelId)
      break
    case 'unload':
      unload(message.modelId)
      break
    case 'predict':
      answer(message.question, () => ({
        type: 'predicted',
        outputs: predict(message.modelId, message.inputs),
      }))
      break
    case 'paint':
      answer(message.question, () => ({ type: 'painted', painted: paint(message.painting, message.backend) }))
      break
    case 'paintModel':
      answer(message.question, () => ({
        type: 'painted',
        painted: paintBy(predictorOf(message.modelId), message.view),
      }))
      break
    case 'split':
      answer(message.question, () => ({
        type: 'divided',
        split: splitTable(message.rule, drawn(message.table)),
      }))
      break
    case 'evaluate':
      void evaluate(message.question, message.modelId, message.rows)
      break
    default:
      message satisfies never
  }
})

/** Answers with places for the weights; until they are there, nobody asks the model. */
function load({ question, modelId, network, tensors, ...options }: ToPredictor & { type: 'load' }): void {
  try {
    const predictor = new Predictor(network, null, options)
    const places = predictor.weightBuffers(shapesOf(tensors))
    predictors.set(modelId, predictor)
    void receiveNumbers(places, (bytes) => {
      send({ type: 'room', question, places: bytes })
      return new Promise<void>((resolve) => loading.set(modelId, resolve))
    })
  } catch (error) {
    send({ type: 'failed', question, message: String(error) })
  }
}

function unload(modelId: string): void {
  const bytes = predictors.get(modelId)?.bytes ?? 0
  predictors.delete(modelId)
  loading.delete(modelId)
  collectSoon(bytes)
}

type Answer = FromPredictor extends infer Message
  ? Message extends { question: number }
    ? Omit<Message, 'question'>
    : never
  : never

function answer(question: number, compute: () => Answer): void {
  try {
    send({ question, ...compute() })
  } catch (error) {
    send({ type: 'failed', question, message: String(error) })
  }
}

async function evaluate(question: number, modelId: string, rows: TableQuestion): Promise<void> {
  try {
    send({ type: 'evaluated', question, ...(await evaluateTable(rows, predictorOf(modelId))) })
  } catch (error) {
    if (!(error instanceof DatasetError)) send({ type: 'failed', question, message: String(error) })
    else send({ type: 'refused', question, code: error.code, message: error.message })
  }
}

function predictorOf(modelId: string): Predictor {
  const predictor = predictors.get(modelId)
  if (predictor === undefined) throw new Error(`model ${modelId} is not loaded`)
  return predictor
}

function predict(modelId: string, inputs: Float32Array): Float32Array {
  return predictorOf(modelId).predict(inputs)
}

function send(message: FromPredictor): void {
  port.postMessage(message)
}
