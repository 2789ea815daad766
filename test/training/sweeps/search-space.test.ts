/** The points of grids and random searches. Grids are written out by hand. */
import { describe, expect, it } from 'vitest'
import { type Search, type SweepParameter, sweepRequestSchema } from '../../../src/contract/sweep.js'
import { countPoints, pointReader } from '../../../src/training/sweeps/search-space.js'

const grid: Search = { type: 'grid' }

function points(parameters: SweepParameter[], search = grid, most = 100) {
  const count = countPoints({ search, parameters }, most)
  const valuesOf = pointReader({ search, parameters })
  return Array.from({ length: count }, (_, index) => Object.fromEntries(valuesOf(index + 1)))
}

describe('a grid', () => {
  it('has every combination, and the last parameter varies fastest', () => {
    const parameters = [
      { path: '/a', values: [1, 2] },
      { path: '/b', values: ['x', { y: 1 }, null] },
    ]
    expect(points(parameters)).toEqual([
      { '/a': 1, '/b': 'x' },
      { '/a': 1, '/b': { y: 1 } },
      { '/a': 1, '/b': null },
      { '/a': 2, '/b': 'x' },
      { '/a': 2, '/b': { y: 1 } },
      { '/a': 2, '/b': null },
    ])
  })

  it('spaces ranges evenly, or by equal ratios, with both ends exact', () => {
    expect(points([{ path: '/a', min: 0, max: 1, steps: 5 }]).map((point) => point['/a'])).toEqual([
      0, 0.25, 0.5, 0.75, 1,
    ])
    const ratios = points([{ path: '/a', min: 0.001, max: 0.1, scale: 'log', steps: 5 }])
    // √10 = 3.16227766…, to six digits.
    expect(ratios.map((point) => point['/a'])).toEqual([0.001, 0.00316228, 0.01, 0.0316228, 0.1])
  })

  it('has each whole number once', () => {
    const values = points([{ path: '/a', min: 1, max: 4, integer: true, steps: 9 }])
    expect(values.map((point) => point['/a'])).toEqual([1, 2, 3, 4])
  })

  it('varies a conditional parameter only where its condition holds', () => {
    const parameters = [
      { path: '/type', values: ['sgd', 'adam'] },
      { path: '/momentum', values: [0, 0.9], when: { path: '/type', in: ['sgd'] } },
      { path: '/nesterov', values: [true, false], when: { path: '/momentum', in: [0.9] } },
    ]
    expect(points(parameters)).toEqual([
      { '/type': 'sgd', '/momentum': 0 },
      { '/type': 'sgd', '/momentum': 0.9, '/nesterov': true },
      { '/type': 'sgd', '/momentum': 0.9, '/nesterov': false },
      { '/type': 'adam' },
    ])
  })

  it('is counted up to a limit without enumerating the rest', () => {
    const parameters = Array.from({ length: 20 }, (_, index) => ({
      path: `/p${index}`,
      values: Array.from({ length: 1_000 }, (_, value) => value),
    }))
    expect(countPoints({ search: grid, parameters }, 10_000)).toBe(10_001)
  })
})

describe('a random search', () => {
  const random = (seed: number): Search => ({ type: 'random', points: 2_000, seed })
  const parameters: SweepParameter[] = [
    { path: '/rate', min: 0.001, max: 1, scale: 'log' },
    { path: '/units', min: 1, max: 4, integer: true },
    { path: '/type', values: ['a', 'b'] },
    { path: '/when', values: [1], when: { path: '/type', in: ['b'] } },
  ]

  it('draws the same points for the same seed, and others for another', () => {
    const drawn = points(parameters, random(1), 2_000)
    expect(points(parameters, random(1), 2_000)).toEqual(drawn)
    expect(points(parameters, random(2), 2_000)).not.toEqual(drawn)
  })

  it('draws from the whole range, uniformly on its scale', () => {
    const drawn = points(parameters, random(3), 2_000)
    const rates = drawn.map((point) => Number(point['/rate']))
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(0.001)
    expect(Math.max(...rates)).toBeLessThanOrEqual(1)
    // A third of each decade; four standard deviations of a share of 2,000 are 0.042.
    for (const decade of [0.001, 0.01, 0.1]) {
      const share = rates.filter((rate) => rate >= decade && rate < 10 * decade).length / rates.length
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.042)
    }
    for (const units of [1, 2, 3, 4]) {
      const share = drawn.filter((point) => point['/units'] === units).length / drawn.length
      expect(Math.abs(share - 1 / 4)).toBeLessThan(0.039)
    }
    expect(drawn.every((point) => '/when' in point === (point['/type'] === 'b'))).toBe(true)
  })
})

describe('asha', () => {
  const search = (changes: object): Search => ({
    type: 'asha',
    seed: 1,
    minimumEpochs: 1,
    reduction: 4,
    brackets: 1,
    ...changes,
  })
  const parameters = [{ path: '/a', values: Array.from({ length: 50 }, (_, index) => index) }]
  const valuesIn = (changes: object) =>
    points(parameters, search(changes)).map((point) => Number(point['/a']))

  it('has the points of the grid in an order that its seed shuffles', () => {
    const values = valuesIn({})
    expect(values.toSorted((a, b) => a - b)).toEqual(parameters[0].values)
    expect(values).not.toEqual(parameters[0].values)
    expect(valuesIn({})).toEqual(values)
    expect(valuesIn({ seed: 2 })).not.toEqual(values)
  })

  it('has the points of a random search with `points`', () => {
    const drawn = points(parameters, { type: 'random', points: 9, seed: 3 })
    expect(points(parameters, search({ points: 9, seed: 3 }))).toEqual(drawn)
  })
})

describe('a parameter', () => {
  const parse = (parameter: object) =>
    sweepRequestSchema.safeParse({ spec: {}, parameters: [{ path: '/a', ...parameter }] }).success

  it('has either values or a range', () => {
    expect(parse({ values: [1] })).toBe(true)
    expect(parse({ min: 1, max: 2 })).toBe(true)
    for (const wrong of [
      {},
      { min: 1 },
      { max: 1 },
      { values: [] },
      { values: [1], min: 1, max: 2 },
      { values: [1], steps: 2 },
    ]) {
      expect(parse(wrong), JSON.stringify(wrong)).toBe(false)
    }
  })
})
