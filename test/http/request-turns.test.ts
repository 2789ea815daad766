/** Concurrent requests of a tenant, alone and with other tenants. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { RequestTurns } from '../../src/http/request-turns.js'

/** Starts requests of the tenant until one must wait, at most 100. */
function begun(turns: RequestTurns, tenantId: string): number {
  let count = 0
  while (count < 100 && turns.tryBegin(tenantId)) count++
  return count
}

it('sets no limit for a tenant that is alone', () => {
  expect(begun(new RequestTurns(), 'a')).toBe(100)
})

it('runs one long request of a tenant at a time while others are active, which do not wait', () => {
  const turns = new RequestTurns()
  expect(begun(turns, 'a')).toBe(100)
  expect(turns.tryBegin('b')).toBe(true)
  for (let n = 0; n < 99; n++) turns.end('a', 50)
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
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 1_100)
  onTestFinished(() => clock.mockRestore())
  expect(turns.tryBegin('a')).toBe(false)
  turns.end('a', 50)
  await Promise.all(waiting)
  expect(went).toEqual([0, 1, 2, 3])
})
