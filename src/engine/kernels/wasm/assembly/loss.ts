/**
 * Losses with their gradients and the count of right answers. N rows, m outputs; the sum over rows of the row's loss
 * goes to a float64 sum, the gradient is that of the batch's mean. The codes are those of operations.ts.
 */
import { exp, log, log1p, sigmoid } from './exponential'
import { exponentials, largest } from './softmax'
import { laneMask, storeLanes } from './simd'

export namespace Loss {
  export const squaredError: i32 = 0
  export const meanSquaredError: i32 = 1
  export const meanAbsoluteError: i32 = 2
  export const huber: i32 = 3
  export const binaryCrossentropy: i32 = 4
  export const categoricalCrossentropy: i32 = 5
  export const hinge: i32 = 6
  export const perceptron: i32 = 7
}

export namespace Accuracy {
  export const none: i32 = 0
  export const argmax: i32 = 1
  export const positive: i32 = 2
  export const half: i32 = 3
}

/** Targets 0 and 1 read as ∓1. */
// @ts-ignore: decorator
@inline
function signOf(target: v128): v128 {
  return v128.bitselect(f32x4.splat(1), f32x4.splat(-1), f32x4.ge(target, f32x4.splat(0.5)))
}

/** One element's loss, not yet divided by m. */
// @ts-ignore: decorator
@inline
function elementLoss(loss: i32, output: v128, target: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  const half = f32x4.splat(0.5)
  const difference = f32x4.sub(output, target)
  if (loss == Loss.squaredError) return f32x4.mul(f32x4.mul(difference, difference), half)
  if (loss == Loss.meanSquaredError) return f32x4.mul(difference, difference)
  if (loss == Loss.meanAbsoluteError) return f32x4.abs(difference)
  if (loss == Loss.huber) {
    const size = f32x4.abs(difference)
    return v128.bitselect(f32x4.sub(size, half), f32x4.mul(f32x4.mul(size, size), half), f32x4.gt(size, one))
  }
  if (loss == Loss.binaryCrossentropy) {
    const linear = f32x4.sub(f32x4.pmax(output, zero), f32x4.mul(output, target))
    return f32x4.add(linear, log1p(exp(f32x4.neg(f32x4.abs(output)))))
  }
  if (loss == Loss.hinge) {
    const sign = signOf(target)
    return f32x4.pmax(f32x4.sub(one, f32x4.mul(sign, output)), zero)
  }
  return f32x4.mul(f32x4.sub(v128.and(f32x4.ge(output, zero), one), target), output)
}

/** Its derivative by the output, not yet divided by N·m. */
// @ts-ignore: decorator
@inline
function elementGradient(loss: i32, output: v128, target: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  const difference = f32x4.sub(output, target)
  if (loss == Loss.squaredError) return difference
  if (loss == Loss.meanSquaredError) return f32x4.add(difference, difference)
  if (loss == Loss.meanAbsoluteError) {
    return f32x4.sub(v128.and(f32x4.gt(difference, zero), one), v128.and(f32x4.lt(difference, zero), one))
  }
  if (loss == Loss.huber) return f32x4.max(f32x4.min(difference, one), f32x4.splat(-1))
  if (loss == Loss.binaryCrossentropy) return f32x4.sub(sigmoid(output), target)
  if (loss == Loss.hinge) {
    const sign = signOf(target)
    return v128.and(f32x4.neg(sign), f32x4.gt(f32x4.sub(one, f32x4.mul(sign, output)), zero))
  }
  return f32x4.sub(v128.and(f32x4.ge(output, zero), one), target)
}

/** Adds the four lanes to two float64 sums. */
// @ts-ignore: decorator
@inline
function addLanes(sum: v128, lanes: v128): v128 {
  const low = f64x2.promote_low_f32x4(lanes)
  const high = f64x2.promote_low_f32x4(v128.shuffle<f64>(lanes, lanes, 1, 0))
  return f64x2.add(sum, f64x2.add(low, high))
}

// @ts-ignore: decorator
@inline
function elementLoop(loss: i32, output: usize, target: usize, gradient: usize, count: i32, scale: f32): f64 {
  const factor = f32x4.splat(scale)
  let sum = f64x2.splat(0)
  for (; count > 0; count -= 4, output += 16, target += 16) {
    const o = v128.load(output)
    const t = v128.load(target)
    let value = elementLoss(loss, o, t)
    if (count < 4) value = v128.and(value, laneMask(count))
    sum = addLanes(sum, value)
    if (gradient) {
      storeLanes(gradient, f32x4.mul(elementGradient(loss, o, t), factor), count)
      gradient += 16
    }
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Σ over rows of Σ t·(ln Σ e^z − z), and (softmax(z)·Σt − t)/N. Without a gradient to fill, `scratch` takes the exponentials. */
function crossentropyLoop(output: usize, target: usize, gradient: usize, rows: i32, size: i32, scratch: usize): f64 {
  const bytes = (<usize>size) << 2
  const share: f32 = <f32>1 / <f32>rows
  let total: f64 = 0
  for (; rows > 0; rows--, output += bytes, target += bytes) {
    const to = gradient ? gradient : scratch
    const shift = largest(output, size)
    const sum = exponentials(output, to, size, shift)
    const logarithm = f32x4.extract_lane(log(f32x4.splat(sum)), 0)
    let weight: f32 = 0
    let loss: f32 = 0
    for (let i: usize = 0; i < bytes; i += 4) {
      const t = load<f32>(target + i)
      weight += t
      if (t != 0) loss += t * (logarithm - (load<f32>(output + i) - shift))
    }
    total += <f64>loss
    if (gradient) {
      const factor = f32x4.splat((weight / sum) * share)
      const shares = f32x4.splat(share)
      let at = gradient
      let from = target
      let left = size
      for (; left > 0; left -= 4, at += 16, from += 16) {
        storeLanes(at, f32x4.sub(f32x4.mul(v128.load(at), factor), f32x4.mul(v128.load(from), shares)), left)
      }
      gradient += bytes
    }
  }
  return total
}

/**
 * Writes the gradient [rows, size] where there is one (0: none).
 * @returns Σ over rows of the row's loss. Scratch: `size` floats, rounded up to four.
 */
export function lossForward(loss: i32, output: usize, target: usize, gradient: usize, rows: i32, size: i32, scratch: usize): f64 {
  const count = rows * size
  const perRow: f32 = <f32>1 / <f32>rows
  const perElement: f32 = <f32>1 / <f32>count
  const width = <f64>size
  switch (loss) {
    case Loss.squaredError: return elementLoop(Loss.squaredError, output, target, gradient, count, perRow)
    case Loss.meanSquaredError: return elementLoop(Loss.meanSquaredError, output, target, gradient, count, perElement) / width
    case Loss.meanAbsoluteError: return elementLoop(Loss.meanAbsoluteError, output, target, gradient, count, perElement) / width
    case Loss.huber: return elementLoop(Loss.huber, output, target, gradient, count, perElement) / width
    case Loss.binaryCrossentropy: return elementLoop(Loss.binaryCrossentropy, output, target, gradient, count, perElement) / width
    case Loss.categoricalCrossentropy: return crossentropyLoop(output, target, gradient, rows, size, scratch)
    case Loss.hinge: return elementLoop(Loss.hinge, output, target, gradient, count, perElement) / width
    default: return elementLoop(Loss.perceptron, output, target, gradient, count, perRow)
  }
}

function indexOfLargest(x: usize, size: i32): i32 {
  let best = load<f32>(x)
  let index = 0
  for (let i = 1; i < size; i++) {
    const value = load<f32>(x + ((<usize>i) << 2))
    if (value > best) {
      best = value
      index = i
    }
  }
  return index
}

/** How many answers are right: one a row for argmax, one an element for positive (output ≥ 0) and half (output ≥ ½). */
export function rightAnswers(accuracy: i32, output: usize, target: usize, rows: i32, size: i32): i32 {
  let right = 0
  if (accuracy == Accuracy.argmax) {
    const bytes = (<usize>size) << 2
    for (; rows > 0; rows--, output += bytes, target += bytes) {
      if (indexOfLargest(output, size) == indexOfLargest(target, size)) right++
    }
  } else if (accuracy != Accuracy.none) {
    const border: f32 = accuracy == Accuracy.half ? 0.5 : 0
    for (let i = rows * size; i > 0; i--, output += 4, target += 4) {
      right += i32((load<f32>(output) >= border) == (load<f32>(target) >= <f32>0.5))
    }
  }
  return right
}
