/** A prediction thread: keeps compiled models and answers with them, so that the event loop never computes. */
import { parentPort } from 'node:worker_threads'
import { Predictor } from '../src/engine/index.js'
import type { FromPredictor, ToPredictor } from './messages.js'
import { unpackWeights } from './packed-weights.js'

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
      answer(message.question, message.modelId, message.inputs)
      break
    default:
      message satisfies never
  }
})

function answer(question: number, modelId: string, inputs: Float32Array): void {
  const predictor = predictors.get(modelId)
  if (predictor === undefined) {
    send({ type: 'failed', question, message: `model ${modelId} is not loaded` })
    return
  }
  try {
    send({ type: 'predicted', question, outputs: predictor.predict(inputs) })
  } catch (error) {
    send({ type: 'failed', question, message: String(error) })
  }
}

function send(message: FromPredictor): void {
  port.postMessage(message)
}
