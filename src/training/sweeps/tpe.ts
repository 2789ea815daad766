/**
 * The tree-structured Parzen estimator: J. Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4,
 * with the defaults of Optuna's TPESampler (Akiba et al. 2019). Of candidates drawn from the estimator of the good points, it
 * takes the one with the highest ratio of the densities of good and other points, which has the largest expected improvement.
 */
import { parameterDomain, type Search, type SweepParameter } from '../../contract/sweep.js'
import type { Random } from '../../datasets/random.js'
import { type Choices, chooseActive, drawChoices, pointRandom } from './choices.js'
import { type Density, listDensity, rangeDensity } from './parzen.js'

export type Tpe = Extract<Search, { type: 'tpe' }>

/** A point that was chosen before. */
export interface EarlierPoint {
  choices: Choices
  /** Low is good, and Infinity a failure. Null for a point whose result is not known: later ones avoid its surroundings. */
  loss: number | null
}

/** Candidates of the first attempt. Each further one has half of them, and is therefore more random. */
const firstCandidates = 24

/** The share of the points that are good, and the most of them. */
const good = { share: 0.1, most: 25 }

/** Draws of a point until it is new. Small spaces have no others left. */
const attempts = 10

interface Estimators {
  good: Density
  other: Density
}

/**
 * The choices of consecutive points. They are a function of the arguments.
 * @param earlier in the order of their numbers, without those that have no result and get none
 * @param first number of the first point, from 1
 */
export function suggestPoints(
  parameters: readonly SweepParameter[],
  search: Tpe,
  earlier: readonly EarlierPoint[],
  points: { first: number; count: number },
): Choices[] {
  const steps = suggestInSteps(parameters, search, earlier, points)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Computes `suggestPoints` in steps: one for each parameter, then one for each point. */
export function* suggestInSteps(
  parameters: readonly SweepParameter[],
  search: Tpe,
  earlier: readonly EarlierPoint[],
  { first, count }: { first: number; count: number },
): Generator<void, Choices[]> {
  const isInformed = earlier.filter(({ loss }) => loss !== null).length >= search.randomPoints
  const estimators = isInformed ? yield* buildEstimators(parameters, earlier) : null
  const known = new Set(earlier.map(({ choices }) => choices.join()))
  const points: Choices[] = []
  for (let point = first; point < first + count; point++) {
    if (estimators === null) points.push(drawChoices(parameters, search.seed, point))
    else {
      const choices = suggestNew(parameters, estimators, pointRandom(search.seed, point), known)
      known.add(choices.join())
      points.push(choices)
      yield
    }
  }
  return points
}

function suggestNew(
  parameters: readonly SweepParameter[],
  estimators: readonly Estimators[],
  random: Random,
  known: ReadonlySet<string>,
): Choices {
  for (let attempt = 1, candidates = firstCandidates; ; attempt++, candidates = Math.ceil(candidates / 2)) {
    const choices = chooseActive(parameters, (_, index) =>
      bestCandidate(estimators[index], random, candidates),
    )
    if (attempt === attempts || !known.has(choices.join())) return choices
  }
}

function bestCandidate({ good, other }: Estimators, random: Random, candidates: number): number {
  let best = { choice: 0, ratio: Number.NEGATIVE_INFINITY }
  for (let candidate = 0; candidate < candidates; candidate++) {
    const choice = good.sample(random)
    const ratio = good.log(choice) - other.log(choice)
    if (ratio > best.ratio) best = { choice, ratio }
  }
  return best.choice
}

/** Of each parameter, from the points where its condition holds. A step computes one of them. */
function* buildEstimators(
  parameters: readonly SweepParameter[],
  earlier: readonly EarlierPoint[],
): Generator<void, Estimators[]> {
  const isGood = goodPoints(earlier)
  const estimators: Estimators[] = []
  for (const [index, parameter] of parameters.entries()) {
    const observed = (which: boolean) =>
      earlier.flatMap(({ choices }, place) => (isGood[place] === which ? (choices[index] ?? []) : []))
    estimators.push({
      good: density(parameter, observed(true)),
      other: density(parameter, observed(false)),
    })
    yield
  }
  return estimators
}

function density(parameter: SweepParameter, observed: readonly number[]): Density {
  const domain = parameterDomain(parameter)
  return 'values' in domain
    ? listDensity(domain.values.length, observed)
    : rangeDensity(domain.range, observed)
}

/** Whether each point is one of the best. Of equal losses, the earlier is better. */
function goodPoints(earlier: readonly EarlierPoint[]): boolean[] {
  const ranked = earlier
    .flatMap(({ loss }, place) => (loss === null ? [] : [{ loss, place }]))
    .sort((a, b) => (a.loss === b.loss ? a.place - b.place : a.loss - b.loss))
  const count = Math.min(good.most, Math.ceil(good.share * ranked.length))
  const isGood = new Array<boolean>(earlier.length).fill(false)
  for (const { place } of ranked.slice(0, count)) isGood[place] = true
  return isGood
}
