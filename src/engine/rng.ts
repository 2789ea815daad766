/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: "Parallel Random
 * Numbers: As Easy as 1, 2, 3", SC11). A number is a pure function of (seed, stream, salt, counter). Every backend
 * draws the same numbers in any order, and a checkpoint needs no generator state beyond the position.
 */

/** Independent streams; the number is part of the key and must never change. */
const streams = { initialization: 0, shuffling: 1, dropout: 2, splitting: 3, augmentation: 4 } as const
type Stream = keyof typeof streams

export interface Key {
  readonly low: number
  readonly high: number
}

/**
 * low = the seed's low 32 bits; high = the seed's upper 21 bits | stream << 21 | salt << 24.
 * @param seed integer in 0 … 2^53 − 1. @param salt 0 … 255: the layer's index for streams per layer, otherwise 0.
 */
export function streamKey(seed: number, stream: Stream, salt = 0): Key {
  const seedHigh = Math.floor(seed / 0x1_0000_0000)
  return { low: seed >>> 0, high: (seedHigh | (streams[stream] << 21) | (salt << 24)) >>> 0 }
}

const parity = 0x1bd11bda
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const

/** One block: two 32-bit words for the counter words (first, second), written to `out[0]` and `out[1]`. */
export function threefry(key: Key, first: number, second: number, out: Uint32Array): void {
  const third = parity ^ key.low ^ key.high
  let x0 = (first + key.low) | 0
  let x1 = (second + key.high) | 0
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round % 8] ?? 0
    x0 = (x0 + x1) | 0
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0
    if (round % 4 === 3) {
      const injection = (round + 1) / 4
      const remainder = injection % 3
      x0 = (x0 + (remainder === 0 ? key.low : remainder === 1 ? key.high : third)) | 0
      x1 = (x1 + (remainder === 0 ? key.high : remainder === 1 ? third : key.low) + injection) | 0
    }
  }
  out[0] = x0
  out[1] = x1
}

/** Word `index` of a sequence: word `index & 1` of block `index >> 1`; `row` is the second counter word. */
export class WordSequence {
  readonly #block = new Uint32Array(2)
  #loaded = -1
  #row = -1

  constructor(readonly key: Key) {}

  word(index: number, row: number): number {
    const block = Math.floor(index / 2)
    if (block !== this.#loaded || row !== this.#row) {
      threefry(this.key, block, row, this.#block)
      this.#loaded = block
      this.#row = row
    }
    return this.#block[index % 2] ?? 0
  }
}

/** floor(word · bound / 2^32): a draw below `bound`, biased by less than bound / 2^32 per value. */
export function scaleWord(word: number, bound: number): number {
  const upper = (word >>> 16) * bound
  const lower = Math.floor(((word & 0xffff) * bound) / 0x10000)
  return Math.floor((upper + lower) / 0x10000)
}

/** A real in [0, 1) from the word's upper 24 bits, exact in float32. */
export function unitReal(word: number): number {
  return (word >>> 8) / 0x1000000
}

/**
 * Fisher–Yates, from the end: for i = n − 1 … 1 swaps entry i with entry floor(word(i) · (i + 1) / 2^32).
 * @param row second counter word: the epoch counted from 0.
 */
export function permute(order: Int32Array, key: Key, row: number): void {
  const words = new WordSequence(key)
  for (let i = 0; i < order.length; i++) order[i] = i
  for (let i = order.length - 1; i > 0; i--) {
    const j = scaleWord(words.word(i, row), i + 1)
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
}

/** Fills `order` with draws below its length, with replacement: entry i is floor(word(i) · n / 2^32). */
export function drawWithReplacement(order: Int32Array, key: Key, row: number): void {
  const words = new WordSequence(key)
  for (let i = 0; i < order.length; i++) order[i] = scaleWord(words.word(i, row), order.length)
}
