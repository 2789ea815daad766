/** A thread that reads untrusted model files. It is ended if it takes too long or too much memory. */
import { DeadlineError, withDeadline } from '../base/deadline.js'
import type { ImportThread } from '../training/ports/import-thread.js'
import { CallableThread } from './callable-thread.js'
import type { FromImportThread, ToImportThread } from './messages.js'

/** Of objects, without the bytes of the file and the weights. A valid file needs a few. */
const heapMegabytes = 256

export function openImportThread(readingSeconds: number): ImportThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToImportThread, FromImportThread>('./import.thread.js', {
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  })
  return {
    async read(file, signal) {
      const read = () => thread.call((callId) => ({ type: 'import', callId, file }))
      try {
        return await withDeadline(readingSeconds * 1_000, read, signal)
      } catch (error) {
        if (!(error instanceof DeadlineError)) throw error
        await thread.terminate()
        const detail = `Reading the file took more than ${readingSeconds} seconds (MAXIMUM_READING_SECONDS).`
        return { type: 'refused', code: 'invalid-model', detail, errors: [] }
      }
    },
    close: () => thread.close(),
  }
}
