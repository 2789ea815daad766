/** Combined lookups return the same as separate ones. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Coalesced, coalescedRows } from '../../src/store/coalesced.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Statements that the test ends. */
function statements() {
  const sent: { names: string[]; end(rows: Record<string, string>): void; fail(error: Error): void }[] = []
  const coalesced = coalescedRows<string>(
    (names) =>
      new Promise((resolve, reject) => {
        sent.push({ names, end: (rows) => resolve(new Map(Object.entries(rows))), fail: reject })
      }),
  )
  return { sent, coalesced }
}

/** A request whose statement has hung for 5 s, and one after it. */
async function requestAfterHanging() {
  const { sent, coalesced } = statements()
  const hanging = coalesced.request('a')
  await nextTurn()
  const now = performance.now()
  vi.spyOn(performance, 'now').mockReturnValue(now + 5_000)
  const later = coalesced.request('b')
  await nextTurn()
  return { sent, coalesced, hanging, later }
}

describe('requests', () => {
  it('of one turn share one statement, without duplicates', async () => {
    const { sent, coalesced } = statements()
    const answers = Promise.all(['a', 'b', 'a', 'none'].map((name) => coalesced.request(name)))
    await nextTurn()
    expect(sent.map(({ names }) => names)).toEqual([['a', 'b', 'none']])
    sent[0].end({ a: '1', b: '2' })
    expect(await answers).toEqual(['1', '2', '1', undefined])
  })

  it('during a statement share the next one, also for keys of the current one', async () => {
    const { sent, coalesced } = statements()
    const before = coalesced.request('a')
    await nextTurn()
    const after = [coalesced.request('a'), coalesced.request('b')]
    await nextTurn()
    expect(sent).toHaveLength(1)
    sent[0].end({ a: 'old' })
    expect(await before).toBe('old')
    await nextTurn()
    expect(sent.map(({ names }) => names)).toEqual([['a'], ['a', 'b']])
    sent[1].end({ a: 'new', b: '2' })
    expect(await Promise.all(after)).toEqual(['new', '2'])
  })

  it('during a statement are sent before its promises resolve', async () => {
    const { sent, coalesced } = statements()
    const before = coalesced.request('a').then((answer) => ({ answer, statements: sent.length }))
    await nextTurn()
    const after = coalesced.request('b')
    sent[0].end({ a: '1' })
    expect(await before).toEqual({ answer: '1', statements: 2 })
    sent[1].end({ b: '2' })
    expect(await after).toBe('2')
  })

  it('of a failed statement reject, and no others', async () => {
    const { sent, coalesced } = statements()
    const failing = [coalesced.request('a'), coalesced.request('b')].map((each) =>
      expect(each).rejects.toThrow('away'),
    )
    await nextTurn()
    const waiting = coalesced.request('a')
    sent[0].fail(new Error('away'))
    await Promise.all(failing)
    await nextTurn()
    sent[1].end({ a: '1' })
    expect(await waiting).toBe('1')
  })

  it('do not wait indefinitely for a hanging statement', async () => {
    const { sent, hanging, later } = await requestAfterHanging()
    sent[1].end({ b: '2' })
    expect(await later).toBe('2')
    sent[0].end({ a: '1' })
    expect(await hanging).toBe('1')
  })

  it('wait for the most recent statement, also after a hanging one before it has ended', async () => {
    const { sent, coalesced, hanging, later } = await requestAfterHanging()
    sent[0].end({ a: '1' })
    expect(await hanging).toBe('1')
    const last = coalesced.request('c')
    await nextTurn()
    expect(sent.map(({ names }) => names)).toEqual([['a'], ['b']])
    sent[1].end({ b: '2' })
    expect(await later).toBe('2')
    await nextTurn()
    sent[2].end({ c: '3' })
    expect(await last).toBe('3')
  })

  it('above the limit of a statement are sent by several, in order', async () => {
    const sent: number[][] = []
    const coalesced = new Coalesced<number, string>(async (items) => {
      sent.push(items)
      return items.map(String)
    }, 2)
    const answers = await Promise.all([1, 2, 3, 4, 5].map((item) => coalesced.request(item)))
    expect(answers).toEqual(['1', '2', '3', '4', '5'])
    expect(sent).toEqual([[1, 2], [3, 4], [5]])
  })
})
