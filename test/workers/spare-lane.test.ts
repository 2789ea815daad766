/** When the spare lane claims: at wake-ups, with pauses while it finds nothing. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SpareLane } from '../../workers/spare-lane.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** @param found what each claim finds; nothing after the last */
function open(found: ('more' | 'last')[] = []) {
  const claims: number[] = []
  const begin = Date.now()
  const lane = new SpareLane(
    async ({ onClaim }) => {
      claims.push(Date.now() - begin)
      await Promise.resolve()
      const next = found.shift()
      if (next === undefined) return false
      onClaim(next === 'more' ? 1 : 0)
      return true
    },
    (error) => {
      throw error
    },
  )
  return { lane, claims }
}

it('claims at once, and after a flood of wake-ups at most each 20 ms', async () => {
  const { lane, claims } = open()
  for (let at = 0; at < 60; at++) {
    lane.wake()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(claims).toEqual([0, 20, 40, 60])
  await vi.advanceTimersByTimeAsync(200)
  expect(claims).toEqual([0, 20, 40, 60])
  await lane.close()
})

it('claims again while jobs are left for it', async () => {
  const { lane, claims } = open(['more', 'more', 'last'])
  lane.wake()
  await vi.advanceTimersByTimeAsync(100)
  expect(claims).toEqual([0, 0, 0])
  await lane.close()
})

it('claims each second without a wake-up, until it is closed', async () => {
  const { lane, claims } = open()
  await vi.advanceTimersByTimeAsync(2_500)
  expect(claims).toEqual([1_000, 2_000])
  const closing = lane.close()
  await vi.advanceTimersByTimeAsync(2_500)
  await closing
  lane.wake()
  expect(claims).toHaveLength(2)
})
