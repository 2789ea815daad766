/** The tree-structured Parzen estimator finds better points than independent draws. */
import { describe, expect, it } from 'vitest'
import type { SweepParameter } from '../../../src/contract/sweep.js'
import { type Choices, drawChoices } from '../../../src/training/sweeps/choices.js'
import { type EarlierPoint, suggestPoints, type Tpe } from '../../../src/training/sweeps/tpe.js'
import { testSeeds } from '../../support/test-seeds.js'

const search = (points: number, seed: number): Tpe => ({ type: 'tpe', points, seed, randomPoints: 10 })

type Loss = (choices: Choices) => number

/** The losses of a search in which each point learns from all before it. */
function searchAlone(parameters: SweepParameter[], points: number, seed: number, loss: Loss): EarlierPoint[] {
  const earlier: EarlierPoint[] = []
  for (let point = 1; point <= points; point++) {
    const [choices] = suggestPoints(parameters, search(points, seed), earlier, { first: point, count: 1 })
    earlier.push({ choices, loss: loss(choices) })
  }
  return earlier
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Of 20 seeds: the medians of the lowest losses of both searches. */
function compare(parameters: SweepParameter[], loss: Loss, points = 100) {
  const seeds = testSeeds(20).map((seed) => seed % 2 ** 20)
  const lowest = (losses: (number | null)[]) => Math.min(...losses.map((each) => each ?? 0))
  return {
    tpe: median(
      seeds.map((seed) => lowest(searchAlone(parameters, points, seed, loss).map((point) => point.loss))),
    ),
    random: median(
      seeds.map((seed) =>
        lowest(Array.from({ length: points }, (_, index) => loss(drawChoices(parameters, seed, index + 1)))),
      ),
    ),
  }
}

describe('with the same number of points, better than independent draws', () => {
  it('on the function of Branin', () => {
    const branin = ([x, y]: Choices) => {
      const [a, b] = [x ?? 0, y ?? 0]
      const valley = b - (5.1 / (4 * Math.PI ** 2)) * a * a + (5 / Math.PI) * a - 6
      return valley ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10
    }
    // Its three minima are 0.397887.
    expect(branin([Math.PI, 2.275])).toBeCloseTo(0.397887, 6)
    const parameters = [
      { path: '/x', min: -5, max: 10 },
      { path: '/y', min: 0, max: 15 },
    ]
    const { tpe, random } = compare(parameters, branin)
    expect(tpe).toBeLessThan(random)
    expect(tpe).toBeLessThan(0.6)
  })

  it('on a separable quadratic function of ranges, whole numbers, log ranges and lists', () => {
    const parameters = [
      { path: '/x', min: -2, max: 2 },
      { path: '/n', min: 1, max: 64, integer: true },
      { path: '/rate', min: 1e-5, max: 1, scale: 'log' as const },
      { path: '/kind', values: ['a', 'b', 'c', 'd', 'e', 'f'] },
    ]
    const quadratic = (choices: Choices) => {
      const [x, n, rate, kind] = choices.map((choice) => choice ?? 0)
      return (x - 0.7) ** 2 + ((n - 20) / 16) ** 2 + (Math.log10(rate) + 2) ** 2 + (kind === 4 ? 0 : 1)
    }
    const { tpe, random } = compare(parameters, quadratic)
    expect(tpe).toBeLessThan(random / 4)
  })

  it('on a tree of conditional parameters', () => {
    const parameters = [
      { path: '/kind', values: ['a', 'b'] },
      { path: '/a', min: 0, max: 1, when: { path: '/kind', in: ['a'] } },
      { path: '/b', min: 0, max: 1, when: { path: '/kind', in: ['b'] } },
      { path: '/b2', min: 0, max: 1, when: { path: '/kind', in: ['b'] } },
    ]
    // The best place is at (0.2, 0.9) of the second branch.
    const loss = ([kind, a, b, b2]: Choices) =>
      kind === 0 ? 0.5 + Math.abs((a ?? 0) - 0.5) : Math.hypot((b ?? 0) - 0.2, (b2 ?? 0) - 0.9)
    const { tpe, random } = compare(parameters, loss)
    expect(tpe).toBeLessThan(random / 2)
    for (const { choices } of searchAlone(parameters, 40, 3, loss)) {
      expect(choices.map((choice) => choice === null)).toEqual(
        choices[0] === 0 ? [false, false, true, true] : [false, true, false, false],
      )
    }
  })
})

const parameters = [{ path: '/x', min: 0, max: 1 }]

describe('a choice', () => {
  it('is an independent draw until enough points have a result', () => {
    const earlier = Array.from({ length: 20 }, (_, index) => ({
      choices: [index / 20],
      loss: index < 9 ? index : null,
    }))
    const drawn = drawChoices(parameters, 3, 21)
    expect(suggestPoints(parameters, search(100, 3), earlier, { first: 21, count: 1 })).toEqual([drawn])
    earlier[9].loss = 9
    expect(suggestPoints(parameters, search(100, 3), earlier, { first: 21, count: 1 })).not.toEqual([drawn])
  })

  it('keeps away from failed points', () => {
    // All points above a half fail; the others are equal.
    const earlier = searchAlone(parameters, 60, 1, ([x]) => ((x ?? 0) > 0.5 ? Number.POSITIVE_INFINITY : 1))
    const failed = earlier.filter(({ loss }) => loss === Number.POSITIVE_INFINITY)
    expect(failed.length).toBeGreaterThan(0)
    expect(earlier.slice(20).filter(({ loss }) => loss === 1).length).toBeGreaterThan(30)
  })

  it('keeps away from points whose result is not known yet', () => {
    const observed = Array.from({ length: 10 }, (_, index) => ({ choices: [index / 10], loss: index }))
    const pending = Array.from({ length: 20 }, (_, index) => ({ choices: [index / 1_000], loss: null }))
    const near = (earlier: EarlierPoint[]) =>
      suggestPoints(parameters, search(100, 2), earlier, { first: 31, count: 200 }).filter(
        ([x]) => (x ?? 0) < 0.03,
      ).length
    expect(near([...observed, ...pending])).toBeLessThan(near(observed) / 4)
  })

  it('is new while the space has other points', () => {
    const small = [{ path: '/n', min: 1, max: 40, integer: true }]
    const earlier = searchAlone(small, 30, 4, ([n]) => n ?? 0)
    const chosen = new Set(earlier.slice(10).map(({ choices }) => choices.join()))
    expect(chosen.size).toBeGreaterThan(17)
    // A space without other points repeats some.
    const single = [{ path: '/n', values: ['only'] }]
    expect(searchAlone(single, 12, 1, () => 1).map(({ choices }) => choices[0])).toEqual(Array(12).fill(0))
  })

  it('does not depend on how a batch is divided', () => {
    const earlier = searchAlone(parameters, 20, 1, ([x]) => Math.abs((x ?? 0) - 0.3))
    const all = suggestPoints(parameters, search(100, 1), earlier, { first: 21, count: 8 })
    expect(suggestPoints(parameters, search(100, 1), earlier, { first: 21, count: 3 })).toEqual(
      all.slice(0, 3),
    )
  })
})
