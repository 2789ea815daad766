/** Which points of a search may be created, and the same points in any order of results. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultParallelism } from '../../../src/contract/sweep.js'
import { unknownOrigin } from '../../../src/training/ports/origin.js'
import type { SuggestionTask, SuggestionThread } from '../../../src/training/ports/suggestion-thread.js'
import type { DueSweep, PointResult } from '../../../src/training/ports/sweeps.js'
import { batchOf, Suggestions } from '../../../src/training/sweeps/suggestions.js'
import { sweepDefinition } from '../../support/sweep-definition.js'
import { testSeeds } from '../../support/test-seeds.js'

describe('a batch', () => {
  it.each([
    // One at a time: each point learns from all before it.
    [1, 1, 5, { first: 5, last: 5, seen: 4 }],
    [2, 1, 5, { first: 5, last: 5, seen: 3 }],
    // Batches of two points, while one of the batch before may be unfinished.
    [3, 1, 6, { first: 5, last: 6, seen: 3 }],
    [20, 1, 1, { first: 1, last: 10, seen: 0 }],
    [20, 1, 20, { first: 11, last: 20, seen: 0 }],
    [20, 1, 21, { first: 21, last: 30, seen: 10 }],
    // Four points at a time.
    [14, 3, 7, { first: 7, last: 8, seen: 4 }],
    // A single trial at a time still completes a point.
    [1, 3, 2, { first: 2, last: 2, seen: 1 }],
  ])('with parallelism %i and %i seeds, of point %i', (parallelism, seeds, point, batch) => {
    expect(batchOf(point, { parallelism, seeds })).toEqual(batch)
  })

  it('learns from points of which at most the parallelism are unfinished', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 200 }), (parallelism, point) => {
        const { first, last, seen } = batchOf(point, { parallelism, seeds: 1 })
        expect(first <= point && point <= last && seen < first).toBe(true)
        if (seen > 0) expect(last - seen).toBe(parallelism)
        else expect(last).toBeLessThanOrEqual(Math.max(1, parallelism))
      }),
    )
  })
})

it('a tenth of the points are trained at a time, at most 20', () => {
  const parallelism = (points: number, seeds: number) =>
    defaultParallelism({ search: { type: 'tpe', points, seed: 1, randomPoints: 10 }, seeds })
  expect([parallelism(8, 1), parallelism(45, 3), parallelism(1_000, 1), parallelism(1_000, 100)]).toEqual([
    1, 15, 20, 1_000,
  ])
})

const parameters = [
  { path: '/a', min: 0, max: 1 },
  { path: '/b', values: [1, 2], when: { path: '/a', in: [] } },
]

/** Chooses the sum of what it was given, so that any difference shows in all later points. */
class SummingThread implements SuggestionThread {
  readonly tasks: SuggestionTask[] = []

  async suggest(task: SuggestionTask) {
    this.tasks.push(task)
    const sum = (numbers: Float64Array) =>
      numbers.reduce((total, each, index) => (Number.isFinite(each) ? total + each * (index + 1) : total), 0)
    const base = sum(task.choices) + sum(task.losses)
    return Array.from({ length: task.count }, (_, index) => [(base + task.first + index) % 1_000, null])
  }
}

/** Runs a search whose trials end in the order that `pick` chooses, and whose processes change as `pick` chooses. */
async function simulate(changes: { parallelism: number; metric?: string }, pick: () => number) {
  const search = { type: 'tpe', points: 25 }
  const request = {
    spec: {},
    parameters: [
      { path: '/a', min: 0, max: 1 },
      { path: '/b', values: [1] },
    ],
  }
  const definition = { ...sweepDefinition({ ...request, search, metric: 'loss', ...changes }), parameters }
  const points: PointResult[] = []
  const store = { points: async (_id: string, after: number) => points.filter(({ point }) => point > after) }
  const thread = new SummingThread()
  let suggestions = new Suggestions(store, thread)
  while (points.length < 25 || points.some(({ isEnded }) => !isEnded)) {
    if (pick() % 5 === 0) suggestions = new Suggestions(store, thread)
    const running = points.filter(({ isEnded }) => !isEnded)
    const room = changes.parallelism - running.length
    const due: DueSweep = {
      ...{ id: 'sweep', tenantId: 'local', name: null, definition, trials: 25, created: points.length, room },
      ...unknownOrigin,
    }
    const next = points.length < 25 && room > 0 ? await suggestions.next(due) : null
    if (next !== null) {
      // A limit of the tenant may leave room for fewer.
      const last = Math.min(next.last, points.length + Math.max(1, Math.min(room, pick() % 4)))
      for (let point = points.length + 1; point <= last; point++) {
        const choices = next.choices?.get(point)
        if (choices === undefined) throw new Error(`point ${point} has no choices`)
        points.push({ point, choices, isEnded: false, isBad: false, score: null })
      }
    } else {
      const ended = running[pick() % running.length]
      ended.isEnded = true
      ended.isBad = ended.point % 7 === 0
      // Every fifth is cancelled.
      if (!ended.isBad && ended.point % 5 !== 0) ended.score = (ended.choices[0] ?? 0) / 7
    }
  }
  return { points, tasks: thread.tasks }
}

it('has the same points in any order of results, with any parallelism, and whenever a process is replaced', async () => {
  for (const parallelism of [1, 2, 7, 10]) {
    const inOrder = await simulate({ parallelism }, () => 1)
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(1_000)), async (picks) => {
        expect((await simulate({ parallelism }, () => picks.next().value)).points).toEqual(inOrder.points)
      }),
      { numRuns: 20, seed: testSeeds(1)[0] },
    )
  }
})

it('gives failures the worst loss, hides the results of the last points, and leaves cancelled ones out', async () => {
  const { points, tasks } = await simulate({ parallelism: 4, metric: 'accuracy' }, () => 1)
  const task = tasks.find(({ first }) => first === 11)
  if (task === undefined) throw new Error('no batch begins with point 11')
  // Points 1 to 8 are seen; 5 was cancelled and 7 failed. An accuracy is negated. Points 9 and 10 are not seen, although
  // 10 will be cancelled.
  const seen = [1, 2, 3, 4, 6].map((point) => -(points[point - 1].score ?? 0))
  expect([...task.losses]).toEqual([...seen, Number.POSITIVE_INFINITY, -(points[7].score ?? 0), NaN, NaN])
  expect(task.choices).toHaveLength(2 * task.losses.length)
  expect([...task.choices.slice(0, 2)]).toEqual([points[0].choices[0], NaN])
})
