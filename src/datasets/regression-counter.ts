/** Sums the errors of answers that are numbers, in the unit of the target; holds sums, and a sample of the pairs. */
import type { TargetCoding } from '../contract/dataset.js'
import { type Evaluation, maximumPairs } from '../contract/evaluation.js'
import type { Counter } from './evaluation.js'
import { targetNames } from './target-coding.js'
import { unscaleTarget } from './target-scaling.js'

type Regression = Evaluation & { type: 'regression' }

interface Sums {
  squared: number
  absolute: number
  /** Of the targets: mean and sum of squared distances from it (Welford 1962). */
  mean: number
  spread: number
  pairs: [number, number][]
}

export function regressionCounter(coding: TargetCoding, count: number): Counter {
  const names = targetNames(coding)
  const share = Math.max(1, Math.floor(maximumPairs.total / names.length))
  const pairs = Math.min(count, share, maximumPairs.perTarget)
  const sums = names.map((): Sums => ({ squared: 0, absolute: 0, mean: 0, spread: 0, pairs: [] }))
  let answered = 0
  return {
    add(target, output, row) {
      answered++
      // The first row of each of as many equal parts as there are pairs.
      const isShown = (row * pairs) % count < pairs
      for (const [place, sum] of sums.entries()) {
        const actual = unscaleTarget(coding, place, target[place])
        const predicted = unscaleTarget(coding, place, output[place])
        const error = predicted - actual
        sum.squared += error * error
        sum.absolute += Math.abs(error)
        const distance = actual - sum.mean
        sum.mean += distance / answered
        sum.spread += distance * (actual - sum.mean)
        if (isShown) sum.pairs.push([actual, predicted])
      }
    },
    result(rows) {
      const targets = sums.map(({ squared, absolute, spread, pairs }, place) => ({
        name: names[place],
        rmse: answered === 0 ? null : Math.sqrt(squared / answered),
        mae: answered === 0 ? null : absolute / answered,
        r2: spread > 0 ? 1 - squared / spread : null,
        pairs,
      }))
      return { type: 'regression', ...rows, notices: targets.flatMap(noticesOf), targets }
    },
  }
}

function noticesOf({ name, r2 }: Pick<Regression['targets'][number], 'name' | 'r2'>): Regression['notices'] {
  if (r2 === null || r2 >= 0) return []
  const message =
    `R² of ${name} is −${Number((-r2).toPrecision(3))}: always answering with the mean of ${name} would be better than this model. ` +
    'Try "targetScaling": "standardize", more epochs, or another learning rate.'
  return [{ code: 'worse-than-mean', message }]
}
