/** Computes regression metrics in the unit of the target. Keeps sums, and a sample of the pairs. */
import type { TargetCoding } from '../contract/dataset.js'
import { type Evaluation, maximumPairs } from '../contract/evaluation.js'
import type { Counter } from './evaluation.js'
import { targetNames } from './target-coding.js'
import { unscaleTarget } from './target-scaling.js'

type Regression = Evaluation & { type: 'regression' }

interface Sums {
  squared: number
  absolute: number
  /** The mean of the targets and the sum of squared distances from it (Welford 1962). */
  mean: number
  spread: number
  pairs: [number, number][]
}

export function regressionCounter(coding: TargetCoding, count: number): Counter {
  const names = targetNames(coding)
  const share = Math.max(1, Math.floor(maximumPairs.total / names.length))
  const pairs = Math.min(count, share, maximumPairs.perTarget)
  const sums = names.map((): Sums => ({ squared: 0, absolute: 0, mean: 0, spread: 0, pairs: [] }))
  let rows = 0
  return {
    add(target, output, row) {
      rows++
      // Divides the rows into as many equal parts as there are pairs, and samples the first row of each.
      const isSampled = (row * pairs) % count < pairs
      for (const [index, sum] of sums.entries()) {
        const actual = unscaleTarget(coding, index, target[index])
        const predicted = unscaleTarget(coding, index, output[index])
        const error = predicted - actual
        sum.squared += error * error
        sum.absolute += Math.abs(error)
        const distance = actual - sum.mean
        sum.mean += distance / rows
        sum.spread += distance * (actual - sum.mean)
        if (isSampled) sum.pairs.push([actual, predicted])
      }
    },
    result(evaluatedRows) {
      const targets = sums.map(({ squared, absolute, mean, spread, pairs }, index) => ({
        name: names[index],
        rmse: rows === 0 ? null : Math.sqrt(squared / rows),
        mae: rows === 0 ? null : absolute / rows,
        r2: spread > 0 ? 1 - squared / spread : null,
        truth: rows === 0 ? null : { mean, deviation: Math.sqrt(spread / rows) },
        pairs,
      }))
      return { type: 'regression', ...evaluatedRows, notices: targets.flatMap(meanNotices), targets }
    },
  }
}

function meanNotices({
  name,
  r2,
}: Pick<Regression['targets'][number], 'name' | 'r2'>): Regression['notices'] {
  if (r2 === null || r2 >= 0) return []
  const message =
    `R² of ${name} is −${Number((-r2).toPrecision(3))}: always predicting the mean of ${name} is better than this model. ` +
    'Try "targetScaling": "standardize", more epochs, or another learning rate.'
  return [{ code: 'worse-than-mean', message }]
}
