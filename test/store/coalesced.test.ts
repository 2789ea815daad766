/** Look-ups that go together are as true as look-ups of their own. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { coalescedRows } from '../../src/store/coalesced.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Statements that end when they are told to. */
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

describe('names asked for', () => {
  it('in one turn go with one statement, each once', async () => {
    const { sent, coalesced } = statements()
    const answers = Promise.all(['a', 'b', 'a', 'none'].map((name) => coalesced.ask(name)))
    await nextTurn()
    expect(sent.map(({ names }) => names)).toEqual([['a', 'b', 'none']])
    sent[0].end({ a: '1', b: '2' })
    expect(await answers).toEqual(['1', '2', '1', undefined])
  })

  it('while a statement is under way go with the next, even those that are looked for already', async () => {
    const { sent, coalesced } = statements()
    const before = coalesced.ask('a')
    await nextTurn()
    const after = [coalesced.ask('a'), coalesced.ask('b')]
    await nextTurn()
    expect(sent).toHaveLength(1)
    sent[0].end({ a: 'old' })
    expect(await before).toBe('old')
    await nextTurn()
    expect(sent.map(({ names }) => names)).toEqual([['a'], ['a', 'b']])
    sent[1].end({ a: 'new', b: '2' })
    expect(await Promise.all(after)).toEqual(['new', '2'])
  })

  it('while a statement is under way are sent before its answers are passed on', async () => {
    const { sent, coalesced } = statements()
    const before = coalesced.ask('a').then((answer) => ({ answer, statements: sent.length }))
    await nextTurn()
    const after = coalesced.ask('b')
    sent[0].end({ a: '1' })
    expect(await before).toEqual({ answer: '1', statements: 2 })
    sent[1].end({ b: '2' })
    expect(await after).toBe('2')
  })

  it('by a statement that fails are refused, and no others', async () => {
    const { sent, coalesced } = statements()
    const failing = [coalesced.ask('a'), coalesced.ask('b')].map((each) =>
      expect(each).rejects.toThrow('away'),
    )
    await nextTurn()
    const waiting = coalesced.ask('a')
    sent[0].fail(new Error('away'))
    await Promise.all(failing)
    await nextTurn()
    sent[1].end({ a: '1' })
    expect(await waiting).toBe('1')
  })

  it('do not wait for ever for a statement that hangs', async () => {
    const { sent, coalesced } = statements()
    const hanging = coalesced.ask('a')
    await nextTurn()
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 5_000)
    const later = coalesced.ask('b')
    await nextTurn()
    sent[1].end({ b: '2' })
    expect(await later).toBe('2')
    sent[0].end({ a: '1' })
    expect(await hanging).toBe('1')
  })
})
