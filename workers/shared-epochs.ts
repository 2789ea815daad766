/**
 * Lets a trial of a sweep continue from the checkpoint of another trial whose first epochs are the same: the specs differ
 * only in the number of epochs and in the schedule, and the learning rates of these epochs are equal.
 */
import { epochsBeforeDecay, sharedEpochs } from '../src/engine/index.js'
import type { StoredCheckpoint } from '../src/training/ports/checkpoints.js'
import type { ClaimedJob, RunStore, SharedCheckpoint } from '../src/training/ports/runs.js'
import { runPrefix } from '../src/training/sweeps/run-prefix.js'

type Shares = Pick<RunStore, 'sharedCheckpoints' | 'adoptCheckpoint' | 'stopSharing'>

/**
 * Before the first epoch. Changes the job to one whose first epochs are stored, if there is such a checkpoint.
 * @param backend with its variant, because another one has other bits
 */
export async function continueFromTrial(runs: Shares, job: ClaimedJob, backend: string): Promise<void> {
  const { sharing } = job
  if (sharing === null) return
  if (!isOfThisRelease(job)) {
    await runs.stopSharing(job)
    return
  }
  const upTo = Math.min(job.spec.epochs, job.pauseAfter ?? Number.POSITIVE_INFINITY)
  const candidates = await runs.sharedCheckpoints({ ...job, sharing }, backend, upTo)
  const point = candidates.find((candidate) => isShared(job, candidate))
  if (point === undefined) return
  beginAt(job, await runs.adoptCheckpoint(job, point))
}

/** The job with the epochs that were taken over. */
export function beginAt(job: ClaimedJob, adopted: Awaited<ReturnType<RunStore['adoptCheckpoint']>>): void {
  if (adopted === null) return
  job.estimatedSeconds *= (job.epochs - adopted.epoch) / job.epochs
  job.storedEpoch = adopted.epoch
  job.backend = adopted.backend
}

/** An epoch that has begun must be shared as well. */
const isShared = ({ spec }: ClaimedJob, { spec: other, epoch, step }: SharedCheckpoint) =>
  (step === 0 ? epoch : epoch + 1) <= sharedEpochs(spec, other)

/** Whether this release computes the epochs that the prefix stands for. */
const isOfThisRelease = ({ spec, changes, sharing }: ClaimedJob) =>
  changes.length === 0 && sharing !== null && (runPrefix(spec)?.equals(sharing.prefix) ?? false)

/** A trial that another release, backend or variant began, or that was changed, has bits that no other trial has. */
export async function keepSharing(
  runs: Shares,
  job: ClaimedJob,
  checkpoint: StoredCheckpoint | null,
  backend: string,
): Promise<void> {
  if (job.sharing === null || job.storedEpoch === 0) return
  if (!isOfThisRelease(job) || checkpoint?.backend !== backend) await runs.stopSharing(job)
}

/** The epoch after which a checkpoint serves trials with other schedules; null for none. */
export function lastSharedEpoch({ sharing, spec, changes }: ClaimedJob): number | null {
  const last = epochsBeforeDecay(spec.schedule)
  return sharing === null || changes.length > 0 || last === 0 || last >= spec.epochs ? null : last
}
