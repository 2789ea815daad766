/** Means, intervals and the comparison of two samples. */
import { confidenceLevel, type Estimate } from '../../contract/repeats.js'
import { criticalT, twoSidedP } from './student.js'

export interface Sample {
  n: number
  mean: number
  /** Sample standard deviation; null for one value. */
  deviation: number | null
}

/** Null without values. */
export function describeSample(values: readonly number[]): Sample | null {
  const n = values.length
  if (n === 0) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  if (n === 1) return { n, mean, deviation: null }
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { n, mean, deviation: Math.sqrt(squares / (n - 1)) }
}

/**
 * The variance of a mean over trainings that share rows: s² (1/n + validation rows / training rows). C. Nadeau and
 * Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003. With a ratio of 0, the usual s²/n.
 */
const varianceOfMean = (n: number, deviation: number, ratio: number) => deviation ** 2 * (1 / n + ratio)

/** @param ratio validation rows / training rows, or 0 for trainings whose values are independent */
export function estimate(values: readonly number[], ratio: number): Estimate | null {
  const sample = describeSample(values)
  if (sample === null) return null
  const { n, mean, deviation } = sample
  if (deviation === null) return { ...sample, interval: null }
  const margin = criticalT(confidenceLevel, n - 1) * Math.sqrt(varianceOfMean(n, deviation, ratio))
  return { ...sample, interval: { level: confidenceLevel, low: mean - margin, high: mean + margin } }
}

export interface Difference {
  difference: number
  interval: NonNullable<Estimate['interval']>
  degreesOfFreedom: number
  pValue: number
}

/**
 * The corrected resampled t test of Nadeau and Bengio (2003) on the differences of trainings with the same rows.
 * @param ratio validation rows / training rows
 * @returns null for fewer than two differences
 */
export function comparePairs(differences: readonly number[], ratio: number): Difference | null {
  const { n = 0, mean = 0, deviation = null } = describeSample(differences) ?? {}
  if (deviation === null) return null
  const degreesOfFreedom = n - 1
  const error = Math.sqrt(varianceOfMean(n, deviation, ratio))
  return { ...testOf(mean, error, degreesOfFreedom), difference: mean, degreesOfFreedom }
}

function testOf(difference: number, error: number, degrees: number): Pick<Difference, 'interval' | 'pValue'> {
  const margin = error === 0 ? 0 : criticalT(confidenceLevel, degrees) * error
  const sure = difference === 0 ? 1 : 0
  return {
    interval: { level: confidenceLevel, low: difference - margin, high: difference + margin },
    pValue: error === 0 ? sure : twoSidedP(difference / error, degrees),
  }
}

/**
 * Welch's t test: B. L. Welch, "The generalization of Student's problem when several different population variances are
 * involved", Biometrika 34, 1947, with the variances of Nadeau and Bengio.
 * @returns null if a sample has no spread to compare with
 */
export function compareMeans(
  one: Sample & { ratio: number },
  other: Sample & { ratio: number },
): Difference | null {
  if (one.deviation === null || other.deviation === null) return null
  const [a, b] = [one, other].map(({ n, deviation, ratio }) => varianceOfMean(n, deviation ?? 0, ratio))
  const difference = one.mean - other.mean
  const error = Math.sqrt(a + b)
  const degreesOfFreedom =
    error === 0 ? one.n + other.n - 2 : (a + b) ** 2 / (a ** 2 / (one.n - 1) + b ** 2 / (other.n - 1))
  return { ...testOf(difference, error, degreesOfFreedom), difference, degreesOfFreedom }
}
