/** Trains a job again, to compare both runs. */
import type { Job } from '../contract/job.js'
import { isFinished } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import type { JobStore } from './ports/jobs.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { planAgain, replayJob, scheduleAt } from './replay.js'
import { type SubmitDependencies, storeJob } from './submit.js'

/**
 * Stores the job that repeats the run from its first epoch. It is committed when this resolves.
 * @throws Problem `not-found`, `job-active`, or those of `planTraining`
 */
export async function verify(
  { submission, jobs }: { submission: SubmitDependencies; jobs: Pick<JobStore, 'get'> },
  tenant: Tenant,
  id: string,
  origin: Origin,
): Promise<Job> {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  if (!isFinished(job.status)) {
    throw new Problem('job-active', `The job is ${job.status}: wait for its end, or cancel it first.`)
  }
  const { spec, changes } = scheduleAt(job, Number.POSITIVE_INFINITY)
  const { plan, request } = await planAgain(submission, tenant, spec)
  const name = `${job.name ?? job.id}, verified`
  const replayed = { job, plan, request, spec, changes, epoch: null, name }
  return storeJob(submission, tenant, replayJob(replayed, origin))
}
