/**
 * Cancels, pauses, resumes and deletes jobs. Each call is one guarded change of the row of the job. A worker that runs
 * the job sees that its claim is no longer valid, and stops at the next step.
 */
import type { Job } from '../contract/job.js'
import type { ResumeRequest, RunChange } from '../contract/job-change.js'
import { isFinished, type JobStatus } from '../contract/job-status.js'
import type { TenantLimits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { checkLength } from './plan.js'
import type { Actor } from './ports/audit.js'
import type { JobStore } from './ports/jobs.js'
import type { JobQueue } from './ports/queue.js'

async function look(jobs: JobStore, id: string): Promise<Job> {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  return job
}

/** Why a job in that state refuses the request. `otherwise` applies to jobs that have not ended. */
function refusal({ status }: Job, otherwise: string): Problem {
  return isFinished(status)
    ? new Problem('job-finished', `The job has already ended: its status is ${status}.`)
    : new Problem('invalid-transition', otherwise)
}

/** The job after the change. */
async function lookFor(jobs: JobStore, id: string, status: JobStatus): Promise<Job> {
  const job = await look(jobs, id)
  if (job.status !== status) throw refusal(job, `A job that is ${job.status} cannot be ${status}.`)
  return job
}

/** Ends a job at once. A second call does nothing. */
export async function cancel(jobs: JobStore, id: string): Promise<Job> {
  await jobs.cancel(id)
  return lookFor(jobs, id, 'cancelled')
}

/** Pauses a queued or running job and keeps its progress. A second call does nothing. */
export async function pause(jobs: JobStore, id: string): Promise<Job> {
  await jobs.pause(id)
  return lookFor(jobs, id, 'paused')
}

/** Queues a paused job again. Changed settings apply from the next epoch on. */
export async function resume(
  jobs: JobStore,
  queue: Pick<JobQueue, 'afterCommit'>,
  id: string,
  change: ResumeRequest,
  { limits, onQueueError }: { limits: TenantLimits; onQueueError: (error: unknown) => void },
): Promise<Job> {
  const epochs = change?.epochs
  if (epochs !== undefined) {
    const { flopsPerEpoch, spec } = await look(jobs, id)
    checkLength(flopsPerEpoch, { ...spec, epochs }, limits)
  }
  if (!(await jobs.resume(id, change))) {
    const job = await look(jobs, id)
    throw refusal(job, `The job is ${job.status}, not paused.`)
  }
  await queue.afterCommit().catch(onQueueError)
  return look(jobs, id)
}

/** Changes learning rate or epochs of an unfinished job. */
export async function changeRun(
  jobs: JobStore,
  queue: Pick<JobQueue, 'afterCommit'>,
  id: string,
  change: RunChange,
  { limits, onQueueError }: { limits: TenantLimits; onQueueError: (error: unknown) => void },
): Promise<Job> {
  const { flopsPerEpoch, spec } = await look(jobs, id)
  const { epochs } = change
  if (epochs !== undefined) checkLength(flopsPerEpoch, { ...spec, epochs }, limits)
  if (!(await jobs.changeRun(id, change))) throw refusal(await look(jobs, id), 'The job cannot change.')
  await queue.afterCommit().catch(onQueueError)
  return look(jobs, id)
}

/** Deletes a finished job with its epochs; its model stays. */
export async function remove(jobs: JobStore, id: string, actor: Actor): Promise<void> {
  if (await jobs.delete(id, actor)) return
  const job = await look(jobs, id)
  throw new Problem('job-active', `The job is ${job.status}: cancel it first.`)
}
