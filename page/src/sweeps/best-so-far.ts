/** The best score after each point, in the order in which the trials were created. */
import type { Sweep } from '../api/types.js'
import type { ScoredPoint } from './points.js'

/** @returns the numbers of trials, and the best score of the points until then */
export function bestSoFar(
  points: readonly ScoredPoint[],
  direction: Sweep['direction'],
): [trials: number[], best: number[]] {
  const better = direction === 'minimize' ? Math.min : Math.max
  const sorted = [...points].sort((one, other) => one.point - other.point)
  let best = direction === 'minimize' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  const scores = sorted.map(({ score }) => {
    best = better(best, score)
    return best
  })
  return [sorted.map(({ trials }) => trials.at(-1)?.trial ?? 0), scores]
}
