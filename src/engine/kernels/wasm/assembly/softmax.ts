/** Softmax over rows, shifted by each row's maximum. */
import { exp } from './exponential'
import { laneMask, storeLanes, sumLanes } from './simd'

// @ts-ignore: decorator
@inline
function largestLane(x: v128): f32 {
  const pairs = f32x4.pmax(x, v128.shuffle<f64>(x, x, 1, 0))
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1))
}

/** The largest of `size` values. */
export function largest(x: usize, size: i32): f32 {
  let best = f32x4.splat(-Infinity)
  let left = size
  for (; left >= 4; left -= 4, x += 16) best = f32x4.pmax(best, v128.load(x))
  if (left > 0) best = f32x4.pmax(best, v128.bitselect(v128.load(x), f32x4.splat(-Infinity), laneMask(left)))
  return largestLane(best)
}

/** y [size] = e^(x − shift). @returns Σ y. y may be x. */
export function exponentials(x: usize, y: usize, size: i32, shift: f32): f32 {
  const s = f32x4.splat(shift)
  let sum = f32x4.splat(0)
  let left = size
  for (; left >= 4; left -= 4, x += 16, y += 16) {
    const e = exp(f32x4.sub(v128.load(x), s))
    v128.store(y, e)
    sum = f32x4.add(sum, e)
  }
  if (left > 0) {
    const e = exp(f32x4.sub(v128.load(x), s))
    storeLanes(y, e, left)
    sum = f32x4.add(sum, v128.and(e, laneMask(left)))
  }
  return sumLanes(sum)
}

/** y [rows, size] = softmax(x); y may be x. */
export function softmaxForward(x: usize, y: usize, rows: i32, size: i32): void {
  const bytes = (<usize>size) << 2
  for (; rows > 0; rows--, x += bytes, y += bytes) {
    const scale = f32x4.splat(<f32>1 / exponentials(x, y, size, largest(x, size)))
    let at = y
    let left = size
    for (; left >= 4; left -= 4, at += 16) v128.store(at, f32x4.mul(v128.load(at), scale))
    if (left > 0) storeLanes(at, f32x4.mul(v128.load(at), scale), left)
  }
}

/** dy [rows, size] ← y · (dy − Σ dy·y). */
export function softmaxBackward(y: usize, dy: usize, rows: i32, size: i32): void {
  const bytes = (<usize>size) << 2
  for (; rows > 0; rows--, y += bytes, dy += bytes) {
    let sum: f32 = 0
    for (let i: usize = 0; i < bytes; i += 4) sum += load<f32>(y + i) * load<f32>(dy + i)
    for (let i: usize = 0; i < bytes; i += 4) store<f32>(dy + i, load<f32>(y + i) * (load<f32>(dy + i) - sum))
  }
}
