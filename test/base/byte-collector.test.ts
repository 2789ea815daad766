import { describe, expect, it } from 'vitest'
import { ByteCollector } from '../../src/base/byte-collector.js'

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))

function collect(pieceBytes: number, expected?: number): Buffer {
  const collector = new ByteCollector(expected)
  for (let at = 0; at < bytes.length; at += pieceBytes) collector.add(bytes.subarray(at, at + pieceBytes))
  expect(collector.length).toBe(bytes.length)
  return collector.take()
}

describe('collected bytes', () => {
  it.each([
    ['of one byte', 1, undefined],
    ['of an expected number', 1_000, bytes.length],
    ['of fewer than expected', 1_000, 2 * bytes.length],
    ['of more than expected', 1_000, 10],
    ['that are longer than a block', 150_000, undefined],
  ])('in pieces %s are all there, and alone in their memory', (_, pieceBytes, expected) => {
    const all = collect(pieceBytes, expected)
    expect(all.equals(bytes)).toBe(true)
    expect(all.buffer.byteLength).toBe(bytes.length)
  })

  it('may be none', () => {
    expect(new ByteCollector(0).take()).toHaveLength(0)
    expect(new ByteCollector().take()).toHaveLength(0)
  })
})
