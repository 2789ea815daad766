/** What the plots of a sweep show: axes, cells, importance and the best score so far. */
import { describe, expect, it } from 'vitest'
import type { Trial } from '../../../page/src/api/types.js'
import { parameterAxis, scoreAxis } from '../../../page/src/sweeps/axes.js'
import { bestSoFar } from '../../../page/src/sweeps/best-so-far.js'
import { toHeatMap } from '../../../page/src/sweeps/heat-map.js'
import { importances } from '../../../page/src/sweeps/importance.js'
import { rankPoints, type ScoredPoint, toPoints } from '../../../page/src/sweeps/points.js'

function scored(...points: [score: number, values: Trial['values']][]): ScoredPoint[] {
  const trials = points.map(([score, values], index) => {
    const trial = {
      trial: index + 1,
      point: index + 1,
      score,
      values,
      status: 'succeeded',
      jobId: `job_${index}`,
    }
    return trial as Trial
  })
  return rankPoints(toPoints(trials, 1), 'minimize')
}

describe('the axis of a parameter', () => {
  it('has equal ratios at equal distances for a log range', () => {
    const axis = parameterAxis({ path: '/rate', min: 0.001, max: 10, scale: 'log' }, 'rate', [])
    expect(axis.position(0.1)).toBeCloseTo(0.5, 12)
    expect(axis.ticks.map(({ text }) => text)).toEqual(['0.001', '0.01', '0.1', '1', '10'])
  })

  it('has equal differences at equal distances for a linear range', () => {
    const axis = parameterAxis({ path: '/rate', min: 1, max: 9 }, 'rate', [])
    expect([1, 3, 9].map(axis.position)).toEqual([0, 0.25, 1])
  })

  it('has listed values evenly spaced, in their order', () => {
    const axis = parameterAxis({ path: '/kind', values: ['relu', { type: 'sgd' }, 8] }, 'kind', [])
    expect([8, { type: 'sgd' }, 'relu'].map(axis.position)).toEqual([1, 0.5, 0])
    expect(axis.ticks.map(({ text }) => text)).toEqual(['relu', 'sgd', '8'])
  })

  it('has a place for points that leave the spec as it is', () => {
    const points = scored([1, { '/momentum': 0.9 }], [2, {}])
    const axis = parameterAxis({ path: '/momentum', values: [0, 0.9] }, 'momentum', points)
    expect(axis.position(undefined)).toBe(0)
    expect(axis.position(0)).toBeGreaterThan(0.1)
    expect(axis.position(0.9)).toBe(1)
  })

  it('is logarithmic for losses of different magnitudes only', () => {
    const wide = scoreAxis('loss', scored([0.01, {}], [0.1, {}], [100, {}]))
    expect(wide.position(1)).toBeCloseTo(0.5, 12)
    const narrow = scoreAxis('loss', scored([1, {}], [3, {}]))
    expect(narrow.position(2)).toBeCloseTo(0.5, 12)
    const equal = scoreAxis('loss', scored([1, {}], [1, {}]))
    expect(equal.position(1)).toBe(0.5)
  })
})

describe('the importance of parameters', () => {
  it('is the share of the variance that the means by value explain', () => {
    // Scores 0, 2, 10, 12: mean 6, squares 36 + 16 + 16 + 36 = 104.
    const points = scored(
      [0, { '/a': 'x', '/b': 1 }],
      [2, { '/a': 'x', '/b': 2 }],
      [10, { '/a': 'y', '/b': 1 }],
      [12, { '/a': 'y', '/b': 2 }],
    )
    const [first, second] = importances(['/b', '/a'], points)
    // Means by a: 1 and 11, so 4 · 25 = 100. Means by b: 5 and 7, so 4 · 1 = 4.
    expect(first).toMatchObject({ path: '/a' })
    expect(first?.share).toBeCloseTo(100 / 104, 12)
    expect(second?.share).toBeCloseTo(4 / 104, 12)
    // Two values among four points: (2 − 1) / (4 − 1).
    expect(second?.byChance).toBeCloseTo(1 / 3, 12)
  })

  it('bins numbers at their quintiles, so that single points do not explain themselves', () => {
    const points = scored(
      ...[3, 1, 2, 4, 5, 5, 4, 2, 1, 3].map((score, rate): [number, Trial['values']] => [
        score,
        { '/rate': rate },
      ]),
    )
    // Means of the pairs: 2, 3, 5, 3, 2 around 3: 2 · (1 + 0 + 4 + 0 + 1) = 12 of 20.
    const [rate] = importances(['/rate'], points)
    expect(rate?.share).toBeCloseTo(12 / 20, 12)
    expect(rate?.byChance).toBeCloseTo(4 / 9, 12)
  })

  it('is zero if all scores are equal', () => {
    expect(importances(['/a'], scored([1, { '/a': 1 }], [1, { '/a': 2 }]))[0]?.share).toBe(0)
  })
})

describe('the heat map', () => {
  it('has the mean of each cell over the other parameters', () => {
    const points = scored(
      [1, { '/rate': 0.1, '/units': 8, '/seed': 1 }],
      [3, { '/rate': 0.1, '/units': 8, '/seed': 2 }],
      [5, { '/rate': 0.01, '/units': 4 }],
      [7, { '/rate': 0.1, '/units': 4 }],
    )
    const map = toHeatMap(points, { path: '/rate', min: 0.01, max: 0.1 }, { path: '/units', values: [8, 4] })
    expect(map).toEqual({
      columns: ['0.01', '0.1'],
      rows: ['8', '4'],
      cells: [
        [null, { score: 2, points: 2 }],
        [
          { score: 5, points: 1 },
          { score: 7, points: 1 },
        ],
      ],
    })
  })

  it('groups many values', () => {
    const points = scored(
      ...Array.from({ length: 24 }, (_, index): [number, Trial['values']] => [
        index,
        { '/rate': index, '/units': 1 },
      ]),
    )
    const map = toHeatMap(points, { path: '/rate', min: 0, max: 23 }, { path: '/units', values: [1] })
    expect(map.columns.slice(0, 2)).toEqual(['0 … 1', '2 … 3'])
    expect(map.columns).toHaveLength(12)
    expect(map.cells[0]?.[0]).toEqual({ score: 0.5, points: 2 })
  })
})

describe('the best score so far', () => {
  it('follows the numbers of the trials in the direction of the metric', () => {
    const points = scored([5, {}], [3, {}], [4, {}], [1, {}])
    expect(bestSoFar(points, 'minimize')).toEqual([
      [1, 2, 3, 4],
      [5, 3, 3, 1],
    ])
    expect(bestSoFar(points, 'maximize')[1]).toEqual([5, 5, 5, 5])
  })
})
