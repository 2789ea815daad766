/**
 * Wakes workers while jobs are queued, because wake-ups can be lost. Releases the jobs of silent workers. Any number of
 * processes may do this at the same time.
 */
import type { AllJobs } from './ports/jobs.js'
import type { JobQueue } from './ports/queue.js'

const everyMilliseconds = 3_000
/** A worker reports every second. One that is silent for this long counts as dead. */
const silenceMilliseconds = 8_000

interface Reconciler {
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
