/** Opens the thread that writes the files of exported models. */
import type { ExportThread } from '../training/ports/export-thread.js'
import { CallableThread, ownBuffers } from './callable-thread.js'
import type { BackendSetting, FromExportThread, ToExportThread } from './messages.js'

export function openExportThread(backend: BackendSetting): ExportThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToExportThread, FromExportThread>('./export.thread.js')
  return {
    async export(task) {
      const order = (callId: number) => ({ callId, backend, task })
      const { outcome } = await thread.call(order, ownBuffers([task.weights]))
      return outcome
    },
    close: () => thread.close(),
  }
}
