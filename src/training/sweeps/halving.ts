/**
 * Asynchronous successive halving: L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020, in the
 * variant of Ray Tune that stops trials. A trial is decided at its rungs: it goes on unless its metric is worse than the
 * quantile of the trials decided there before.
 *
 * Ray decides in the order in which results arrive. Here trials are decided in the order of their numbers: a trial waits until
 * no earlier one can come to the same rung. So a sweep has the same decisions at any speed and after any crash.
 */
import { type Search, type SweepDirection, sweepDirection } from '../../contract/sweep.js'
import { seededRandom } from '../../datasets/random.js'
import type { Decision, HalvedSweep, HalvedTrial, SweepDefinition } from '../ports/sweeps.js'

type Asha = Extract<Search, { type: 'asha' }>

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

/** The decisions that can be made now. */
export function decideTrials({ definition, trials }: HalvedSweep): Decision[] {
  const { search, epochs, metric } = definition
  if (search.type !== 'asha') return []
  const decisions: Decision[] = []
  const brackets = trials.map(({ trial }) => bracketOf(search, epochs, trial))
  for (let bracket = 0; bracket < search.brackets; bracket++) {
    const members = trials.filter((_, index) => brackets[index] === bracket)
    const at = rungEpochs(search, epochs, bracket)
    /** Those that may still come to the next rung. */
    let open = new Set(members.filter(({ state }) => state !== 'ended'))
    for (const rung of at.keys()) {
      const next = at[rung + 1] ?? null
      const decided = decideRung(members, open, rung, new Rung(sweepDirection[metric], search.reduction))
      decisions.push(...decided.map(({ trial, ...decision }) => ({ ...decision, pauseAfter: next })))
      const stopped = new Set(decided.filter(({ action }) => action === 'stop').map(({ trial }) => trial))
      open = new Set([...open].filter((trial) => !stopped.has(trial)))
    }
  }
  return decisions
}

type Decided = Omit<Decision, 'pauseAfter'> & { trial: HalvedTrial }

/** Decides trials in the order of their numbers, until one may still come to this rung. */
function decideRung(
  members: readonly HalvedTrial[],
  open: ReadonlySet<HalvedTrial>,
  index: number,
  rung: Rung,
): Decided[] {
  const decided: Decided[] = []
  for (const trial of members) {
    const { rungs, state, score, jobId } = trial
    const earlier = rungs[index]
    if (earlier !== undefined) rung.record(earlier)
    else if (open.has(trial)) {
      if (state !== 'waiting' || rungs.length < index) return decided
      if (score === null) throw new Error(`trial ${trial.trial} has no metric at epoch decision ${index + 1}`)
      decided.push({ trial, jobId, score, action: rung.decide(score) })
    }
  }
  return decided
}
