import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { areRequestsUnderWay, beginRequest, endRequest, inSlices, Slice } from '../../src/training/slices.js'

it('runs one of several works in each turn of the event loop, in rotation', async () => {
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

it('pauses long work, and returns its result', async () => {
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

it('waits for short requests, but not for long', async () => {
  const slice = new Slice('background')
  await slice.pause()
  beginRequest()
  try {
    const begin = performance.now()
    await slice.pause()
    await slice.pause()
    // Each pause but the first has the whole patience of 8 ms before it.
    expect(performance.now() - begin).toBeGreaterThan(8)
  } finally {
    endRequest()
  }
})

it('does not wait for a request whose work is paused', async () => {
  beginRequest()
  try {
    const slice = new Slice('request')
    const begin = performance.now()
    for (let n = 0; n < 200; n++) await slice.pause()
    // With the patience of 8 ms before each it would take 1,600 ms.
    expect(performance.now() - begin).toBeLessThan(800)
  } finally {
    endRequest()
  }
})

it('waits for a request again when its paused work continues', async () => {
  beginRequest()
  await new Slice('request').pause()
  expect(areRequestsUnderWay()).toBe(true)
  endRequest()
  expect(areRequestsUnderWay()).toBe(false)
})

it('waits for a request under way for 8 ms at the longest', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setImmediate'] })
  onTestFinished(() => void vi.useRealTimers())
  const slice = new Slice('background')
  const first = slice.pause()
  await vi.advanceTimersByTimeAsync(1)
  await first
  beginRequest()
  onTestFinished(endRequest)
  let continued = false
  const second = slice.pause().then(() => {
    continued = true
  })
  await vi.advanceTimersByTimeAsync(5)
  expect(continued).toBe(false)
  await vi.advanceTimersByTimeAsync(5)
  expect(continued).toBe(true)
  await second
})
