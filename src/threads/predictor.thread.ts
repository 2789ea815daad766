/** A prediction thread. It keeps compiled models and predicts with them, so that the event loop does not. */
import { parentPort, workerData } from 'node:worker_threads'
import { lowerPriority, ownPriority } from '../base/low-priority.js'
import { splitTable } from '../datasets/split-rows.js'
import { DatasetError } from '../datasets/table.js'
import { Predictor } from '../engine/index.js'
import { collectSoon } from './collect-garbage.js'
import { answerAll, compareRows } from './compare-rows.js'
import { drawBoundary, drawBoundaryWith } from './draw-boundary.js'
import { evaluateTable } from './evaluate-table.js'
import { receiveNumbers } from './little-endian.js'
import type { FromPredictor, PredictorSettings, ToPredictor } from './messages.js'
import { readShapes } from './packed-weights.js'
import { partialDependence } from './partial-dependence.js'
import { permutationImportance } from './permutation-importance.js'
import { rankRows } from './rank-rows.js'
import { toTable } from './table-rows.js'

if (parentPort === null) throw new Error('predictor.thread.ts runs in a worker thread only')
const port = parentPort
const settings: PredictorSettings = workerData
lowerPriority(ownPriority, settings.priority)
const predictors = new Map<string, Predictor>()
/** Models whose weights are being written. */
const loading = new Map<string, () => void>()
/** Calls that are computed in slices. */
const running = new Map<number, AbortController>()

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
      answer(message.callId, () => ({
        type: 'predicted',
        outputs: predict(message.modelId, message.inputs),
      }))
      break
    case 'drawBoundary':
      void answerLater(message.callId, async () => ({
        type: 'boundary',
        boundary: await drawBoundary(message.request, message.backend),
      }))
      break
    case 'drawModelBoundary':
      void answerLater(message.callId, async () => ({
        type: 'boundary',
        boundary: await drawBoundaryWith(requirePredictor(message.modelId), message.view),
      }))
      break
    case 'split':
      answer(message.callId, () => ({
        type: 'divided',
        split: splitTable(message.rule, toTable(message.table)),
      }))
      break
    case 'evaluate':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'evaluated',
        ...(await evaluateTable(message.order.rows, predictor, signal)),
      }))
      break
    case 'rank':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'ranked',
        ranking: await rankRows(message.order, predictor, signal),
      }))
      break
    case 'answer':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'answered',
        answers: await answerAll(message.order.rows, predictor, signal),
      }))
      break
    case 'compare':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'compared',
        changes: await compareRows(message.order, predictor, signal),
      }))
      break
    case 'importance':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'importance',
        importance: await permutationImportance(message.order, predictor, signal),
      }))
      break
    case 'dependence':
      void answerInSlices(message, async (predictor, signal) => ({
        type: 'dependence',
        dependence: await partialDependence(message.order, predictor, signal),
      }))
      break
    case 'stop':
      running.get(message.callId)?.abort()
      break
    default:
      message satisfies never
  }
})

/** Answers with the memory of the weights. No message uses the model before `loaded`. */
function load({ callId, modelId, network, tensors, ...options }: ToPredictor & { type: 'load' }): void {
  try {
    const predictor = new Predictor(network, null, options)
    const arrays = predictor.weightBuffers(readShapes(tensors))
    predictors.set(modelId, predictor)
    void receiveNumbers(arrays, (bytes) => {
      send({ type: 'weightBuffers', callId, buffers: bytes })
      return new Promise<void>((resolve) => loading.set(modelId, resolve))
    })
  } catch (error) {
    send({ type: 'failed', callId, message: String(error) })
  }
}

function unload(modelId: string): void {
  const bytes = predictors.get(modelId)?.bytes ?? 0
  predictors.delete(modelId)
  loading.delete(modelId)
  collectSoon(bytes)
}

type Answer = FromPredictor extends infer Message
  ? Message extends { callId: number }
    ? Omit<Message, 'callId'>
    : never
  : never

function answer(callId: number, compute: () => Answer): void {
  try {
    send({ callId, ...compute() })
  } catch (error) {
    send({ type: 'failed', callId, message: String(error) })
  }
}

async function answerLater(callId: number, compute: () => Promise<Answer>): Promise<void> {
  try {
    send({ callId, ...(await compute()) })
  } catch (error) {
    send({ type: 'failed', callId, message: String(error) })
  }
}

/** Computes an answer in slices, until a message stops it. */
async function answerInSlices(
  { callId, modelId }: { callId: number; modelId: string },
  compute: (predictor: Predictor, signal: AbortSignal) => Promise<Answer>,
): Promise<void> {
  const controller = new AbortController()
  running.set(callId, controller)
  try {
    send({ callId, ...(await compute(requirePredictor(modelId), controller.signal)) })
  } catch (error) {
    if (!(error instanceof DatasetError)) send({ type: 'failed', callId, message: String(error) })
    else send({ type: 'refused', callId, code: error.code, message: error.message })
  } finally {
    running.delete(callId)
  }
}

function requirePredictor(modelId: string): Predictor {
  const predictor = predictors.get(modelId)
  if (predictor === undefined) throw new Error(`model ${modelId} is not loaded`)
  return predictor
}

function predict(modelId: string, inputs: Float32Array): Float32Array {
  return requirePredictor(modelId).predict(inputs)
}

function send(message: FromPredictor): void {
  port.postMessage(message)
}
