/** How far a sweep has come. */
import type { Sweep } from '../api/types.js'
import { groupBy } from './group-by.js'

export function endedTrials({ counts }: Pick<Sweep, 'counts'>): number {
  return counts.succeeded + counts.failed + counts.cancelled + counts.refused + counts.deleted
}

/** Refused trials by their message, in the order of their first trial. */
export function groupRefusals(refusals: Sweep['refusals']): { message: string; trials: number[] }[] {
  return [...groupBy(refusals, ({ message }) => message)].map(([message, refused]) => ({
    message,
    trials: refused.map(({ trial }) => trial),
  }))
}

const unfinished: readonly Sweep['status'][] = ['running', 'paused']

export const isUnfinished = ({ status }: Pick<Sweep, 'status'>) => unfinished.includes(status)
