/** The model of any epoch of a job: stored, or recomputed by a job that ends after that epoch. */
import type { Job } from '../contract/job.js'
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { lastRepeatable, planAgain, replayJob, scheduleAt } from './replay.js'
import { type SubmitDependencies, storeJob } from './submit.js'

interface EpochModelDependencies {
  submission: SubmitDependencies
  jobs: Pick<JobStore, 'get' | 'findRepeated'>
  models: Pick<ModelStore, 'get'>
}

/** Before other jobs of the tenant, because somebody waits for it. */
const priority = 100

/**
 * The model if it is stored, else the job that computes it, which is committed when this resolves. A second request returns
 * the same job until it ends, and then its model.
 * @throws Problem `not-found`, `invalid-request` for an epoch that the job has not stored, or those of `planTraining`
 */
export async function modelOfEpoch(
  { submission, jobs, models }: EpochModelDependencies,
  tenant: Tenant,
  id: string,
  epoch: number,
  origin: Origin,
): Promise<{ model: Model } | { job: Job }> {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  const last = lastRepeatable(job)
  if (epoch < 1 || epoch > last) {
    const message = `must be from 1 to ${last}, the last epoch of job ${id} that can be repeated, but is ${epoch}`
    throw new Problem('invalid-request', `/epoch: ${message}.`, [{ pointer: '/epoch', message }])
  }
  const final = job.modelId === null ? null : await models.get(job.modelId)
  if (final?.epoch === epoch) return { model: final }
  const planned = await planEpoch(submission, tenant, job, epoch, origin)
  const repeated = await jobs.findRepeated(planned.identity)
  if (repeated !== null) {
    const model = repeated.modelId === null ? null : await models.get(repeated.modelId)
    return model === null ? { job: repeated } : { model }
  }
  return { job: await storeJob(submission, tenant, planned) }
}

async function planEpoch(
  submission: SubmitDependencies,
  tenant: Tenant,
  job: Job,
  epoch: number,
  origin: Origin,
) {
  const { spec: begun, changes } = scheduleAt(job, epoch)
  // The rule would restore the weights of another epoch, and folds have chosen the number of epochs already.
  const { earlyStopping, ...others } = begun
  const epochs = earlyStopping?.folds === undefined ? begun.epochs : job.epochs
  const spec = { ...others, epochs, stopAfter: epoch }
  const { plan, request } = await planAgain(submission, tenant, spec)
  const name = `${job.name ?? job.id} at epoch ${epoch}`
  return { ...replayJob({ job, plan, request, spec, changes, epoch, name }, origin), priority }
}
