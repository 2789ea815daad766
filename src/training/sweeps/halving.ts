/**
 * Asynchronous successive halving: L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020, in the
 * variant of Ray Tune that stops trials. A trial is decided at its rungs: it goes on unless its metric is worse than the
 * quantile of the trials decided there before.
 *
 * Ray decides in the order in which results arrive. Here trials are decided in the order of their numbers (decisions.ts), so a
 * sweep has the same decisions at any speed and after any crash.
 */
import type { Search, SweepDirection } from '../../contract/sweep.js'
import { seededRandom } from '../../datasets/random.js'
import type { Decision, SweepDefinition } from '../ports/sweeps.js'

export type Asha = Extract<Search, { type: 'asha' }>

/** The epochs of the decisions of a bracket, ascending, before the last epoch. */
export function rungEpochs({ minimumEpochs, reduction }: Asha, epochs: number, bracket: number): number[] {
  return Array.from(
    { length: rungCount({ minimumEpochs, reduction }, epochs, bracket) },
    (_, rung) => minimumEpochs * reduction ** (rung + bracket),
  ).filter((epoch) => epoch < epochs)
}

/** As in Ray, with a rung at the last epoch if the rungs meet it. */
function rungCount(
  { minimumEpochs, reduction }: Pick<Asha, 'minimumEpochs' | 'reduction'>,
  epochs: number,
  bracket: number,
): number {
  return Math.max(0, Math.floor(Math.log(epochs / minimumEpochs) / Math.log(reduction) - bracket + 1))
}

/** The bracket of a trial, drawn in proportion to e^(number of rungs), as in Ray. */
export function bracketOf(search: Asha, epochs: number, trial: number): number {
  const counts = Array.from({ length: search.brackets }, (_, bracket) => rungCount(search, epochs, bracket))
  const weights = counts.map((count) => Math.exp(count - Math.max(...counts)))
  const sum = weights.reduce((total, weight) => total + weight)
  let left = seededRandom(search.seed * 2 ** 32 + trial).uniform() * sum
  const drawn = weights.findIndex((weight) => {
    left -= weight
    return left < 0
  })
  return drawn === -1 ? 0 : drawn
}

/** The epoch after which a new trial waits; null if it is never stopped early. */
export function firstPause({ search, epochs }: SweepDefinition, trial: number): number | null {
  if (search.type !== 'asha') return null
  return rungEpochs(search, epochs, bracketOf(search, epochs, trial))[0] ?? null
}

/** The trials that were decided at a rung. */
export class Rung {
  /** Metrics in ascending order, of which greater ones are better. */
  readonly #recorded: number[] = []
  readonly #sign: number

  constructor(
    direction: SweepDirection,
    private readonly reduction: number,
  ) {
    this.#sign = direction === 'maximize' ? 1 : -1
  }

  /** Records a trial that was decided before. */
  record(score: number): void {
    const value = this.#sign * score
    this.#recorded.splice(placeOf(value, this.#recorded), 0, value)
  }

  /** Removes a score that was recorded. */
  forget(score: number): void {
    this.#recorded.splice(placeOf(this.#sign * score, this.#recorded), 1)
  }

  /** Decides a trial, and records it. */
  decide(score: number): Decision['action'] {
    const cutoff = percentile(this.#recorded, 1 - 1 / this.reduction)
    this.record(score)
    return cutoff !== null && this.#sign * score < cutoff ? 'stop' : 'continue'
  }
}

/** The index before which a value belongs, by binary search. */
function placeOf(value: number, sorted: readonly number[]): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** With linear interpolation, as numpy.percentile. Null without values. */
function percentile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const [low, high] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]]
  const part = place - below
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part)
}
