/** Concurrent requests of a tenant, alone and with other tenants. */
import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RequestTurns } from '../../src/http/request-turns.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Starts requests of the tenant until one must wait, at most 100. */
function begun(turns: RequestTurns, tenantId: string): number {
  let count = 0
  while (count < 100 && turns.tryBegin(tenantId)) count++
  return count
}

it('runs 32 requests at a time for a tenant that is alone, however long they take', () => {
  const turns = new RequestTurns()
  expect(begun(turns, 'a')).toBe(32)
  turns.end('a', 10_000)
  expect(begun(turns, 'a')).toBe(1)
})

it('runs one long request of a tenant at a time while others are active, which do not wait', () => {
  const turns = new RequestTurns()
  expect(begun(turns, 'a')).toBe(32)
  expect(turns.tryBegin('b')).toBe(true)
  for (let n = 0; n < 31; n++) turns.end('a', 50)
  // The tenant rests after so many requests.
  vi.advanceTimersByTime(1_000)
  expect(turns.tryBegin('a')).toBe(false)
  turns.end('a', 50)
  expect(begun(turns, 'a')).toBe(1)
  expect(turns.tryBegin('b')).toBe(true)
})

it('runs short requests of two milliseconds together at a time', () => {
  const turns = new RequestTurns()
  turns.tryBegin('b')
  turns.tryBegin('a')
  turns.end('a', 0.1)
  expect(begun(turns, 'a')).toBe(20)
  // A single long request raises the average at once.
  turns.end('a', 20)
  expect(turns.share('a')).toBe(1)
  for (let n = 0; n < 18; n++) turns.end('a', 0.1)
  expect(turns.share('a')).toBe(1)
})

it('runs waiting requests in order, and all of them when no other tenant is active', async () => {
  const turns = new RequestTurns()
  const { signal } = new AbortController()
  turns.tryBegin('b')
  turns.tryBegin('a')
  turns.end('a', 50)
  expect(begun(turns, 'a')).toBe(1)
  const went: number[] = []
  const waiting = [0, 1, 2, 3].map((n) => turns.wait('a', signal).then(() => went.push(n)))
  turns.end('a', 50)
  await waiting[0]
  expect(went).toEqual([0])
  turns.end('b', 1)
  vi.advanceTimersByTime(1_100)
  expect(turns.tryBegin('a')).toBe(false)
  turns.end('a', 50)
  await Promise.all(waiting)
  expect(went).toEqual([0, 1, 2, 3])
})

/** Requests of 50 ms that the tenant could make one after the other, at most 100, with a pause after each. */
function sequence(turns: RequestTurns, tenantId: string, pause: number): number {
  for (let count = 0; count < 100; count++) {
    if (!turns.tryBegin(tenantId)) return count
    vi.advanceTimersByTime(50)
    turns.end(tenantId, 50)
    vi.advanceTimersByTime(pause)
  }
  return 100
}

it('lets a tenant rest that sends without a pause while another is active, for as long as its requests took', async () => {
  const turns = new RequestTurns()
  turns.tryBegin('b')
  // The first leaves 200 of 250 ms; each of the others takes 50 and gets 25 back, down to -25.
  expect(sequence(turns, 'a', 0)).toBe(10)
  let isBegun = false
  const waiting = turns.wait('a', new AbortController().signal).then(() => {
    isBegun = true
  })
  expect(turns.tryBegin('b')).toBe(true)
  await vi.advanceTimersByTimeAsync(49)
  expect(isBegun).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(isBegun).toBe(true)
  await waiting
})

/** `a` has used 25 ms too many, as above, and `b` is active. */
function restingTurns(): RequestTurns {
  const turns = new RequestTurns()
  turns.tryBegin('b')
  sequence(turns, 'a', 0)
  return turns
}

/** Lets four requests of the tenant wait. Counts those that began. */
function crowd(turns: RequestTurns, tenantId: string): { begun: number } {
  const state = { begun: 0 }
  const begin = () => {
    state.begun++
  }
  for (let n = 0; n < 4; n++) void turns.wait(tenantId, new AbortController().signal).then(begin)
  return state
}

it('lets a tenant whose requests wait rest for three times as long', async () => {
  const turns = restingTurns()
  const waiting = crowd(turns, 'a')
  // A quarter of a millisecond per millisecond.
  await vi.advanceTimersByTimeAsync(99)
  expect(waiting.begun).toBe(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(waiting.begun).toBe(1)
})

it('lets no tenant rest if requests of all active tenants wait', async () => {
  const turns = restingTurns()
  const waiting = crowd(turns, 'a')
  await vi.advanceTimersByTimeAsync(0)
  expect(waiting.begun).toBe(0)
  // One of the other is under way, and four wait.
  turns.end('b', 50)
  turns.tryBegin('b')
  const others = crowd(turns, 'b')
  await vi.advanceTimersByTimeAsync(0)
  expect([waiting.begun, others.begun]).toEqual([1, 0])
  // A request of each at a time, though both have used more than their share.
  turns.end('b', 10_000)
  await vi.advanceTimersByTimeAsync(0)
  expect([waiting.begun, others.begun]).toEqual([1, 1])
})

it('says in a refusal that a tenant rests', async () => {
  const turns = restingTurns()
  const waiting = new AbortController()
  setMaxListeners(0, waiting.signal)
  const waits = Array.from({ length: 500 }, () => turns.wait('a', waiting.signal).catch(() => {}))
  await expect(turns.wait('a', waiting.signal)).rejects.toMatchObject({
    code: 'overloaded',
    detail:
      'This tenant has used its share of the time, which is a quarter of it while other tenants send ' +
      'fewer requests. ' +
      '500 more already wait. Retry later, with fewer at a time.',
  })
  waiting.abort()
  await Promise.all(waits)
})

it('does not delay a tenant that pauses for as long as its requests take, or is alone', () => {
  const turns = new RequestTurns()
  expect(sequence(turns, 'a', 0)).toBe(100)
  turns.tryBegin('b')
  vi.advanceTimersByTime(1_000)
  expect(sequence(turns, 'a', 50)).toBe(100)
})
