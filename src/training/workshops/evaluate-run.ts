/** The score of a run on the hidden rows of its workshop. */
import type { TenantTurns } from '../../base/tenant-turns.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { LeaderboardMetric } from '../../contract/leaderboard.js'
import { targetNames } from '../../datasets/target-coding.js'
import { wholeTable } from '../evaluate.js'
import type { DatasetStore } from '../ports/datasets.js'
import type { ModelStore } from '../ports/models.js'
import type { PredictorPool } from '../ports/predictor-pool.js'
import type { Tenanted } from '../ports/tenants.js'
import type { DueScore, ScoreResult } from '../ports/workshop-scores.js'

export interface ScoreDependencies {
  models: Tenanted<Pick<ModelStore, 'get'>>
  datasets: Tenanted<Pick<DatasetStore, 'get' | 'rows'>>
  predictors: Pick<PredictorPool, 'evaluate'>
  /** Limits evaluations, each of which has a whole dataset in memory. */
  turns: TenantTurns
}

const attempts = 3

/**
 * Null if the run or the dataset was deleted.
 * @throws Problem `overloaded` if other evaluations take too long, or the reason of the signal
 */
export async function evaluateRun(
  all: ScoreDependencies,
  due: DueScore,
  signal: AbortSignal,
): Promise<ScoreResult | null> {
  if (due.attempts > attempts) return { problem: 'failed', detail: null }
  const datasets = all.datasets.of(due.teacherId)
  const { dataset: id, metric } = due.leaderboard
  const [model, dataset] = [await all.models.of(due.tenantId).get(due.modelId), await datasets.get(id)]
  if (model === null || dataset === null) return null
  const hidden = dataset.columns.filter(({ role }) => role === 'target').map(({ name }) => name)
  const predicted = targetNames(model.coding.target)
  if (hidden.length !== predicted.length || !hidden.every((name) => predicted.includes(name))) {
    const detail = `The model predicts ${predicted.join(', ')}, not ${hidden.join(', ')}.`
    return { problem: 'other-target', detail }
  }
  const evaluate = async () => {
    const rows = { table: await wholeTable(datasets, id), only: null }
    return all.predictors.evaluate(due.tenantId, model, rows, signal)
  }
  const outcome = await all.turns.run(due.teacherId, evaluate, signal)
  if (outcome.type === 'refused') return { problem: 'does-not-fit', detail: outcome.message }
  return readScore(outcome.evaluation, metric)
}

function readScore(evaluation: Evaluation, metric: LeaderboardMetric): ScoreResult {
  const value = metricOf(evaluation, metric)
  if (value === undefined) {
    return { problem: 'other-task', detail: `A ${evaluation.type} evaluation has no ${metric}.` }
  }
  // Rows without a finite prediction are not in the metric.
  if (value === null || evaluation.unanswered > 0) {
    return {
      problem: 'no-value',
      detail: `${evaluation.unanswered} of ${evaluation.count} rows have no finite prediction.`,
    }
  }
  return { score: value }
}

/** Undefined if the metric does not apply, null if it has no value. */
function metricOf(evaluation: Evaluation, metric: LeaderboardMetric): number | null | undefined {
  if (evaluation.type === 'classification') {
    const { accuracy, macro, twoClasses } = evaluation
    const values: Partial<Record<LeaderboardMetric, number | null>> = {
      accuracy,
      f1: macro?.f1 ?? null,
      ...(twoClasses === null ? {} : { rocAuc: twoClasses.rocAuc }),
    }
    return values[metric]
  }
  if (evaluation.type !== 'regression' || evaluation.targets.length !== 1) return undefined
  const [{ rmse, mae, r2 }] = evaluation.targets
  const values: Partial<Record<LeaderboardMetric, number | null>> = { rmse, mae, r2 }
  return values[metric]
}
