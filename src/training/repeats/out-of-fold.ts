/** Predictions of the rows of a job by the trainings without their folds. */
import type { Job } from '../../contract/job.js'
import type { Prediction } from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import type { OutOfFold, Repeat } from '../../contract/repeats.js'
import { targetNames } from '../../datasets/target-coding.js'
import { jobRows, type RowSources } from '../dataset-rows.js'
import type { JobSplits } from '../job-splits.js'
import type { ModelStore } from '../ports/models.js'
import type { PredictorPool } from '../ports/predictor-pool.js'
import { predict } from '../predict.js'
import { type RepeatStores, requireTrials } from './summarize.js'

interface OutOfFoldDependencies extends RepeatStores, RowSources {
  tenantId: string
  models: Pick<ModelStore, 'get'>
  predictors: Pick<PredictorPool, 'predict'>
  splits: JobSplits
}

interface RowPage {
  offset: number
  limit: number
  /** From 1. */
  repeat: number
}

type Rows = Awaited<ReturnType<typeof jobRows>>

/** @throws Problem `not-found` for a job without folds, or if its dataset was deleted */
export async function predictOutOfFold(
  dependencies: OutOfFoldDependencies,
  jobId: string,
  { offset, limit, repeat }: RowPage,
): Promise<OutOfFold> {
  const { trials } = await requireTrials(dependencies, jobId)
  if (trials.folds === null) throw new Problem('not-found', `Job ${jobId} has repeats, but no folds.`)
  const page = await jobRows(dependencies, dependencies.splits, jobId, { offset, limit, split: 'training' })
  const rows: OutOfFold['rows'] = page.numbers.map((row) => ({
    row,
    fold: null,
    truth: [],
    prediction: null,
  }))
  for (const trial of trials.trials.filter((each) => each.repeat === repeat)) {
    const held = await heldRows(dependencies, trial)
    const places = page.numbers.flatMap((row, place) => (held.has(row) ? [place] : []))
    for (const place of places) rows[place].fold = trial.fold
    if (places.length === 0) continue
    const predicted = await predictRows(dependencies, trial, page, places)
    for (const [index, { truth, prediction }] of predicted.entries()) {
      Object.assign(rows[places[index]], { truth, prediction })
    }
  }
  return { object: 'outOfFold', jobId, repeat, offset, rows, hasMore: page.hasMore }
}

async function heldRows(
  { jobs, splits, datasets }: Pick<OutOfFoldDependencies, 'jobs' | 'splits' | 'datasets'>,
  { jobId }: Repeat,
): Promise<Set<number>> {
  const job: Job | null = await jobs.get(jobId)
  return new Set(job === null ? [] : (await splits.of(job, datasets)).validation)
}

/** Without predictions if the trial has no model. */
async function predictRows(
  { models, predictors, tenantId }: OutOfFoldDependencies,
  { modelId }: Repeat,
  { columns, data }: Rows,
  places: readonly number[],
): Promise<{ truth: Rows['data'][number]; prediction: Prediction | null }[]> {
  const model = modelId === null ? null : await models.get(modelId)
  if (model === null) return places.map(() => ({ truth: [], prediction: null }))
  const { features, target } = model.coding
  const pick = (names: readonly string[]) => {
    const indices = names.map((name) => columns.indexOf(name))
    return (place: number) => indices.map((index) => data[place][index])
  }
  const inputs = pick(features.map(({ name }) => name))
  const truth = pick(targetNames(target))
  const { predictions } = await predict({ tenantId, model, predictors }, model.id, () => ({
    rows: places.map(inputs),
    requestPointer: (pointer) => pointer,
  }))
  return places.map((place, index) => ({ truth: truth(place), prediction: predictions[index] }))
}
