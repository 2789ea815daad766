/** Lists the rows of a job with the largest loss under its model. */
import type { Job } from '../contract/job.js'
import type { Model } from '../contract/model.js'
import { Problem, pointerTo } from '../contract/problems.js'
import type { JobPart, WorstRows } from '../contract/worst-rows.js'
import { rowsAtOnce } from './dataset-rows.js'
import type { EvaluateDependencies } from './evaluate.js'
import { comparedPart, selectPart } from './job-part.js'
import type { JobSplits } from './job-splits.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { PredictorPool, RankingRequest } from './ports/predictor-pool.js'

interface JobModelDependencies extends Pick<EvaluateDependencies, 'tenantId' | 'datasets' | 'turns'> {
  jobs: Pick<JobStore, 'get'>
  models: Pick<ModelStore, 'get'>
  splits: JobSplits
}

interface WorstRowsDependencies extends JobModelDependencies {
  predictors: Pick<PredictorPool, 'rank'>
}

/**
 * Ranks the validation rows, or the training rows of a job without any, unless the request names a split.
 * @throws Problem `not-found` if the job, its model or its dataset is missing, `invalid-request` if the job has no
 *   validation rows, `invalid-dataset` if there is no such cell, or the reason of the signal
 */
export async function worstRows(
  dependencies: WorstRowsDependencies,
  jobId: string,
  { split, ...request }: RankingRequest & { split: JobPart | undefined },
  signal: AbortSignal,
): Promise<WorstRows> {
  const { tenantId, turns, predictors } = dependencies
  const { job, model } = await requireJobModel(dependencies, jobId)
  const part = choosePart(job, split)
  return turns.run(
    tenantId,
    async () => {
      const { dataset, read, rows } = await selectPart(dependencies, job, part)
      const table = await read()
      const limit = 'chunks' in table ? rowsAtOnce(table, request.limit) : request.limit
      const selected = { table, only: rows }
      const outcome = await predictors.rank(tenantId, model, selected, { ...request, limit }, signal)
      if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
      return {
        object: 'worstRows',
        jobId,
        modelId: model.id,
        split: part,
        dataset: typeof dataset === 'string' ? dataset : null,
        loss: model.loss,
        ...outcome.ranking,
      }
    },
    signal,
  )
}

/** @throws Problem `not-found` */
async function requireJobModel(
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

function choosePart(job: Job, split: JobPart | undefined): JobPart {
  const compared = comparedPart(job)
  if (split !== 'validation' || compared === 'validation') return split ?? compared
  const [pointer, message] = [pointerTo(['split']), 'the job held out no rows: send split=training']
  throw new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}
