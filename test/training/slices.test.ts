import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inSlices, Slice } from '../../src/training/slices.js'

it('lets one work of many go on in each turn of the event loop, in turns', async () => {
  const went: number[] = []
  const works = [0, 1, 2].map(async (work) => {
    const slice = new Slice('background')
    for (let n = 0; n < 2; n++) {
      await slice.pause()
      went.push(work)
    }
  })
  const counts: number[] = []
  while (went.length < 6) {
    const before = went.length
    await nextTurn()
    counts.push(went.length - before)
  }
  await Promise.all(works)
  expect(went).toEqual([0, 1, 2, 0, 1, 2])
  expect(Math.max(...counts)).toBe(1)
})

it('pauses work that takes long, and gives what it ends with', async () => {
  function* steps(): Generator<undefined, string> {
    for (let n = 0; n < 5; n++) {
      const end = performance.now() + 3
      while (performance.now() < end);
      yield
    }
    return 'done'
  }
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  expect(await inSlices(steps(), 'background')).toBe('done')
  clearInterval(counting)
  expect(turns).toBeGreaterThan(2)
})
