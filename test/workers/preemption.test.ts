/** Which runs of a worker may be preempted, and which first. */
import { describe, expect, it } from 'vitest'
import { inOrderOfPreemption, overrunsOfSpare } from '../../workers/preemption.js'

/** At 100 s: claimed at 50 s, begun at once, and expected to end at 200 s. */
function batch(name: string, changes: object = {}, names = [name], { stopped = 0, keepsRows = true } = {}) {
  const times = { isSpare: false, since: 50_000, encodedAt: null, begunAt: 50_000, expectedEnd: 200_000 }
  const runs = names.map((each) => ({ name: each, stop: Int32Array.of(stopped) }))
  return { runs, holder: { threads: 1, ...times, ...changes }, orders: { keepsRows: () => keepsRows } }
}

const order = (...batches: ReturnType<typeof batch>[]) =>
  inOrderOfPreemption(batches, 100_000).map((run) => 'name' in run && run.name)

describe('the order of preemption', () => {
  it('begins with the run that holds its threads longest', () => {
    expect(
      order(
        batch('b', { since: 60_000, begunAt: 60_000 }),
        batch('a'),
        batch('c', { since: 70_000, begunAt: 70_000 }),
      ),
    ).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['a batch', batch('a', {}, ['a', 'b'])],
    ['a run on the spare thread', batch('a', { isSpare: true })],
    ['a run that is stored', batch('a', { threads: 0 })],
    ['a run that has not begun, which would lose its preparation', batch('a', { begunAt: null })],
    ['a run that is stopped already', batch('a', {}, ['a'], { stopped: 1 })],
    ['a run that ends in less than a second', batch('a', { expectedEnd: 100_999 })],
    ['a run that has trained less than a second', batch('a', { since: 99_001, begunAt: 99_001 })],
    ['a run that has trained less than ten times its preparation', batch('a', { begunAt: 54_600 })],
    [
      'a run whose next claim encodes the rows again',
      batch('a', { encodedAt: 54_500, begunAt: 54_600 }, ['a'], { keepsRows: false }),
    ],
    [
      'a run that has trained less than ten times what followed its encoded rows',
      batch('a', { since: 10_000, encodedAt: 50_000, begunAt: 54_600 }),
    ],
  ])('leaves out %s', (_what, left) => {
    expect(order(left, batch('other'))).toEqual(['other'])
  })

  it.each([
    ['whose end is unknown', { expectedEnd: null }],
    ['that ends in a second', { expectedEnd: 101_000 }],
    ['that has trained for a second', { since: 99_000, begunAt: 99_000 }],
    ['that has trained ten times its preparation', { begunAt: 54_500 }],
    ['whose next claim finds the rows encoded', { encodedAt: 54_500, begunAt: 54_600 }],
  ])('has a run %s', (_what, changes) => {
    expect(order(batch('a', changes))).toEqual(['a'])
  })
})

describe('runs that leave the spare thread', () => {
  const spare = (name: string, changes: object = {}, ...more: [names?: string[], other?: object]) =>
    batch(name, { isSpare: true, since: 99_000, begunAt: null, ...changes }, ...more)
  const leaving = (...batches: ReturnType<typeof batch>[]) =>
    overrunsOfSpare(batches, 100_000).map((run) => 'name' in run && run.name)

  it('are all of a claim that has held it for a second', () => {
    expect(leaving(batch('other'), spare('a', {}, ['a', 'b']))).toEqual(['a', 'b'])
  })

  it.each([
    ['shorter', { since: 99_001 }, 0],
    ['no longer, while they are stored', { threads: 0 }, 0],
    ['until they stop', {}, 1],
  ])('are none that hold it %s', (_what, changes, stopped) => {
    expect(leaving(spare('a', changes, ['a'], { stopped }))).toEqual([])
  })
})
