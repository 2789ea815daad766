/** Applies the model of a succeeded job to its training or validation rows. */
import type { RunsInTurn } from '../base/tenant-turns.js'
import type { GeneratedDataset } from '../contract/dataset.js'
import type { Job } from '../contract/job.js'
import type { Model } from '../contract/model.js'
import { Problem, pointerTo } from '../contract/problems.js'
import type { JobPart } from '../contract/worst-rows.js'
import { comparedPart, selectPart } from './job-part.js'
import type { JobSplits } from './job-splits.js'
import type { DatasetStore } from './ports/datasets.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { TableRows } from './ports/predictor-pool.js'

export interface JobModelDependencies {
  tenantId: string
  jobs: Pick<JobStore, 'get'>
  models: Pick<ModelStore, 'get'>
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  splits: JobSplits
  /** Limits evaluations of stored datasets. */
  turns: RunsInTurn
}

/** The rows to read. */
interface PartRequest {
  jobId: string
  /** By default the validation rows, or the training rows of a job without any. */
  split: JobPart | undefined
  /** @throws Problem if the model does not fit the request */
  check?(model: Model): void
}

interface ModelRows {
  model: Model
  split: JobPart
  dataset: string | GeneratedDataset
  rows: TableRows
}

/**
 * Calls `use` in the turn of the tenant.
 * @throws Problem `not-found` if the job, its model or its dataset is missing, `invalid-request` if the job has no
 *   validation rows, or the reason of the signal
 */
export async function withJobModel<T>(
  dependencies: JobModelDependencies,
  { jobId, split, check }: PartRequest,
  signal: AbortSignal,
  use: (selected: ModelRows) => Promise<T>,
): Promise<T> {
  const { job, model } = await requireJobModel(dependencies, jobId)
  check?.(model)
  const part = choosePart(job, split)
  const readAndUse = async () => {
    const { dataset, read, rows: only } = await selectPart(dependencies, job, part)
    return use({ model, split: part, dataset, rows: { table: await read(), only } })
  }
  return dependencies.turns.run(dependencies.tenantId, readAndUse, signal)
}

/** @throws Problem `not-found` if the job or its model is missing */
export async function requireJobModel(
  { jobs, models }: Pick<JobModelDependencies, 'jobs' | 'models'>,
  jobId: string,
): Promise<{ job: Job; model: Model }> {
  const job = await jobs.get(jobId)
  if (job === null) throw new Problem('not-found', `There is no job ${jobId}.`)
  const model = job.modelId === null ? null : await models.get(job.modelId)
  if (model !== null) return { job, model }
  const reason = job.status === 'succeeded' ? 'its model was deleted' : `it is ${job.status}`
  throw new Problem('not-found', `Job ${jobId} has no model: ${reason}.`)
}

export function choosePart(job: Job, split: JobPart | undefined): JobPart {
  const compared = comparedPart(job)
  if (split !== 'validation' || compared === 'validation') return split ?? compared
  throw invalidParameter('split', 'the job held out no rows: send split=training')
}

export function invalidParameter(name: string, message: string): Problem {
  const pointer = pointerTo([name])
  return new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}
