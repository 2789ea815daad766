/** Long bodies are sent in chunks; short ones are whole and have a content-length. */
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { chunkedBody, jsonFragments } from '../../src/http/chunked-body.js'

function* repeated(text: string, times: number, onText = () => {}): Generator<string> {
  for (let count = 0; count < times; count++) {
    onText()
    yield text
  }
}

function spend(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe('chunked bodies', () => {
  it.each([
    ['nothing', 0],
    ['a few', 256],
  ])('are joined when they are short: %s', (_name, times) => {
    // A busy machine may interrupt for longer than a slice.
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    expect(chunkedBody(repeated('abc', times))).toBe('abc'.repeat(times))
  })

  it('are a stream above 512 Ki characters', async () => {
    const answer = chunkedBody(repeated('x'.repeat(1_024), 1_100))
    if (typeof answer === 'string') throw new Error('the answer is not a stream')
    expect(await textOf(answer)).toBe('x'.repeat(1_100 * 1_024))
  })

  it('are a stream if generating them takes too long for the event loop', async () => {
    const answer = chunkedBody(repeated('x', 10, () => spend(2)))
    if (typeof answer === 'string') throw new Error('the answer is not a stream')
    expect(await textOf(answer)).toBe('xxxxxxxxxx')
  })

  it('pass errors on to the reader', async () => {
    let count = 0
    const answer = chunkedBody(
      repeated('x'.repeat(524_288), 3, () => {
        if (++count === 2) throw new Error('broken')
      }),
    )
    if (typeof answer === 'string') throw new Error('the answer is not a stream')
    await expect(textOf(answer)).rejects.toThrow('broken')
  })
})

describe('JSON fragments', () => {
  it.each([
    {},
    { a: 1, list: [1, 'two', null, { three: 3 }], none: undefined, empty: [] },
    {
      data: [{ columns: Array.from({ length: 100 }, (_, place) => ({ place })), empty: {} }, { columns: [] }],
    },
  ])('equal JSON.stringify: %j', (value) => {
    expect([...jsonFragments(value)].join('')).toBe(JSON.stringify(value))
  })

  it('are short in a list whose items have long lists', () => {
    const dataset = { columns: Array.from({ length: 1_000 }, (_, place) => ({ name: `column ${place}` })) }
    const lengths = [...jsonFragments({ data: [dataset, dataset] })].map(({ length }) => length)
    expect(Math.max(...lengths)).toBe('{"name":"column 999"},'.length)
  })
})
