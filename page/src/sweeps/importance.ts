/** How much of the variance of the scores each parameter explains alone. */
import { groupBy } from './group-by.js'
import { mean, type ScoredPoint } from './points.js'

interface Importance {
  path: string
  /** Variance of the means by value as a share of the variance of the scores, from 0 to 1. */
  share: number
  /** The expected share of a parameter without effect. */
  byChance: number
}

/** Numbers with more distinct values are binned at their quantiles. */
export const bins = 5

/**
 * The main effects of a functional ANOVA (Hutter et al. 2014, section 3), estimated by the means of the points
 * instead of a model of the scores. The highest share is first.
 */
export function importances(paths: readonly string[], points: readonly ScoredPoint[]): Importance[] {
  const scores = points.map(({ score }) => score)
  const middle = mean(scores)
  const total = scores.reduce((sum, score) => sum + (score - middle) ** 2, 0)
  return paths
    .map((path): Importance => {
      const binOf = binning(points.map(({ values }) => values[path]))
      const groups = [...groupBy(points, ({ values }) => binOf(values[path])).values()]
      const between = groups.reduce((sum, group) => {
        const own = mean(group.map(({ score }) => score))
        return sum + group.length * (own - middle) ** 2
      }, 0)
      return {
        path,
        share: total === 0 ? 0 : between / total,
        byChance: points.length < 2 ? 0 : (groups.length - 1) / (points.length - 1),
      }
    })
    .sort((one, other) => other.share - one.share)
}

/** @returns the bin of a value. Equal values share a bin. */
function binning(values: readonly unknown[]): (value: unknown) => string {
  const numbers = values.filter((value) => typeof value === 'number').sort((one, other) => one - other)
  if (new Set(numbers).size <= bins) return (value) => JSON.stringify(value) ?? 'none'
  const binByNumber = new Map<number, string>()
  for (const [rank, value] of numbers.entries()) {
    if (!binByNumber.has(value)) binByNumber.set(value, `bin ${Math.floor((bins * rank) / numbers.length)}`)
  }
  return (value) =>
    typeof value === 'number' ? (binByNumber.get(value) ?? '') : (JSON.stringify(value) ?? 'none')
}
