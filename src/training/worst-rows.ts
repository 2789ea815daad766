/** Lists the rows of a job with the largest loss under its model. */
import { Problem } from '../contract/problems.js'
import type { JobPart, WorstRows } from '../contract/worst-rows.js'
import { rowsAtOnce } from './dataset-rows.js'
import { type JobModelDependencies, withJobModel } from './job-model.js'
import type { PredictorPool, RankingRequest } from './ports/predictor-pool.js'

interface WorstRowsDependencies extends JobModelDependencies {
  predictors: Pick<PredictorPool, 'rank'>
}

/** @throws Problem as `withJobModel`, or `invalid-dataset` if there is no such cell */
export async function worstRows(
  dependencies: WorstRowsDependencies,
  jobId: string,
  { split, ...request }: RankingRequest & { split: JobPart | undefined },
  signal: AbortSignal,
): Promise<WorstRows> {
  const { tenantId, predictors } = dependencies
  return withJobModel(dependencies, { jobId, split }, signal, async ({ model, dataset, rows, ...part }) => {
    const limit = 'chunks' in rows.table ? rowsAtOnce(rows.table, request.limit) : request.limit
    const outcome = await predictors.rank(tenantId, model, rows, { ...request, limit }, signal)
    if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
    return {
      object: 'worstRows',
      jobId,
      modelId: model.id,
      split: part.split,
      dataset: typeof dataset === 'string' ? dataset : null,
      loss: model.loss,
      ...outcome.ranking,
    }
  })
}
