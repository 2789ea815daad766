/** Lists the rows whose predictions differ most between the models of two jobs, such as one that was trained without some rows. */
import type { ChangedPart, ChangedRows } from '../contract/changed-rows.js'
import type { Coding } from '../contract/dataset.js'
import type { Job } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import { targetNames } from '../datasets/target-coding.js'
import { rowsAtOnce } from './dataset-rows.js'
import { choosePart, invalidParameter, type JobModelDependencies, requireJobModel } from './job-model.js'
import { selectPart } from './job-part.js'
import type { PredictorPool } from './ports/predictor-pool.js'

interface ChangedRowsDependencies extends JobModelDependencies {
  predictors: Pick<PredictorPool, 'answerRows' | 'compareRows'>
}

interface ChangesRequest {
  jobId: string
  with: string
  /** By default the validation rows, or the training rows of a job without any. */
  split: ChangedPart | undefined
  limit: number
}

/**
 * @throws Problem `not-found` if a job, its model or the dataset is missing, `invalid-request` if the jobs have other data or
 *   targets, or the job has no such rows, or the reason of the signal
 */
export async function changedRows(
  dependencies: ChangedRowsDependencies,
  { jobId, with: otherId, split, limit: most }: ChangesRequest,
  signal: AbortSignal,
): Promise<ChangedRows> {
  const { tenantId, predictors, turns } = dependencies
  const { job, model } = await requireJobModel(dependencies, jobId)
  const part = split === 'excluded' ? 'training' : choosePart(job, split)
  const other = await requireJobModel(dependencies, otherId)
  checkSameData(job, other.job)
  checkSameTarget(model.coding, other.model.coding)
  const excluded = split === 'excluded' ? excludedRows(job, other.job) : null
  const compare = async () => {
    const { dataset, read, rows: ofPart } = await selectPart(dependencies, job, part)
    const only = excluded ?? ofPart
    const answered = await predictors.answerRows(tenantId, other.model, { table: await read(), only }, signal)
    if (answered.type === 'refused') throw new Problem(answered.code, answered.message)
    const { coding, network, loss, threshold } = other.model
    const table = await read()
    const limit = 'chunks' in table ? rowsAtOnce(table, most) : most
    const request = { limit, other: { ...answered.answers, coding, network, loss, threshold } }
    const compared = await predictors.compareRows(tenantId, model, { table, only }, request, signal)
    if (compared.type === 'refused') throw new Problem(compared.code, compared.message)
    return {
      object: 'changedRows' as const,
      jobId,
      modelId: model.id,
      with: { jobId: otherId, modelId: other.model.id },
      split: split === 'excluded' ? split : part,
      dataset: typeof dataset === 'string' ? dataset : null,
      loss: model.loss,
      ...compared.changes,
    }
  }
  return turns.run(tenantId, compare, signal)
}

function checkSameData({ id, spec }: Job, { id: otherId, spec: other }: Job): void {
  const isSame = (['dataset', 'validationDataset'] as const).every(
    (name) => JSON.stringify(spec[name]) === JSON.stringify(other[name]),
  )
  if (!isSame) throw invalidParameter('with', `job ${otherId} has other data than job ${id}`)
}

function checkSameTarget({ target }: Coding, { target: other }: Coding): void {
  const describe = (coding: Coding['target']) =>
    JSON.stringify([coding.type, targetNames(coding), 'classes' in coding ? coding.classes : null])
  if (describe(target) !== describe(other)) throw invalidParameter('with', 'that job has another target')
}

/** Ascending rows that one of the jobs ignored. */
function excludedRows(...jobs: readonly Job[]): Int32Array {
  const rows = new Set(jobs.flatMap(({ spec }) => spec.excludedRows ?? []))
  if (rows.size === 0) throw invalidParameter('split', 'neither job has excludedRows')
  return Int32Array.from(rows).sort()
}
