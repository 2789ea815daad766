/** The points of a sweep, from its trials. */
import type { Sweep, Trial } from '../api/types.js'
import { groupBy } from './group-by.js'

export type SweepPoint = Readonly<{
  /** Number of the point, from 1. */
  point: number
  values: Trial['values']
  trials: readonly Trial[]
  /** Mean of the scores of its seeds and folds. Null until all of its trials have succeeded. */
  score: number | null
  /** Sample standard deviation of the scores. Null for one trial. */
  deviation: number | null
  status: PointStatus
}>

/** Of its trials, the first that applies. A point is incomplete if some were refused, deleted, or not created. */
const statuses = ['running', 'queued', 'paused', 'failed', 'cancelled', 'succeeded'] as const
type PointStatus = (typeof statuses)[number] | 'incomplete'

type Described = Pick<Sweep, 'direction'>

/** Each point is trained with every seed and every fold. */
export const trialsPerPoint = ({ seeds, folds }: Pick<Sweep, 'seeds' | 'folds'>) => seeds * (folds ?? 1)

/**
 * @param trials in the order of their numbers
 * @param count trials of a complete point
 */
export function toPoints(trials: readonly Trial[], count: number): SweepPoint[] {
  return [...groupBy(trials, ({ point }) => point)].map(([point, own]) => {
    const scores = own.flatMap(({ score }) => (score === null ? [] : [score]))
    const isComplete = scores.length === count
    return {
      point,
      values: own[0]?.values ?? {},
      trials: own,
      score: isComplete ? mean(scores) : null,
      deviation: isComplete ? sampleDeviation(scores) : null,
      status: readStatus(own, count),
    }
  })
}

function readStatus(trials: readonly Trial[], count: number): PointStatus {
  const status = statuses.find((each) => trials.some((trial) => trial.status === each))
  return status === undefined || (status === 'succeeded' && trials.length < count) ? 'incomplete' : status
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

function sampleDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))
}

/** A point with a score. */
export type ScoredPoint = SweepPoint & { score: number }

/** The points that have a score, the best first. */
export function rankPoints(points: readonly SweepPoint[], direction: Described['direction']): ScoredPoint[] {
  const sign = direction === 'minimize' ? 1 : -1
  return points
    .filter((point): point is ScoredPoint => point.score !== null)
    .sort((one, other) => sign * (one.score - other.score) || one.point - other.point)
}

/** 1 for the best of `count` ranks, 0 for the worst. */
export const rankShare = (rank: number, count: number) => (count === 1 ? 1 : 1 - rank / (count - 1))
