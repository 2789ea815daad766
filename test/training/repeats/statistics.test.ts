/** Intervals and comparisons: the figures of SciPy (test/fixtures/sklearn/student.py), and values worked out by hand. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  compareMeans,
  comparePairs,
  describeSample,
  estimate,
} from '../../../src/training/repeats/statistics.js'
import { criticalT, twoSidedP } from '../../../src/training/repeats/student.js'

const numbers = z.array(z.number())
const tests = z.array(
  z.object({
    ...{ one: numbers, other: numbers, degrees: z.number(), p: z.number() },
    ...{ low: z.number(), high: z.number() },
  }),
)
const scipy = z
  .object({
    tails: z.array(z.tuple([z.number(), z.number(), z.number()])),
    critical: z.array(z.tuple([z.number(), z.number()])),
    welch: tests,
    paired: tests,
    means: z.array(z.object({ values: numbers, low: z.number(), high: z.number() })),
  })
  .parse(JSON.parse(readFileSync('test/fixtures/sklearn/student.json', 'utf8')))

const sampleOf = (values: number[], ratio = 0) => {
  const { n, mean, deviation } = describeSample(values) ?? { n: 0, mean: 0, deviation: null }
  return { n, mean, deviation, ratio }
}

describe('the t distribution', () => {
  it('has the tails of SciPy', () => {
    for (const [t, degrees, p] of scipy.tails) expect(twoSidedP(t, degrees) / p).toBeCloseTo(1, 8)
  })

  it('has the critical values of SciPy', () => {
    for (const [degrees, t] of scipy.critical) expect(criticalT(0.95, degrees) / t).toBeCloseTo(1, 8)
  })

  it('is that of Cauchy for one degree of freedom', () => {
    // P(|T| ≥ 1) = 1 − 2 arctan(1) / π.
    expect(twoSidedP(1, 1)).toBeCloseTo(0.5, 12)
    expect(criticalT(0.5, 1)).toBeCloseTo(1, 10)
  })
})

describe('an estimate', () => {
  it.each(scipy.means)('has the interval of SciPy for $values', ({ values, low, high }) => {
    const { interval } = estimate(values, 0) ?? {}
    expect([interval?.low, interval?.high]).toEqual([expect.closeTo(low, 9), expect.closeTo(high, 9)])
  })

  it('has the sample deviation', () => {
    // Deviations from 5: −3, −1, −1, −1, 0, 0, 2, 4; their squares sum to 32, and 32 / 7 is the variance.
    expect(describeSample([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ n: 8, mean: 5, deviation: Math.sqrt(32 / 7) })
    expect(describeSample([3])).toEqual({ n: 1, mean: 3, deviation: null })
    expect(describeSample([])).toBeNull()
  })

  it('is wider for folds, whose trainings share rows', () => {
    // Five folds: 1/5 + 1/4 instead of 1/5, so the margin grows by √2.25.
    const values = [0.9, 0.92, 0.94, 0.96, 0.98]
    const margin = (ratio: number) => (estimate(values, ratio)?.interval?.high ?? 0) - 0.94
    expect(margin(1 / 4) / margin(0)).toBeCloseTo(1.5, 10)
  })
})

describe('a comparison', () => {
  it.each(scipy.welch)('is Welch’s test: $one and $other', ({ one, other, degrees, p, low, high }) => {
    const found = compareMeans(sampleOf(one), sampleOf(other))
    expect(found).toMatchObject({
      degreesOfFreedom: expect.closeTo(degrees, 9),
      pValue: expect.closeTo(p, 9),
      interval: { level: 0.95, low: expect.closeTo(low, 8), high: expect.closeTo(high, 8) },
    })
  })

  it('knows nothing without a spread', () => {
    expect(compareMeans(sampleOf([1]), sampleOf([1, 2, 3]))).toBeNull()
  })

  it('of values without a spread is their difference', () => {
    expect(compareMeans(sampleOf([2, 2]), sampleOf([1, 1, 1]))).toMatchObject({ difference: 1, pValue: 0 })
    expect(compareMeans(sampleOf([2, 2]), sampleOf([2, 2]))).toMatchObject({ difference: 0, pValue: 1 })
  })
})

describe('paired differences', () => {
  it.each(scipy.paired)('of the same seeds have the paired t test: $one and $other', (given) => {
    const { one, other, degrees, p, low, high } = given
    const differences = one.map((value, index) => value - other[index])
    expect(comparePairs(differences, 0)).toMatchObject({
      degreesOfFreedom: degrees,
      pValue: expect.closeTo(p, 9),
      interval: { level: 0.95, low: expect.closeTo(low, 8), high: expect.closeTo(high, 8) },
    })
  })

  it('have the corrected t test of Nadeau and Bengio', () => {
    // Mean 0.2 and deviation 0.1. With three folds, the variance is 0.01 · (1/3 + 1/2), so t² = 0.04 / 0.008333 = 4.8. With
    // two degrees of freedom, the tails are 1 − t / √(t² + 2), and the critical value is 4.302653.
    const test = comparePairs([0.1, 0.2, 0.3], 0.5)
    expect(test?.difference).toBeCloseTo(0.2, 12)
    expect(test?.degreesOfFreedom).toBe(2)
    expect(test?.pValue).toBeCloseTo(1 - Math.sqrt(4.8 / 6.8), 10)
    const margin = 4.302653 * Math.sqrt(0.01 * (1 / 3 + 1 / 2))
    expect(test?.interval.low).toBeCloseTo(0.2 - margin, 6)
    expect(test?.interval.high).toBeCloseTo(0.2 + margin, 6)
  })

  it('without a spread are certain', () => {
    expect(comparePairs([0.25, 0.25], 0.5)).toMatchObject({ pValue: 0, interval: { low: 0.25, high: 0.25 } })
    expect(comparePairs([0, 0], 0.5)).toMatchObject({ pValue: 1, interval: { low: 0, high: 0 } })
  })

  it('need two', () => {
    expect(comparePairs([0.1], 0.5)).toBeNull()
    expect(comparePairs([], 0.5)).toBeNull()
  })
})
