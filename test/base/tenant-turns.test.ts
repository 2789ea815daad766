/** Which tasks start, and in which order. */
import { getEventListeners, setMaxListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TenantTurns, type TurnLimits } from '../../src/base/tenant-turns.js'

/** Tasks that the test ends. */
function open(limits: Partial<TurnLimits> = {}) {
  const turns = new TenantTurns({ what: 'things', atOnce: 3, perTenant: 2, seconds: 60, ...limits })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const start = (tenantId: string, name: string, signal?: AbortSignal) =>
    turns.run(
      tenantId,
      () => {
        begun.push(name)
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
      },
      signal,
    )
  const end = async (name: string) => {
    ends.get(name)?.()
    await nextTurn()
  }
  return { turns, begun, start, end }
}

describe('turns', () => {
  it('leave a turn for other tenants, and go to the one with the fewest under way', async () => {
    const { begun, start, end } = open()
    for (const name of ['a1', 'a2', 'a3', 'a4']) void start('a', name)
    expect(begun).toEqual(['a1', 'a2'])
    void start('b', 'b1')
    void start('b', 'b2')
    void start('c', 'c1')
    await nextTurn()
    expect(begun).toEqual(['a1', 'a2', 'b1'])
    await end('a1')
    expect(begun.at(-1)).toBe('c1')
    await end('a2')
    expect(begun.at(-1)).toBe('a3')
    await end('c1')
    expect(begun.slice(5)).toEqual(['a4'])
    await end('a3')
    expect(begun.slice(6)).toEqual(['b2'])
  })

  it('end if the work fails', async () => {
    const { turns, begun, start } = open({ atOnce: 1 })
    const failing = turns.run('a', () => Promise.reject(new Error('broken')))
    void start('a', 'a1')
    await expect(failing).rejects.toThrow('broken')
    await nextTurn()
    expect(begun).toEqual(['a1'])
  })

  it('time out, and end when the client disconnects', async () => {
    const { begun, start, end } = open({ atOnce: 1, seconds: 0.05 })
    const first = start('a', 'a1')
    const client = new AbortController()
    const left = start('a', 'a2', client.signal)
    client.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    await expect(start('a', 'a3')).rejects.toMatchObject({
      code: 'overloaded',
      detail:
        '1 things are in progress, which is the limit. This one waited for 0.05 s. Retry later, with fewer at a time.',
    })
    await end('a1')
    await first
    void start('a', 'a4')
    expect(begun).toEqual(['a1', 'a4'])
  })

  it('listen to the signal only while they wait', async () => {
    const { start, end } = open({ atOnce: 1 })
    const { signal } = new AbortController()
    void start('a', 'a1')
    const waiting = start('a', 'a2', signal)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await end('a1')
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await end('a2')
    await waiting
  })

  it('are refused at once if 500 of the same tenant wait, but not if others do', async () => {
    const { start } = open({ atOnce: 1, seconds: 60 })
    void start('b', 'b0')
    const client = new AbortController()
    setMaxListeners(0, client.signal)
    const waiting = Array.from({ length: 500 }, (_, index) => start('a', `a${index}`, client.signal))
    await expect(start('a', 'one more')).rejects.toMatchObject({ code: 'overloaded' })
    waiting.push(start('b', 'b1', client.signal))
    client.abort(new Error('gone'))
    for (const each of waiting) await expect(each).rejects.toThrow('gone')
  })
})
