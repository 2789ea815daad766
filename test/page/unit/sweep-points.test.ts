/** The points of a sweep: their scores, order and names. */
import { describe, expect, it } from 'vitest'
import type { Trial } from '../../../page/src/api/types.js'
import { parameterNames, scoreWithDeviation, valueText } from '../../../page/src/sweeps/names.js'
import { rankPoints, toPoints, trialsPerPoint } from '../../../page/src/sweeps/points.js'
import { endedTrials, groupRefusals } from '../../../page/src/sweeps/progress.js'
import { sortPoints } from '../../../page/src/sweeps/sorting.js'

/** Only the fields that the page reads. */
const trial = (
  number: number,
  point: number,
  score: number | null,
  values: Trial['values'] = {},
  status = 'succeeded',
) => ({ trial: number, point, score, values, status, jobId: `job_${number}` }) as Trial

describe('the score of a point', () => {
  it('is the mean over its seeds with the sample deviation', () => {
    const [point] = toPoints([trial(1, 1, 1), trial(2, 1, 2), trial(3, 1, 6)], 3)
    // Mean 3; squares 4 + 1 + 9 = 14, divided by 2.
    expect(point).toMatchObject({ point: 1, score: 3, status: 'succeeded' })
    expect(point?.deviation).toBeCloseTo(Math.sqrt(7), 12)
  })

  it('is missing until all of its trials have succeeded', () => {
    const points = toPoints(
      [
        trial(1, 1, 0.5),
        trial(2, 1, null, {}, 'running'),
        trial(3, 2, 0.5),
        trial(4, 2, null, {}, 'failed'),
        trial(5, 3, 0.5),
      ],
      2,
    )
    expect(points.map(({ score, status }) => [score, status])).toEqual([
      [null, 'running'],
      [null, 'failed'],
      [null, 'incomplete'],
    ])
  })

  it('has no deviation for one seed', () => {
    expect(toPoints([trial(1, 1, 0.5)], 1)[0]).toMatchObject({ score: 0.5, deviation: null })
  })

  it('ranks low losses and high accuracies first, and equal ones by number', () => {
    const points = toPoints([trial(1, 1, 0.5), trial(2, 2, 0.9), trial(3, 3, null), trial(4, 4, 0.5)], 1)
    expect(rankPoints(points, 'minimize').map(({ point }) => point)).toEqual([1, 4, 2])
    expect(rankPoints(points, 'maximize').map(({ point }) => point)).toEqual([2, 1, 4])
  })
})

describe('the order of the table', () => {
  const points = toPoints(
    [
      trial(1, 1, 0.3, { '/rate': 0.1, '/kind': 'b' }),
      trial(2, 2, null, { '/rate': 0.01, '/kind': 'a' }),
      trial(3, 3, 0.2, { '/kind': 'b' }),
      trial(4, 4, 0.4, { '/rate': 10, '/kind': 7 }),
    ],
    1,
  )
  it.each([
    ['score', false, [3, 1, 4, 2]],
    ['score', true, [4, 1, 3, 2]],
    ['/rate', false, [2, 1, 4, 3]],
    ['/rate', true, [4, 1, 2, 3]],
    ['/kind', false, [4, 2, 1, 3]],
    ['point', true, [4, 3, 2, 1]],
  ])('by %s, descending: %s', (column, isDescending, order) => {
    expect(sortPoints(points, { column, isDescending }).map(({ point }) => point)).toEqual(order)
  })
})

describe('the progress', () => {
  it('counts trials that ended in any way', () => {
    const counts = {
      queued: 1,
      running: 2,
      paused: 4,
      succeeded: 8,
      failed: 16,
      cancelled: 32,
      refused: 64,
      deleted: 128,
    }
    expect(endedTrials({ counts })).toBe(248)
  })

  it('names the reason of refused trials once', () => {
    const refusals = [
      { trial: 2, message: 'too large' },
      { trial: 3, message: 'not known' },
      { trial: 9, message: 'too large' },
    ]
    expect(groupRefusals(refusals)).toEqual([
      { message: 'too large', trials: [2, 9] },
      { message: 'not known', trials: [3] },
    ])
  })
})

describe('the texts', () => {
  it('name parameters as short as they are unique', () => {
    const paths = ['/optimizer/learningRate', '/network/layers/0/units', '/a/type', '/b/type', '/batchSize']
    expect([...parameterNames(paths).values()]).toEqual([
      'learningRate',
      'layer 1 units',
      '/a/type',
      '/b/type',
      'batchSize',
    ])
  })

  it('show values and scores', () => {
    expect([0.001, 'relu', { type: 'sgd' }, undefined].map(valueText)).toEqual(['0.001', 'relu', 'sgd', '–'])
    expect(valueText({ type: 'dense', units: 32, activation: 'relu' })).toBe('dense 32 relu')
    // The meaning of two numbers depends on their names.
    expect(valueText({ type: 'sgd', learningRate: 0.1, momentum: 0.9 })).toContain('"momentum":0.9')
    expect(valueText([1])).toBe('[1]')
    expect(scoreWithDeviation('valLoss', { score: 0.25, deviation: null })).toBe('0.25')
    expect(scoreWithDeviation('valLoss', { score: 0.1029, deviation: 0.008339 })).toBe('0.1029 ± 0.0083')
    expect(scoreWithDeviation('valAccuracy', { score: 0.9, deviation: 0.01 })).toBe('90.0 % ± 1.0 %')
  })
})

it('has a trial for each seed and fold', () => {
  expect(trialsPerPoint({ seeds: 3, folds: null })).toBe(3)
  expect(trialsPerPoint({ seeds: 2, folds: 5 })).toBe(10)
})
