/** Reports every few seconds that this worker process is alive, and its load. */
import type { Logger } from 'pino'
import type { WorkerReport, WorkerStore } from '../src/training/ports/workers.js'

const everyMilliseconds = 2_000

interface Presence {
  /** Removes the worker from the list. */
  end(): Promise<void>
}

export function reportForever(
  workers: Pick<WorkerStore, 'report' | 'remove'>,
  report: () => WorkerReport,
  log: Pick<Logger, 'warn'>,
): Presence {
  let sending: Promise<unknown> = Promise.resolve()
  let isSending = false
  const warn = (error: unknown) => log.warn({ err: error }, 'presence')
  const send = () => {
    // While the database is unreachable, only one report waits.
    if (isSending) return
    isSending = true
    sending = workers
      .report(report())
      .catch(warn)
      .finally(() => {
        isSending = false
      })
  }
  send()
  const timer = setInterval(send, everyMilliseconds)
  return {
    async end() {
      clearInterval(timer)
      await sending
      await workers.remove(report().id).catch(warn)
    },
  }
}
