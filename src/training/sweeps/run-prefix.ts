/** What trials have in common if they differ only in the number of epochs and in the schedule of the learning rate. */
import { createHash } from 'node:crypto'
import type { JobSpec } from '../../contract/job-spec.js'
import { release } from '../../contract/release.js'
import type { SweepRequest } from '../../contract/sweep.js'
import { epochsBeforeDecay } from '../../engine/index.js'
import type { NewJob, TrialSharing } from '../ports/jobs.js'
import { sortMembers } from '../run-identity.js'

const isVaried = ({ path }: { path: string }) =>
  path === '/epochs' || path === '/schedule' || path.startsWith('/schedule/')

/** Whether trials of the sweep may have the same first epochs. */
export const sharesPrefixes = ({ parameters }: Pick<SweepRequest, 'parameters'>): boolean =>
  parameters.some(isVaried)

/**
 * The hash of the spec without epochs and schedule. Within a sweep, trials with the same hash have the same epochs as long
 * as their learning rates are the same. Null if folds choose the number of epochs.
 */
export function runPrefix({
  epochs: _epochs,
  schedule: _schedule,
  ...spec
}: JobSpec): Buffer<ArrayBuffer> | null {
  if (spec.earlyStopping?.folds !== undefined) return null
  return createHash('sha256').update(JSON.stringify({ release, spec }, sortMembers)).digest()
}

/** The last epoch after which another trial may continue from this one. */
const lastShared = ({ spec: { epochs, schedule } }: NewJob) => Math.min(epochs, epochsBeforeDecay(schedule))

/**
 * Names what the trials can share, and puts them into the order in which they share most: of those with the same prefix, the
 * one with the fewest shared epochs comes first, and the others come after the first ones of other prefixes.
 */
export function shareEpochs(jobs: readonly NewJob[]): NewJob[] {
  const counts = new Map<string, number>()
  const found = new Map<NewJob, TrialSharing>()
  for (const job of jobs.toSorted((one, other) => lastShared(one) - lastShared(other))) {
    const prefix = runPrefix(job.spec)
    if (prefix === null) continue
    const key = prefix.toString('hex')
    const rank = counts.get(key) ?? 0
    counts.set(key, rank + 1)
    found.set(job, { prefix, rank })
  }
  return jobs.map((job) => ({ ...job, sharing: found.get(job) ?? null }))
}
