/**
 * Wakes workers while jobs are queued, whatever became of the wake-ups before, and queues jobs of silent workers again. Any
 * number of processes may do this at once.
 */
import type { AllJobs } from './ports/jobs.js'
import type { JobQueue } from './ports/queue.js'

const everyMilliseconds = 3_000
/** A worker reports every second; one that is silent this long is dead, or as good as dead. */
const silenceMilliseconds = 8_000

export interface Reconciler {
  /** Reconciles now instead of at the next turn. */
  now(): Promise<void>
  stop(): Promise<void>
}

export function reconcileForever(
  jobs: AllJobs,
  queue: Pick<JobQueue, 'wake'>,
  onError: (error: unknown) => void,
): Reconciler {
  let running: Promise<void> | undefined

  async function reconcile(): Promise<void> {
    try {
      await jobs.releaseAbandoned(silenceMilliseconds)
      if (await jobs.anyQueued()) await queue.wake()
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
