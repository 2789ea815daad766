/** Which figure of an evaluation is the score, and when there is none. */
import { describe, expect, it } from 'vitest'
import { TenantTurns } from '../../../src/base/tenant-turns.js'
import type { StoredColumn, TargetCoding } from '../../../src/contract/dataset.js'
import { type Evaluation, evaluationSchema } from '../../../src/contract/evaluation.js'
import type { LeaderboardMetric } from '../../../src/contract/leaderboard.js'
import type { Model } from '../../../src/contract/model.js'
import type { DueScore } from '../../../src/training/ports/workshop-scores.js'
import { evaluateRun, type ScoreDependencies } from '../../../src/training/workshops/evaluate-run.js'

const rows = { rows: 'given', available: 4, count: 4, unanswered: 0 } as const
const scores = { precision: 0.5, recall: 0.5, f1: 0.4 }

const classification = evaluationSchema.parse({
  ...{ type: 'classification', ...rows, classes: ['no', 'yes'], right: 3, confusion: null, accuracy: 0.75 },
  macro: scores,
  twoClasses: { positive: 'yes', threshold: 0.5, rocAuc: 0.9, averagePrecision: 0.8, thresholds: [] },
})

const figures = { name: 'y', rmse: 2, mae: 1.5, r2: 0.25, pairs: [] }
const regression = evaluationSchema.parse({ type: 'regression', ...rows, targets: [figures] })

interface Given {
  evaluation?: Evaluation
  metric?: LeaderboardMetric
  attempts?: number
  target?: TargetCoding
}

const evaluate = ({ evaluation = regression, metric = 'mae', attempts = 1, target }: Given) => {
  const coding = { features: [], target: target ?? { type: 'number', names: ['y'] } }
  const columns = [
    { name: 'x', type: 'number', role: 'feature' },
    { name: 'y', type: 'number', role: 'target' },
  ] as StoredColumn[]
  const dependencies = {
    models: { of: () => ({ get: async () => ({ coding }) as unknown as Model }) },
    datasets: {
      of: () => ({
        get: async () => ({ columns }),
        rows: async () => ({ columns, rows: 0, first: 0, chunks: [new Uint8Array(8)] }),
      }),
    },
    predictors: { evaluate: async () => ({ type: 'evaluated', evaluation, unlabelled: 0 }) },
    turns: new TenantTurns({ what: 'evaluations', atOnce: 1, perTenant: 1, seconds: 1 }),
  } as unknown as ScoreDependencies
  const due = { attempts, leaderboard: { dataset: 'ds_1', metric } } as DueScore
  return evaluateRun(dependencies, due, new AbortController().signal)
}

describe('the score of a run', () => {
  it.each([
    ['accuracy', 0.75],
    ['f1', 0.4],
    ['rocAuc', 0.9],
  ] as const)('is the %s of a classification', async (metric, score) => {
    expect(await evaluate({ evaluation: classification, metric })).toEqual({ score })
  })

  it.each([
    ['rmse', 2],
    ['mae', 1.5],
    ['r2', 0.25],
  ] as const)('is the %s of a regression', async (metric, score) => {
    expect(await evaluate({ metric })).toEqual({ score })
  })

  it('is missing where the metric does not apply', async () => {
    const threeClasses = { ...classification, twoClasses: null } as Evaluation
    for (const given of [
      { evaluation: classification, metric: 'mae' },
      { metric: 'accuracy' },
      { evaluation: threeClasses, metric: 'rocAuc' },
    ] as const) {
      expect(await evaluate(given)).toMatchObject({ problem: 'other-task' })
    }
  })

  it('is missing if a prediction or the metric is not finite', async () => {
    const unanswered = { ...regression, unanswered: 1 }
    expect(await evaluate({ evaluation: unanswered })).toMatchObject({ problem: 'no-value' })
    const constant = evaluationSchema.parse({ ...regression, targets: [{ ...figures, r2: null }] })
    expect(await evaluate({ evaluation: constant, metric: 'r2' })).toMatchObject({ problem: 'no-value' })
  })

  it('is missing for a model of other columns', async () => {
    expect(await evaluate({ target: { type: 'number', names: ['x'] } as TargetCoding })).toEqual({
      problem: 'other-target',
      detail: 'The model predicts x, not y.',
    })
  })

  it('is missing after three attempts without a result', async () => {
    expect(await evaluate({ attempts: 3 })).toEqual({ score: 1.5 })
    expect(await evaluate({ attempts: 4 })).toEqual({ problem: 'failed', detail: null })
  })
})
