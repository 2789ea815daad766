/** Which runs of a worker may be preempted, and in which order. */
import type { Holder } from './thread-allocator.js'

/** Milliseconds of training between two preemptions of a job. */
const leastMilliseconds = 1_000
/** A run also trains this many times as long as it took to load and encode its data, which the next claim repeats. */
const preparationFactor = 10
/** Milliseconds. A training that is expected to end sooner is not stopped. */
const leastLeft = 1_000

interface Preemptible<Run> {
  readonly runs: readonly Run[]
  readonly holder: Pick<Holder, 'threads' | 'since' | 'begunAt' | 'expectedEnd'>
}

/**
 * Those that hold their threads longest come first. Batches end soon. A run that has not begun
 * would lose its preparation.
 * @param now in milliseconds
 */
export function inOrderOfPreemption<Run extends { readonly stop: Int32Array }>(
  batches: readonly Preemptible<Run>[],
  now: number,
): Run[] {
  const mayStop = ({ runs, holder: { threads, since, begunAt, expectedEnd } }: Preemptible<Run>) =>
    threads > 0 &&
    begunAt !== null &&
    now - begunAt >= Math.max(leastMilliseconds, preparationFactor * (begunAt - since)) &&
    (expectedEnd === null || expectedEnd - now >= leastLeft) &&
    runs.every(({ stop }) => Atomics.load(stop, 0) === 0)
  return batches
    .filter((batch) => batch.runs.length === 1 && mayStop(batch))
    .toSorted((one, other) => one.holder.since - other.holder.since)
    .flatMap(({ runs }) => runs)
}
