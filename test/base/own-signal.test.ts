import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { withOwnSignal } from '../../src/base/own-signal.js'

/** Never removes its listener. */
const listen = async (signal: AbortSignal) => {
  signal.addEventListener('abort', () => {})
  return signal
}

describe('a separate signal', () => {
  it('keeps listeners from the parent', async () => {
    const { signal } = new AbortController()
    for (let call = 0; call < 20; call++) await withOwnSignal(signal, listen)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('aborts with the parent, for its reason, until the work has ended', async () => {
    const parent = new AbortController()
    const ended = await withOwnSignal(parent.signal, listen)
    const work = withOwnSignal(
      parent.signal,
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    parent.abort('gone')
    await expect(work).rejects.toBe('gone')
    expect(ended.aborted).toBe(false)
    await expect(withOwnSignal(parent.signal, listen)).rejects.toBe('gone')
  })
})
