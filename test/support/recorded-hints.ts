import type { JobStatus } from '../../src/contract/job-status.js'
import { type Hints, listenForHints } from '../../src/store/hints.js'

/** Records the statuses of the hints of each job, in order. */
export async function recordHints(
  connectionString: string,
): Promise<{ hints: Hints; heard: Map<string, JobStatus[]> }> {
  const heard = new Map<string, JobStatus[]>()
  const hints = await listenForHints(connectionString, {
    onHint: ({ jobId, status }) => heard.set(jobId, [...(heard.get(jobId) ?? []), status]),
    onReconnect: () => {},
  })
  return { hints, heard }
}
