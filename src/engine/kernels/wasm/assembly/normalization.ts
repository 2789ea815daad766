/**
 * Batch normalization per channel of x [rows, channels, positions]. Vectors run along the positions or, after dense
 * layers (one position), along the channels. Sums are float64.
 */
import { laneMask, multiplyAdd, storeLanes } from './simd'

// @ts-ignore: decorator
@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x)
}

// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 0))
}

// @ts-ignore: decorator
@inline
function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Stores the statistics of one channel. */
// @ts-ignore: decorator
@inline
function storeStatistics(
  channel: usize, n: f64, mean: f64, squares: f64, means: usize, inverses: usize, runningMean: usize, runningVariance: usize,
  momentum: f64, epsilon: f64,
): void {
  store<f32>(means + channel, <f32>mean)
  store<f32>(inverses + channel, <f32>(1 / sqrt(squares / n + epsilon)))
  store<f32>(runningMean + channel, <f32>(momentum * <f64>load<f32>(runningMean + channel) + (1 - momentum) * mean))
  if (n > 1) {
    const kept = momentum * <f64>load<f32>(runningVariance + channel)
    store<f32>(runningVariance + channel, <f32>(kept + ((1 - momentum) * squares) / (n - 1)))
  }
}

/** y = x · scale + shift over the channel's positions in all rows. */
function scaleChannel(x: usize, y: usize, rows: i32, sample: usize, positions: i32, scale: f32, shift: f32): void {
  const a = f32x4.splat(scale)
  const b = f32x4.splat(shift)
  for (; rows > 0; rows--, x += sample, y += sample) {
    let from = x
    let to = y
    let left = positions
    for (; left >= 4; left -= 4, from += 16, to += 16) v128.store(to, multiplyAdd(v128.load(from), a, b))
    if (left > 0) storeLanes(to, multiplyAdd(v128.load(from), a, b), left)
  }
}

/** y [rows, width] = (x − centre) · scale + shift for up to four channels. */
// @ts-ignore: decorator
@inline
function scaleColumns(x: usize, y: usize, rows: i32, bytes: usize, left: i32, centre: v128, scale: v128, shift: v128): void {
  for (; rows > 0; rows--, x += bytes, y += bytes) {
    storeLanes(y, multiplyAdd(f32x4.sub(v128.load(x), centre), scale, shift), left)
  }
}

export function normalizationForward(
  x: usize, gamma: usize, beta: usize, means: usize, inverses: usize, runningMean: usize, runningVariance: usize, y: usize,
  rows: i32, channels: i32, positions: i32, momentum: f64, epsilon: f64,
): void {
  const n = <f64>(rows * positions)
  const plane = (<usize>positions) << 2
  const sample = <usize>channels * plane
  if (positions == 1) {
    for (let channel = 0; channel < channels; channel += 4, x += 16, y += 16) {
      const at = (<usize>channel) << 2
      const left = channels - channel
      let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0
      for (let row = 0, from = x; row < rows; row++, from += sample) {
        const value = v128.load(from)
        s0 = f64x2.add(s0, low(value))
        s1 = f64x2.add(s1, high(value))
      }
      const share = f64x2.splat(1 / n)
      const m0 = f64x2.mul(s0, share), m1 = f64x2.mul(s1, share)
      for (let row = 0, from = x; row < rows; row++, from += sample) {
        const value = v128.load(from)
        const d0 = f64x2.sub(low(value), m0), d1 = f64x2.sub(high(value), m1)
        q0 = f64x2.add(q0, f64x2.mul(d0, d0))
        q1 = f64x2.add(q1, f64x2.mul(d1, d1))
      }
      storeStatistics(at, n, f64x2.extract_lane(m0, 0), f64x2.extract_lane(q0, 0), means, inverses, runningMean, runningVariance, momentum, epsilon)
      if (left > 1) storeStatistics(at + 4, n, f64x2.extract_lane(m0, 1), f64x2.extract_lane(q0, 1), means, inverses, runningMean, runningVariance, momentum, epsilon)
      if (left > 2) storeStatistics(at + 8, n, f64x2.extract_lane(m1, 0), f64x2.extract_lane(q1, 0), means, inverses, runningMean, runningVariance, momentum, epsilon)
      if (left > 3) storeStatistics(at + 12, n, f64x2.extract_lane(m1, 1), f64x2.extract_lane(q1, 1), means, inverses, runningMean, runningVariance, momentum, epsilon)
      const scale = f32x4.mul(v128.load(gamma + at), v128.load(inverses + at))
      scaleColumns(x, y, rows, sample, left, v128.load(means + at), scale, v128.load(beta + at))
    }
    return
  }
  for (let channel = 0; channel < channels; channel++, x += plane, y += plane) {
    let sum = f64x2.splat(0)
    for (let row = 0, start = x; row < rows; row++, start += sample) {
      for (let left = positions, at = start; left > 0; left -= 4, at += 16) {
        let value = v128.load(at)
        if (left < 4) value = v128.and(value, laneMask(left))
        sum = f64x2.add(sum, f64x2.add(low(value), high(value)))
      }
    }
    const mean = total(sum) / n
    const centre = f64x2.splat(mean)
    let squares = f64x2.splat(0)
    for (let row = 0, start = x; row < rows; row++, start += sample) {
      for (let left = positions, at = start; left > 0; left -= 4, at += 16) {
        const value = v128.load(at)
        let d0 = f64x2.sub(low(value), centre)
        let d1 = f64x2.sub(high(value), centre)
        if (left < 4) {
          d0 = v128.and(d0, i64x2.gt_s(i64x2.splat(left), i64x2(0, 1)))
          d1 = v128.and(d1, i64x2.gt_s(i64x2.splat(left), i64x2(2, 3)))
        }
        squares = f64x2.add(squares, f64x2.add(f64x2.mul(d0, d0), f64x2.mul(d1, d1)))
      }
    }
    const at = (<usize>channel) << 2
    const q = total(squares)
    storeStatistics(at, n, mean, q, means, inverses, runningMean, runningVariance, momentum, epsilon)
    const scale = <f64>load<f32>(gamma + at) / sqrt(q / n + epsilon)
    scaleChannel(x, y, rows, sample, positions, <f32>scale, <f32>(<f64>load<f32>(beta + at) - mean * scale))
  }
}

export function normalizationInference(
  x: usize, gamma: usize, beta: usize, runningMean: usize, runningVariance: usize, y: usize,
  rows: i32, channels: i32, positions: i32, epsilon: f64,
): void {
  const plane = (<usize>positions) << 2
  const sample = <usize>channels * plane
  if (positions == 1) {
    const e = f32x4.splat(<f32>epsilon)
    for (let channel = 0; channel < channels; channel += 4, x += 16, y += 16) {
      const at = (<usize>channel) << 2
      const scale = f32x4.div(v128.load(gamma + at), f32x4.sqrt(f32x4.add(v128.load(runningVariance + at), e)))
      scaleColumns(x, y, rows, sample, channels - channel, v128.load(runningMean + at), scale, v128.load(beta + at))
    }
    return
  }
  for (let channel = 0; channel < channels; channel++, x += plane, y += plane) {
    const at = (<usize>channel) << 2
    const scale = <f64>load<f32>(gamma + at) / sqrt(<f64>load<f32>(runningVariance + at) + epsilon)
    const shift = <f64>load<f32>(beta + at) - <f64>load<f32>(runningMean + at) * scale
    scaleChannel(x, y, rows, sample, positions, <f32>scale, <f32>shift)
  }
}

/** dx may be dy, or 0 to skip it. */
export function normalizationBackward(
  x: usize, gamma: usize, means: usize, inverses: usize, dy: usize, dGamma: usize, dBeta: usize, dx: usize,
  rows: i32, channels: i32, positions: i32,
): void {
  const share = <f64>1 / <f64>(rows * positions)
  const plane = (<usize>positions) << 2
  const sample = <usize>channels * plane
  if (positions == 1) {
    for (let channel = 0; channel < channels; channel += 4) {
      const at = (<usize>channel) << 2
      const left = channels - channel
      const mean = v128.load(means + at)
      const inverse = v128.load(inverses + at)
      let b0 = f64x2.splat(0), b1 = b0, g0 = b0, g1 = b0
      for (let row = 0, offset = at; row < rows; row++, offset += sample) {
        const grad = v128.load(dy + offset)
        const part = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + offset), mean), inverse), grad)
        b0 = f64x2.add(b0, low(grad)); b1 = f64x2.add(b1, high(grad))
        g0 = f64x2.add(g0, low(part)); g1 = f64x2.add(g1, high(part))
      }
      const shift = v128.shuffle<f64>(f32x4.demote_f64x2_zero(b0), f32x4.demote_f64x2_zero(b1), 0, 2)
      const scale = v128.shuffle<f64>(f32x4.demote_f64x2_zero(g0), f32x4.demote_f64x2_zero(g1), 0, 2)
      storeLanes(dBeta + at, shift, left)
      storeLanes(dGamma + at, scale, left)
      if (!dx) continue
      const factor = f32x4.mul(v128.load(gamma + at), inverse)
      const part = f32x4.splat(<f32>share)
      const meanShift = f32x4.mul(shift, part), meanScale = f32x4.mul(scale, part)
      for (let row = 0, offset = at; row < rows; row++, offset += sample) {
        const normalized = f32x4.mul(f32x4.sub(v128.load(x + offset), mean), inverse)
        const grad = f32x4.sub(f32x4.sub(v128.load(dy + offset), meanShift), f32x4.mul(normalized, meanScale))
        storeLanes(dx + offset, f32x4.mul(factor, grad), left)
      }
    }
    return
  }
  for (let channel = 0; channel < channels; channel++) {
    const at = (<usize>channel) << 2
    const start = <usize>channel * plane
    const mean = f32x4.splat(load<f32>(means + at))
    const inverse = f32x4.splat(load<f32>(inverses + at))
    let shifts = f64x2.splat(0), scales = f64x2.splat(0)
    for (let row = 0, base = start; row < rows; row++, base += sample) {
      for (let left = positions, offset = base; left > 0; left -= 4, offset += 16) {
        let grad = v128.load(dy + offset)
        let part = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + offset), mean), inverse), grad)
        if (left < 4) {
          grad = v128.and(grad, laneMask(left))
          part = v128.and(part, laneMask(left))
        }
        shifts = f64x2.add(shifts, f64x2.add(low(grad), high(grad)))
        scales = f64x2.add(scales, f64x2.add(low(part), high(part)))
      }
    }
    const shift = total(shifts)
    const scale = total(scales)
    store<f32>(dBeta + at, <f32>shift)
    store<f32>(dGamma + at, <f32>scale)
    if (!dx) continue
    const factor = f32x4.mul(f32x4.splat(load<f32>(gamma + at)), inverse)
    const meanShift = f32x4.splat(<f32>(shift * share)), meanScale = f32x4.splat(<f32>(scale * share))
    for (let row = 0, base = start; row < rows; row++, base += sample) {
      for (let left = positions, offset = base; left > 0; left -= 4, offset += 16) {
        const normalized = f32x4.mul(f32x4.sub(v128.load(x + offset), mean), inverse)
        const grad = f32x4.sub(f32x4.sub(v128.load(dy + offset), meanShift), f32x4.mul(normalized, meanScale))
        storeLanes(dx + offset, f32x4.mul(factor, grad), left)
      }
    }
  }
}
