/** A prediction thread: keeps compiled models and answers with them, so that the event loop never computes. */
import { parentPort } from 'node:worker_threads'
import { splitOf } from '../src/datasets/split-rows.js'
import { DatasetError } from '../src/datasets/table.js'
import { Predictor } from '../src/engine/index.js'
import { drawn, evaluateTable, type TableQuestion } from './evaluate-table.js'
import type { FromPredictor, ToPredictor } from './messages.js'
import { unpackWeights } from './packed-weights.js'
import { paint } from './painting.js'

if (parentPort === null) throw new Error('predictor.thread.ts runs in a worker thread only')
const port = parentPort
const predictors = new Map<string, Predictor>()

port.on('message', (message: ToPredictor) => {
  switch (message.type) {
    case 'load':
      predictors.set(
        message.modelId,
        new Predictor(message.network, unpackWeights(message.weights), { backend: message.backend }),
      )
      break
    case 'unload':
      predictors.delete(message.modelId)
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
    case 'split':
      answer(message.question, () => ({
        type: 'divided',
        split: splitOf(message.rule, drawn(message.table)),
      }))
      break
    case 'evaluate':
      void evaluate(message.question, message.modelId, message.rows)
      break
    default:
      message satisfies never
  }
})

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
