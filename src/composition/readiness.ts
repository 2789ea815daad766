import { withDeadline } from '../base/deadline.js'
import type { AllJobs } from '../training/ports/jobs.js'
import type { JobQueue } from '../training/ports/queue.js'

/** A part that does not answer within this time counts as missing. */
const readinessMilliseconds = 3_000

/** Why the service cannot train, in words. */
export async function missingParts(jobs: Pick<AllJobs, 'progress'>, queue: JobQueue): Promise<string[]> {
  const inTime = <T>(check: () => Promise<T>) =>
    withDeadline(readinessMilliseconds, check).catch(() => undefined)
  const [database, workers] = await Promise.all([
    inTime(() => jobs.progress([])),
    inTime(() => queue.workers()),
  ])
  return [
    ...(database === undefined ? ['the database does not answer'] : []),
    ...(workers === undefined ? ['the queue does not answer'] : []),
    ...(workers === 0 ? ['no worker is connected'] : []),
  ]
}
