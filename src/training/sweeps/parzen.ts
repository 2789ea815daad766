/**
 * Parzen estimators of the choices of one parameter: J. Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS
 * 2011, section 4. Bandwidths, weights and priors are the defaults of Optuna's TPESampler.
 */
import type { Range } from '../../contract/sweep.js'
import type { Random } from '../../datasets/random.js'
import { round } from './choices.js'
import { normalDistribution } from './normal-distribution.js'

export interface Density {
  sample(random: Random): number
  /** The logarithm of the density of a choice; of its probability for lists and whole numbers. */
  log(choice: number): number
}

/** Squared deviations from which a component adds less than the last digit to a density, since the prior is everywhere. */
const negligible = 81

/** The most recent observations, which have the full weight. */
const recent = 25

/** Of observations from the oldest to the newest: older ones of many count less. */
function observationWeights(count: number): number[] {
  const ramp = Math.max(0, count - recent)
  return Array.from({ length: count }, (_, index) => (index >= ramp ? 1 : rampWeight(index, ramp, 1 / count)))
}

/** Rises evenly from `first` to 1. */
const rampWeight = (index: number, length: number, first: number) =>
  length === 1 ? first : first + ((1 - first) * index) / (length - 1)

/** With the prior as the last component, and a sum of 1. */
function componentWeights(count: number): number[] {
  const weights = [...observationWeights(count), 1]
  const sum = weights.reduce((total, weight) => total + weight)
  return weights.map((weight) => weight / sum)
}

function pickComponent(weights: readonly number[], random: Random): number {
  let left = random.uniform()
  const picked = weights.findIndex((weight) => {
    left -= weight
    return left < 0
  })
  return picked === -1 ? weights.length - 1 : picked
}

/** Of the indices of a list. Each observation shares a part of its weight among all values. */
export function listDensity(length: number, observed: readonly number[]): Density {
  const weights = componentWeights(observed.length)
  const prior = 1 / weights.length
  const sum = 1 + length * prior
  const probabilities = new Array<number>(length).fill(weights[observed.length] / length)
  for (const [index, choice] of observed.entries()) {
    for (let value = 0; value < length; value++) probabilities[value] += (weights[index] * prior) / sum
    probabilities[choice] += weights[index] / sum
  }
  const logs = probabilities.map((probability) => Math.log(probability))
  return {
    sample: (random) => pickComponent(probabilities, random),
    log: (choice) => logs[choice],
  }
}

/** The observations as centres, on the scale of the range, with the middle of the range as the last. */
interface Mixture {
  low: number
  high: number
  weights: readonly number[]
  centres: Float64Array
  deviations: Float64Array
}

/** Of the numbers of a range: truncated normal distributions around the observations. */
export function rangeDensity(range: Range, observed: readonly number[]): Density {
  const toScale = range.scale === 'log' ? Math.log : (value: number) => value
  const fromScale = range.scale === 'log' ? Math.exp : (value: number) => value
  // A whole number stands for the numbers that are rounded to it.
  const margin = range.integer ? 0.5 : 0
  const [low, high] = [toScale(range.min - margin), toScale(range.max + margin)]
  const centres = Float64Array.from([...observed.map(toScale), (low + high) / 2])
  const mixture = {
    ...{ low, high, centres, weights: componentWeights(observed.length) },
    deviations: bandwidths(centres, low, high),
  }
  const inside = withinRange(mixture)
  const density = range.integer
    ? remembered((choice) => interval(mixture, inside, toScale(choice - margin), toScale(choice + margin)))
    : pointwise(mixture, inside)
  return {
    sample: (random) => round(range, fromScale(sampleMixture(mixture, random))),
    log: (choice) => density(range.integer ? choice : toScale(choice)),
  }
}

/** Of each centre: the larger distance to its neighbours, within bounds. Of the last, the prior: the whole range. */
function bandwidths(centres: Float64Array, low: number, high: number): Float64Array {
  const observations = centres.length - 1
  const order = Array.from({ length: observations }, (_, index) => index)
  order.sort((a, b) => centres[a] - centres[b])
  const least = (high - low) / Math.min(100, 1 + centres.length)
  const deviations = new Float64Array(centres.length)
  for (const [place, index] of order.entries()) {
    const before = place === 0 ? low : centres[order[place - 1]]
    const after = place === observations - 1 ? high : centres[order[place + 1]]
    const [left, right] = [centres[index] - before, after - centres[index]]
    // The ends of the range are no neighbours of other observations than the only one.
    let distance = Math.max(left, right)
    if (observations > 1 && place === 0) distance = right
    else if (observations > 1 && place === observations - 1) distance = left
    deviations[index] = Math.min(high - low, Math.max(least, distance))
  }
  deviations[observations] = high - low
  return deviations
}

/** A centre is within the range and a deviation at most its length, so at least a third of the draws are accepted. */
function sampleMixture({ low, high, weights, centres, deviations }: Mixture, random: Random): number {
  const component = pickComponent(weights, random)
  for (;;) {
    const drawn = centres[component] + deviations[component] * random.normal()
    if (drawn >= low && drawn <= high) return drawn
  }
}

/** The probability of each component within the range. */
const withinRange = ({ low, high, centres, deviations }: Mixture) =>
  centres.map(
    (centre, index) =>
      normalDistribution((high - centre) / deviations[index]) -
      normalDistribution((low - centre) / deviations[index]),
  )

/** The logarithm of the density at a place of the scale. */
function pointwise(mixture: Mixture, inside: Float64Array): (place: number) => number {
  const { weights, centres, deviations } = mixture
  const factors = centres.map(
    (_, index) => weights[index] / (inside[index] * deviations[index] * Math.sqrt(2 * Math.PI)),
  )
  const precisions = deviations.map((deviation) => 1 / deviation)
  return (place) => {
    let sum = 0
    for (let index = 0; index < centres.length; index++) {
      const distance = (place - centres[index]) * precisions[index]
      const square = distance * distance
      if (square < negligible) sum += factors[index] * Math.exp(-square / 2)
    }
    return Math.log(sum)
  }
}

/** The logarithm of the probability between two places. */
function interval(mixture: Mixture, inside: Float64Array, from: number, to: number): number {
  const { weights, centres, deviations } = mixture
  let sum = 0
  for (let index = 0; index < centres.length; index++) {
    const lower = (from - centres[index]) / deviations[index]
    const upper = (to - centres[index]) / deviations[index]
    sum += (weights[index] * probabilityBetween(lower, upper)) / inside[index]
  }
  return Math.log(sum)
}

/** The difference of two distribution functions has no digits left where they are close. */
function probabilityBetween(lower: number, upper: number): number {
  if (upper - lower > 1e-4) return normalDistribution(upper) - normalDistribution(lower)
  const middle = (lower + upper) / 2
  return ((upper - lower) * Math.exp(-(middle * middle) / 2)) / Math.sqrt(2 * Math.PI)
}

/** Of whole numbers, which are often the same. */
function remembered(compute: (choice: number) => number): (choice: number) => number {
  const known = new Map<number, number>()
  return (choice) => {
    const found = known.get(choice) ?? compute(choice)
    known.set(choice, found)
    return found
  }
}
