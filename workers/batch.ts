/** The jobs of one claim, and how they are stopped. */
import type { ReleaseReason } from '../src/contract/job-event.js'
import { epochCount } from '../src/engine/index.js'
import type { ClaimedJob, Progress } from '../src/training/ports/runs.js'
import { stopWords } from './messages.js'
import type { Holder } from './thread-allocator.js'
import type { TrainingOrders } from './training-orders.js'

export interface Run {
  job: ClaimedJob
  stop: Int32Array
  /** Why it is stopped. */
  reason: ReleaseReason
}

/** The jobs that one thread trains in sequence. */
export interface Batch {
  runs: Run[]
  holder: Holder
  orders: TrainingOrders
}

export function createBatch(jobs: readonly ClaimedJob[], holder: Holder, orders: TrainingOrders): Batch {
  const stops = new Int32Array(new SharedArrayBuffer(4 * jobs.length))
  const runs = jobs.map((job, index) => ({
    job,
    stop: stops.subarray(index, index + 1),
    reason: 'worker-stopped' as const,
  }))
  return { runs, holder, orders }
}

export function requestStop({ stop }: Run): void {
  Atomics.store(stop, 0, stopWords.atNextStep)
}

/** Does not replace an earlier request. */
export function requestStopAfterFold({ stop }: Run): void {
  Atomics.compareExchange(stop, 0, 0, stopWords.afterFold)
}

/** Estimates the end of a claim from the speed of the reported epochs. */
export function expectEnd(
  holder: Holder,
  { epochs }: ClaimedJob,
  { epochs: done, seconds }: Pick<Progress, 'epochs' | 'seconds'>,
): void {
  const count = epochCount(done)
  if (count === 0) return
  const left = Math.max(0, epochs - (done.firstEpoch + count - 1))
  holder.expectedEnd = performance.now() + (1_000 * left * seconds) / count
}
