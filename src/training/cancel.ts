import { isFinished, type Job } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import type { JobStore } from './ports.js'

/**
 * Ends a job at once: the row changes here, and a worker that runs it finds its claim gone. Cancelling twice is
 * fine; a job that ended otherwise is Problem `job-finished`.
 */
export async function cancel(jobs: JobStore, id: string): Promise<Job> {
  await jobs.cancel(id)
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  if (isFinished(job.status) && job.status !== 'cancelled') {
    throw new Problem('job-finished', `The job has already ${job.status}.`)
  }
  return job
}
