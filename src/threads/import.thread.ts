/** The thread that reads model files. */
import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { lowerPriority } from '../base/low-priority.js'
import { parseImportFields } from '../bodies/import-fields.js'
import { Problem } from '../contract/problems.js'
import { importModel } from '../imports/import-model.js'
import type { FileToImport } from '../training/ports/import-thread.js'
import { ownBuffers } from './callable-thread.js'
import type { FromImportThread, ToImportThread } from './messages.js'

if (parentPort === null) throw new Error('import.thread.ts runs in a worker thread only')
const port = parentPort
lowerPriority()

port.on('message', ({ callId, file }: ToImportThread) => {
  try {
    const message = answer(callId, file)
    port.postMessage(message, message.type === 'imported' ? ownBuffers([message.model.weights]) : [])
  } catch (error) {
    port.postMessage({ type: 'failed', callId, message: String(error) })
  }
})

function answer(callId: number, { path, fields }: FileToImport): FromImportThread {
  try {
    const parsed = parseImportFields(fields)
    return { type: 'imported', callId, model: importModel(readFileSync(path), parsed) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code, detail, errors } = error
    return { type: 'refused', callId, code, detail, errors }
  }
}
