/**
 * Makes the queue follow the database: jobs that are queued get their ticket, whatever became of the one before,
 * and jobs of silent workers are queued again. Any number of processes may do this at once.
 */
import type { AllJobs, JobQueue } from './ports.js'

const everyMilliseconds = 3_000
/** A worker reports every second; one that is silent this long is dead, or as good as dead. */
const silenceMilliseconds = 8_000
/** After this time a ticket is put on the queue again; where the first still waits, nothing happens. */
const ticketMilliseconds = 10_000
const batch = 500

export interface Reconciler {
  /** Reconciles now instead of at the next turn. */
  now(): Promise<void>
  stop(): Promise<void>
}

export function reconcileForever(
  jobs: AllJobs,
  queue: Pick<JobQueue, 'enqueue'>,
  onError: (error: unknown) => void,
): Reconciler {
  let running: Promise<void> | undefined

  async function reconcile(): Promise<void> {
    try {
      await jobs.releaseAbandoned(silenceMilliseconds)
      for (;;) {
        const tickets = await jobs.toEnqueue(ticketMilliseconds, batch)
        for (const ticket of tickets) await queue.enqueue(ticket)
        if (tickets.length > 0) await jobs.markEnqueued(tickets)
        if (tickets.length < batch) return
      }
    } catch (error) {
      onError(error)
    }
  }

  function now(): Promise<void> {
    running ??= reconcile().finally(() => {
      running = undefined
    })
    return running
  }

  const timer = setInterval(() => void now(), everyMilliseconds)
  return {
    now,
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
