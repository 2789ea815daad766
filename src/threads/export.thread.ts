/** The thread that writes the files of exported models, and compares their predictions with those of the engine. */
import { parentPort } from 'node:worker_threads'
import { lowerPriority } from '../base/low-priority.js'
import { Predictor } from '../engine/index.js'
import { expectedPredictions } from '../exports/expected-predictions.js'
import { exporters } from '../exports/formats.js'
import { sampleRows } from '../exports/sample-rows.js'
import type { ExportOutcome, ExportTask } from '../training/ports/export-thread.js'
import { affordableSample } from './affordable-sample.js'
import { ownBuffers } from './callable-thread.js'
import { collectSoon } from './collect-garbage.js'
import type { BackendSetting, FromExportThread, ToExportThread } from './messages.js'
import { adoptWeights } from './packed-weights.js'

if (parentPort === null) throw new Error('export.thread.ts runs in a worker thread only')
const port = parentPort
lowerPriority()

port.on('message', async ({ callId, backend, task }: ToExportThread) => {
  const { length } = task.weights
  try {
    send({ type: 'outcome', callId, outcome: await exportModel(task, backend) })
  } catch (error) {
    port.postMessage({ type: 'failed', callId, message: String(error) })
  }
  collectSoon(length)
})

async function exportModel(
  { format, model, options, tensors, weights: bytes, rows }: ExportTask,
  backend: BackendSetting,
): Promise<ExportOutcome> {
  const exporter = exporters[format]
  const weights = adoptWeights(tensors, bytes)
  const file = exporter.write(model, weights, options)
  if (exporter.verify === undefined) return { type: 'exported', file }
  const predictor = new Predictor(model.network, weights, { backend })
  const expected = expectedPredictions(
    model,
    predictor,
    affordableSample([...rows, ...sampleRows(model.coding)], model.network),
  )
  const difference = await exporter.verify(file, model, expected, options)
  return difference === null ? { type: 'exported', file } : { type: 'different', difference }
}

function send(message: FromExportThread): void {
  const { outcome } = message
  port.postMessage(message, outcome.type === 'exported' ? ownBuffers([outcome.file.bytes]) : [])
}
