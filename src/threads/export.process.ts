/** Writes the files of exported models, and compares their predictions with those of the engine. */
import { writeFile } from 'node:fs/promises'
import { lowerPriority } from '../base/low-priority.js'
import { Predictor } from '../engine/index.js'
import { expectedPredictions } from '../exports/expected-predictions.js'
import type { ExportedFile } from '../exports/exporter.js'
import { exporters } from '../exports/formats.js'
import { sampleRows } from '../exports/sample-rows.js'
import type { ExportOutcome, ExportTask } from '../training/ports/export-process.js'
import { affordableSample } from './affordable-sample.js'
import { collectSoon } from './collect-garbage.js'
import type { BackendSetting, FromExportProcess, ToExportProcess } from './messages.js'
import { adoptWeights } from './packed-weights.js'

// It starts with the middle one, so that exports begin on a busy machine, too.
lowerPriority()

process.on('message', async ({ backend, task, path }: ToExportProcess) => {
  try {
    send({ type: 'outcome', outcome: await exportModel(task, backend, path) })
  } catch (error) {
    send(toFailure(error))
  }
  collectSoon(task.weightBytes)
})
// Exits with its parent.
process.on('disconnect', () => process.exit())

async function exportModel(task: ExportTask, backend: BackendSetting, path: string): Promise<ExportOutcome> {
  const { format, model, options, tensors, weightBytes } = task
  const weights = adoptWeights(tensors, await receive(weightBytes))
  const file = exporters[format].write(model, weights, options)
  const difference = await verify(file, task, new Predictor(model.network, weights, { backend }))
  if (difference !== null) return { type: 'different', difference }
  await writeFile(path, file.bytes, { flag: 'wx', mode: 0o600 })
  return { type: 'exported', name: file.name, mediaType: file.mediaType }
}

async function verify(
  file: ExportedFile,
  { format, model, options, rows }: ExportTask,
  predictor: Predictor,
): Promise<string | null> {
  const exporter = exporters[format]
  if (exporter.verify === undefined) return null
  const sample = affordableSample([...rows, ...sampleRows(model.coding)], model.network)
  return exporter.verify(file, model, expectedPredictions(model, predictor, sample), options)
}

/** The next bytes of the input, which has the weights of one task after the other. */
function receive(length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let received = 0
  return new Promise((resolve) => {
    const take = (chunk: Buffer) => {
      bytes.set(chunk, received)
      received += chunk.length
      if (received < length) return
      process.stdin.off('data', take).pause()
      resolve(bytes)
    }
    process.stdin.on('data', take).resume()
  })
}

function toFailure(error: unknown): FromExportProcess {
  if (!(error instanceof Error)) return { type: 'failed', message: String(error) }
  const isDiskFull = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  return isDiskFull ? { type: 'diskFull' } : { type: 'failed', message: error.stack ?? error.message }
}

function send(message: FromExportProcess): void {
  process.send?.(message)
}
