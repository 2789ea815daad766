/** Threefry-2x32 with 20 rounds, four counters at a time; specified in src/engine/rng.ts. */
import { storeLanes } from './simd'

// @ts-ignore: decorator
@inline
function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits))
}

/** Writes the eight words of four consecutive blocks, starting with block `first`. */
// @ts-ignore: decorator
@inline
function eightWords(low: i32, high: i32, first: i32, second: i32, to: usize): void {
  const k0 = i32x4.splat(low)
  const k1 = i32x4.splat(high)
  const k2 = i32x4.splat(0x1bd11bda ^ low ^ high)
  let x0 = i32x4.add(i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3)), k0)
  let x1 = i32x4.add(i32x4.splat(second), k1)
  for (let group = 0; group < 5; group++) {
    const even = (group & 1) == 0
    x0 = i32x4.add(x0, x1); x1 = v128.xor(even ? rotated(x1, 13) : rotated(x1, 17), x0)
    x0 = i32x4.add(x0, x1); x1 = v128.xor(even ? rotated(x1, 15) : rotated(x1, 29), x0)
    x0 = i32x4.add(x0, x1); x1 = v128.xor(even ? rotated(x1, 26) : rotated(x1, 16), x0)
    x0 = i32x4.add(x0, x1); x1 = v128.xor(even ? rotated(x1, 6) : rotated(x1, 24), x0)
    const injection = (group + 1) % 3
    x0 = i32x4.add(x0, injection == 0 ? k0 : injection == 1 ? k1 : k2)
    x1 = i32x4.add(i32x4.add(x1, injection == 0 ? k1 : injection == 1 ? k2 : k0), i32x4.splat(group + 1))
  }
  v128.store(to, v128.shuffle<i32>(x0, x1, 0, 4, 1, 5))
  v128.store(to, v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), 16)
}

// @ts-ignore: decorator
@inline
function scaled(word: u32, bound: i32): i32 {
  return <i32>((<u64>word * <u64>bound) >> 32)
}

/** order [n] = 0 … n − 1. */
export function sequence(order: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<i32>(order + ((<usize>i) << 2), i)
}

/** Fisher–Yates from the end, word i for entry i. Scratch: 32 bytes. */
export function permute(order: usize, n: i32, low: i32, high: i32, row: i32, scratch: usize): void {
  sequence(order, n)
  for (let block = (n - 1) >> 3; block >= 0; block--) {
    eightWords(low, high, block << 2, row, scratch)
    const first = block << 3
    for (let i = min(n - 1, first + 7); i >= max(first, 1); i--) {
      const j = scaled(load<u32>(scratch + ((<usize>(i - first)) << 2)), i + 1)
      const here = order + ((<usize>i) << 2)
      const there = order + ((<usize>j) << 2)
      const kept = load<i32>(here)
      store<i32>(here, load<i32>(there))
      store<i32>(there, kept)
    }
  }
}

/** order [n]: draws below n with replacement. Scratch: 32 bytes. */
export function drawWithReplacement(order: usize, n: i32, low: i32, high: i32, row: i32, scratch: usize): void {
  for (let first = 0; first < n; first += 8) {
    eightWords(low, high, first >> 1, row, scratch)
    for (let i = first; i < min(n, first + 8); i++) {
      store<i32>(order + ((<usize>i) << 2), scaled(load<u32>(scratch + ((<usize>(i - first)) << 2)), n))
    }
  }
}

/** mask [count] = 0 with probability `rate`, else 1/(1 − rate); y = x · mask. y may be x. Scratch: 32 bytes. */
export function dropoutForward(
  x: usize, mask: usize, y: usize, count: i32, rate: f64, low: i32, high: i32, step: i32, scratch: usize,
): void {
  const threshold = i32x4.splat(<i32><u32>(<u64>(rate * 4294967296)))
  const kept = f32x4.splat(<f32>(1 / (1 - rate)))
  for (let first = 0; first < count; first += 4) {
    if ((first & 7) == 0) eightWords(low, high, first >> 1, step, scratch)
    const words = v128.load(scratch + ((<usize>(first & 4)) << 2))
    const m = v128.and(i32x4.ge_u(words, threshold), kept)
    const value = f32x4.mul(v128.load(x), m)
    storeLanes(mask, m, count - first)
    storeLanes(y, value, count - first)
    x += 16
    mask += 16
    y += 16
  }
}

/** dy [count] ← dy · mask. */
export function dropoutBackward(mask: usize, dy: usize, count: i32): void {
  for (; count > 0; count -= 4, mask += 16, dy += 16) {
    storeLanes(dy, f32x4.mul(v128.load(dy), v128.load(mask)), count)
  }
}
