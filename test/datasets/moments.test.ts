import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Deviation, Moments } from '../../src/datasets/moments.js'

function momentsOf(numbers: readonly number[], chosen = Int32Array.from(numbers, (_, row) => row)) {
  const values = Float64Array.from(numbers)
  const moments = new Moments()
  moments.take(values, values.length, chosen)
  const deviation = new Deviation(moments)
  deviation.take(values, chosen)
  const { minimum, maximum, mean } = moments
  return { minimum, maximum, mean, deviation: deviation.value }
}

test.each([
  [[5], { minimum: 5, maximum: 5, mean: 5, deviation: 0 }],
  [[1, 3], { minimum: 1, maximum: 3, mean: 2, deviation: 1 }],
  [[2, 4, 4, 4, 5, 5, 7, 9], { minimum: 2, maximum: 9, mean: 5, deviation: 2 }],
  [Array(1_000).fill(0.1), { minimum: 0.1, maximum: 0.1, mean: 0.1, deviation: 0 }],
])('%j', (numbers: number[], expected) => {
  const { deviation, ...summary } = momentsOf(numbers)
  const { deviation: expectedDeviation, ...expectedSummary } = expected
  expect(summary).toEqual(expectedSummary)
  expect(deviation).toBeCloseTo(expectedDeviation, 14)
})

test('numbers far from zero and close together keep their deviation', () => {
  const { mean, deviation } = momentsOf([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])
  expect(mean).toBe(1e9 + 10)
  expect(deviation).toBeCloseTo(Math.sqrt(22.5), 12)
})

test('small numbers beside large ones are added at the end', () => {
  const { mean } = momentsOf([1, 1e100, 1, -1e100])
  expect(mean).toBe(0.5)
})

test('only the chosen values count, and of these only those that are not missing', () => {
  const found = momentsOf([1, 90, 2, Number.NaN], Int32Array.of(0, 2, 3))
  expect(found).toEqual({ minimum: 1, maximum: 2, mean: 1.5, deviation: 0.5 })
})

test('the result does not depend on the pieces', () => {
  const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2 })
  fc.assert(
    fc.property(numbers, fc.nat(), (sample, where) => {
      const values = Float64Array.from(sample)
      const cut = where % sample.length
      const moments = new Moments()
      for (const part of [values.subarray(0, cut), values.subarray(cut)]) moments.take(part)
      const { minimum, maximum, mean } = momentsOf(sample)
      expect([moments.minimum, moments.maximum, moments.mean]).toEqual([minimum, maximum, mean])
    }),
  )
})

test('any finite numbers have finite moments within their range', () => {
  const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
    minLength: 1,
    maxLength: 50,
  })
  fc.assert(
    fc.property(numbers, (sample) => {
      const { minimum, maximum, mean, deviation } = momentsOf(sample)
      expect([minimum, maximum]).toEqual([Math.min(...sample), Math.max(...sample)])
      expect(mean >= minimum && mean <= maximum).toBe(true)
      expect(Number.isFinite(deviation) && deviation >= 0).toBe(true)
    }),
  )
})

test('the deviation does not depend on the unit', () => {
  const numbers = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(numbers, fc.integer({ min: -900, max: 900 }), (sample, exponent) => {
      const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length
      const plain = Math.sqrt(sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sample.length)
      const { deviation } = momentsOf(sample.map((value) => value * 2 ** exponent))
      expect(deviation / 2 ** exponent).toBeCloseTo(plain, 9)
    }),
  )
})
