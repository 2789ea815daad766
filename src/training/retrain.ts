/** Trains the spec of a model's job on another dataset. */
import { z } from 'zod'
import type { Job } from '../contract/job.js'
import { type JobRequest, jobRequestSchema } from '../contract/job-request.js'
import type { Model } from '../contract/model.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { RetrainRequest } from '../contract/retrain.js'
import { planTraining } from './plan.js'
import type { Once } from './ports/idempotency.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { Origin } from './ports/origin.js'
import type { RegistryStore } from './ports/registry.js'
import type { Tenant } from './ports/tenants.js'
import { newJob, type SubmitDependencies, storeJob } from './submit.js'

interface RetrainDependencies {
  submission: SubmitDependencies
  models: Pick<ModelStore, 'get'>
  jobs: Pick<JobStore, 'get'>
  registry: Pick<RegistryStore, 'checkRoom'>
}

/**
 * Stores a job. If it succeeds, its model becomes the next version of the registry's name in the same transaction. No alias
 * moves.
 * @throws Problem `not-found`, `invalid-spec` if the job of the model no longer exists or cannot train on the dataset,
 *   `registry-full`, or those of the limits
 */
export async function retrain(
  { submission, models, jobs, registry }: RetrainDependencies,
  tenant: Tenant & { keyId: string | null },
  reference: string,
  request: RetrainRequest,
  origin: Origin,
  once?: Once,
): Promise<Job> {
  const model = await models.get(reference)
  if (model === null) throw unknownModel(reference)
  const job = model.jobId === null ? null : await jobs.get(model.jobId)
  if (job === null) {
    const message = `Model ${reference} has no job to repeat: it was imported or constructed, or its job was deleted.`
    throw new Problem('invalid-spec', message)
  }
  if (request.registry !== undefined) await registry.checkRoom(request.registry)
  const jobRequest = toJobRequest(job, model, request)
  const plan = await planTraining(submission, tenant, jobRequest)
  const retraining = { modelId: model.id, registry: request.registry ?? null, keyId: tenant.keyId }
  return storeJob(submission, tenant, { ...newJob(plan, jobRequest, origin), retraining }, once)
}

function toJobRequest(job: Job, model: Model, request: RetrainRequest): JobRequest {
  const {
    from: _from,
    inherited: _inherited,
    validationFold: _validationFold,
    repeats: _repeats,
    folds: _folds,
    validationDataset,
    network,
    scaling,
    targetScaling,
    ...spec
  } = job.spec
  const { inputShape, layers } = network
  // A vector follows the columns of the new dataset.
  const shape = inputShape !== undefined && inputShape.length > 1 ? { inputShape } : {}
  const start =
    request.from === 'weights'
      ? { from: model.id, fromMismatch: request.fromMismatch ?? 'refuse' }
      : { fromMismatch: undefined, scaling, targetScaling }
  const { success, data, error } = jobRequestSchema.safeParse({
    ...spec,
    ...start,
    ...chooseValidation(request, { validationDataset, validationSplit: spec.validationSplit }),
    network: { ...shape, layers },
    dataset: request.dataset,
    name: request.name ?? job.name ?? undefined,
    metadata: job.metadata,
    priority: job.priority,
  })
  if (success) return data
  throw new Problem(
    'invalid-spec',
    `The spec of the earlier job is no longer valid: ${z.prettifyError(error)}`,
  )
}

type Validation = Pick<JobRequest, 'validationDataset' | 'validationSplit'>

function chooseValidation(
  { validationDataset, validationSplit }: RetrainRequest,
  before: Validation,
): Validation {
  if (validationDataset !== undefined) return { validationDataset, validationSplit: undefined }
  if (validationSplit !== undefined) return { validationDataset: undefined, validationSplit }
  return before.validationDataset === undefined ? before : { ...before, validationSplit: undefined }
}
