import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  drawWithReplacement,
  permute,
  scaleWord,
  streamKey,
  threefry,
  unitReal,
  WordSequence,
} from '../../src/engine/rng.js'

function block(low: number, high: number, first: number, second: number): string[] {
  const out = new Uint32Array(2)
  threefry({ low, high }, first, second, out)
  return [...out].map((word) => word.toString(16).padStart(8, '0'))
}

/** An independent Threefry-2x32-20 on BigInt, following table 2 of the paper. */
function bigBlock(low: number, high: number, first: number, second: number): string[] {
  const mask = 0xffff_ffffn
  const [key0, key1] = [BigInt(low), BigInt(high)]
  const keys = [key0, key1, 0x1bd1_1bdan ^ key0 ^ key1]
  const rotations = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n]
  let x = (BigInt(first) + key0) & mask
  let y = (BigInt(second) + key1) & mask
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round % 8] ?? 0n
    x = (x + y) & mask
    y = (((y << rotation) | (y >> (32n - rotation))) & mask) ^ x
    if (round % 4 === 3) {
      const injection = (round + 1) / 4
      x = (x + (keys[injection % 3] ?? 0n)) & mask
      y = (y + (keys[(injection + 1) % 3] ?? 0n) + BigInt(injection)) & mask
    }
  }
  return [x, y].map((word) => word.toString(16).padStart(8, '0'))
}

describe('Threefry-2x32-20', () => {
  test.each([
    { key: [0, 0], counter: [0, 0], words: ['6b200159', '99ba4efe'] },
    { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: ['1cb996fc', 'bb002be7'] },
    { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: ['c4923a9c', '483df7a0'] },
  ])('gives the published words $words', ({
    key: [low = 0, high = 0],
    counter: [first = 0, second = 0],
    words,
  }) => {
    expect(block(low, high, first, second)).toEqual(words)
  })

  test('agrees with the definition on big integers', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(word, word, word, word, (...words) => {
        expect(block(...words)).toEqual(bigBlock(...words))
      }),
    )
  })
})

describe('keys', () => {
  test('differ between seeds, streams and layers', () => {
    const keys = new Set<string>()
    for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      for (const stream of ['initialization', 'shuffling', 'dropout', 'splitting'] as const) {
        for (const salt of [0, 1, 255]) {
          const { low, high } = streamKey(seed, stream, salt)
          keys.add(`${low} ${high}`)
        }
      }
    }
    expect(keys.size).toBe(5 * 4 * 3)
  })
})

describe('draws', () => {
  test('words can be drawn in any order', () => {
    const forward = new WordSequence(streamKey(7, 'shuffling'))
    const backward = new WordSequence(streamKey(7, 'shuffling'))
    const there = Array.from({ length: 9 }, (_, i) => forward.word(i, 3))
    const back = Array.from({ length: 9 }, (_, i) => backward.word(8 - i, 3)).reverse()
    expect(there).toEqual(back)
    expect(new Set(there).size).toBe(9)
  })

  test('scaling is the high word of the product, exactly', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff })
    const bound = fc.integer({ min: 1, max: 0x7fffffff })
    fc.assert(
      fc.property(word, bound, (value, limit) => {
        expect(scaleWord(value, limit)).toBe(Number((BigInt(value) * BigInt(limit)) >> 32n))
      }),
    )
  })

  test('a permutation contains every row once and differs between epochs', () => {
    const key = streamKey(42, 'shuffling')
    const orders = [0, 1].map((epoch) => {
      const order = new Int32Array(1000)
      permute(order, key, epoch)
      return order
    })
    const [first, second] = orders
    expect([...(first ?? [])].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(first).not.toEqual(second)
  })

  test('every permutation of four rows is about equally frequent', () => {
    const counts = new Map<string, number>()
    const order = new Int32Array(4)
    for (let epoch = 0; epoch < 24_000; epoch++) {
      permute(order, streamKey(1, 'shuffling'), epoch)
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquare).toBeLessThan(49.7)
  })

  test('drawing with replacement omits about 1/e of the rows', () => {
    const order = new Int32Array(10_000)
    drawWithReplacement(order, streamKey(5, 'shuffling'), 0)
    const drawn = new Set(order).size / order.length
    expect(drawn).toBeGreaterThan(0.62)
    expect(drawn).toBeLessThan(0.645)
  })
})

test('the parts of a key do not overlap, up to the largest seed', () => {
  expect(streamKey(0, 'initialization', 1).high).toBe(2 ** 24)
  expect(streamKey(0, 'splitting').high).toBe(3 * 2 ** 21)
  expect(streamKey(Number.MAX_SAFE_INTEGER, 'initialization')).toEqual({
    low: 2 ** 32 - 1,
    high: 2 ** 21 - 1,
  })
})

test('a sequence has other words in each later row, too', () => {
  const words = new WordSequence(streamKey(1, 'shuffling'))
  const rows = [0, 1, 2].map((row) => words.word(0, row))
  expect(new Set(rows).size).toBe(3)
  expect([2, 1, 0].map((row) => words.word(0, row))).toEqual(rows.toReversed())
})

test('a real number is below 1, a multiple of 2⁻²⁴', () => {
  expect(unitReal(0xffff_ffff)).toBe(1 - 2 ** -24)
})
