/**
 * Wakes workers while jobs are queued, because wake-ups can be lost. Releases the jobs of silent workers, and deletes what
 * lost claims have written of large models and checkpoints, which no limit counts. Any number of
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

interface Reconciled {
  jobs: Pick<AllJobs, 'releaseAbandoned' | 'anyQueued'>
  /** Those of claims that no longer hold are deleted. */
  drafts: { cleanUp(): Promise<void> }
  queue: Pick<JobQueue, 'wake'>
}

export function reconcileForever(
  { jobs, drafts, queue }: Reconciled,
  onError: (error: unknown) => void,
): Reconciler {
  let running: Promise<void> | undefined

  async function reconcile(): Promise<void> {
    try {
      await jobs.releaseAbandoned(silenceMilliseconds)
      await drafts.cleanUp()
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
