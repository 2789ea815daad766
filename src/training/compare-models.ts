/** Compares a retrained model with the earlier one on the same rows. */
import type { Model } from '../contract/model.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { Comparison } from '../contract/retrain.js'
import type { EvaluateDependencies } from './evaluate.js'
import { comparedPart, selectPart } from './job-part.js'
import type { JobSplits } from './job-splits.js'
import type { JobStore } from './ports/jobs.js'

interface CompareDependencies
  extends Pick<EvaluateDependencies, 'tenantId' | 'models' | 'datasets' | 'predictors' | 'turns'> {
  jobs: Pick<JobStore, 'get'>
  splits: JobSplits
}

/**
 * Evaluates both models on the validation rows of the job that retrained, or on its training rows if it has none.
 * @throws Problem `not-found` if the model is no retraining, or what it needs was deleted, or `invalid-dataset` if the rows do
 *   not fit the earlier model
 */
export async function compareModels(
  dependencies: CompareDependencies,
  reference: string,
  signal: AbortSignal,
): Promise<Comparison> {
  const { tenantId, models, jobs, turns } = dependencies
  const after = await models.get(reference)
  if (after === null) throw unknownModel(reference)
  const job = after.jobId === null ? null : await jobs.get(after.jobId)
  if (job === null || job.retraining === null) {
    throw new Problem(
      'not-found',
      `Model ${reference} was not retrained, so there is nothing to compare it with.`,
    )
  }
  const before = await models.get(job.retraining.modelId)
  if (before === null) {
    throw new Problem(
      'not-found',
      `Model ${job.retraining.modelId}, which ${reference} is compared with, was deleted.`,
    )
  }
  return turns.run(
    tenantId,
    async () => {
      const part = comparedPart(job)
      const { read, rows } = await selectPart(dependencies, job, part)
      const evaluate = async (model: Model) => {
        const tableRows = { table: await read(), only: rows }
        const outcome = await dependencies.predictors.evaluate(tenantId, model, tableRows, signal)
        if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
        return { modelId: model.id, evaluation: outcome.evaluation }
      }
      const [first, second] = [await evaluate(before), await evaluate(after)]
      return { object: 'comparison', jobId: job.id, rows: part, before: first, after: second } as const
    },
    signal,
  )
}
