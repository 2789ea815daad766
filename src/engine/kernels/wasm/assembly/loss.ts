/**
 * Losses, their gradients and the number of correct predictions, for N rows of m outputs. Losses are summed over the rows
 * in float64; the gradient is that of the batch's mean.
 */
import { activationDerivative } from './activations'
import { exp, log, log1p, sigmoid } from './exponential'
import { Accuracy, Activation, LossFunction } from './generated/operations'
import { exponentials, largest } from './softmax'
import { laneMask, multiplyAdd, multiplyAddFlushed, storeLanes, sumLanes } from './simd'

/** Smaller gradients are rounded to zero, because later products with them would be denormal. */
// @ts-ignore: decorator
@inline
const smallestGrad: f32 = 1e-20

/** −1 for the target 0, 1 for the target 1. */
// @ts-ignore: decorator
@inline
function hingeSign(target: v128): v128 {
  return v128.bitselect(f32x4.splat(1), f32x4.splat(-1), f32x4.ge(target, f32x4.splat(0.5)))
}

/** The loss of one element, before division by m. */
// @ts-ignore: decorator
@inline
function elementLoss(loss: i32, output: v128, target: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  const half = f32x4.splat(0.5)
  const difference = f32x4.sub(output, target)
  if (loss == LossFunction.squaredError) return f32x4.mul(f32x4.mul(difference, difference), half)
  if (loss == LossFunction.meanSquaredError) return f32x4.mul(difference, difference)
  if (loss == LossFunction.meanAbsoluteError) return f32x4.abs(difference)
  if (loss == LossFunction.huber) {
    const size = f32x4.abs(difference)
    return v128.bitselect(f32x4.sub(size, half), f32x4.mul(f32x4.mul(size, size), half), f32x4.gt(size, one))
  }
  if (loss == LossFunction.binaryCrossentropy) {
    const linear = f32x4.sub(f32x4.pmax(output, zero), f32x4.mul(output, target))
    return f32x4.add(linear, log1p(exp(f32x4.neg(f32x4.abs(output)))))
  }
  if (loss == LossFunction.hinge) {
    const sign = hingeSign(target)
    return f32x4.pmax(f32x4.sub(one, f32x4.mul(sign, output)), zero)
  }
  return f32x4.mul(f32x4.sub(v128.and(f32x4.ge(output, zero), one), target), output)
}

/** Its derivative with respect to the output, before division by N·m. */
// @ts-ignore: decorator
@inline
function elementGradient(loss: i32, output: v128, target: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  const difference = f32x4.sub(output, target)
  if (loss == LossFunction.squaredError) return difference
  if (loss == LossFunction.meanSquaredError) return f32x4.add(difference, difference)
  if (loss == LossFunction.meanAbsoluteError) {
    return f32x4.sub(v128.and(f32x4.gt(difference, zero), one), v128.and(f32x4.lt(difference, zero), one))
  }
  if (loss == LossFunction.huber) return f32x4.max(f32x4.min(difference, one), f32x4.splat(-1))
  if (loss == LossFunction.binaryCrossentropy) return f32x4.sub(sigmoid(output), target)
  if (loss == LossFunction.hinge) {
    const sign = hingeSign(target)
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
function elementLoop(loss: i32, output: usize, target: usize, gradient: usize, count: i32, scale: f32, squashed: bool): f64 {
  const factor = f32x4.splat(scale)
  let sum = f64x2.splat(0)
  for (; count > 0; count -= 4, output += 16, target += 16) {
    const o = v128.load(output)
    const t = v128.load(target)
    let value = elementLoss(loss, o, t)
    if (count < 4) value = v128.and(value, laneMask(count))
    sum = addLanes(sum, value)
    if (gradient) {
      const grad = elementGradient(loss, o, t)
      // Only gradients of logits become this small.
      const g = loss == LossFunction.binaryCrossentropy
        ? multiplyAddFlushed(grad, factor, f32x4.splat(0), f32x4.splat(smallestGrad))
        : f32x4.mul(grad, factor)
      storeLanes(gradient, squashed ? f32x4.mul(g, activationDerivative(Activation.sigmoid, o)) : g, count)
      gradient += 16
    }
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Rows whose logarithms are computed in one vector. */
const logBatch: i32 = 4

/**
 * Σ over rows of Σ t·(ln Σ e^z − z), and the gradient (softmax(z)·Σt − t)/N. Without a gradient, the exponentials go to
 * `scratch`. After them, scratch stores Σ e^z and Σt of up to four rows, whose logarithms are computed in one vector.
 */
function crossentropyLoop(output: usize, target: usize, gradient: usize, rows: i32, size: i32, scratch: usize): f64 {
  const bytes = (<usize>size) << 2
  const share: f32 = <f32>1 / <f32>rows
  const shares = f32x4.splat(share)
  const sums = scratch + ((bytes + 15) & ~15)
  const weights = sums + 16
  const smallest = f32x4.splat(smallestGrad)
  let total: f64 = 0
  let waiting = 0
  for (let row = 0; row < rows; row++, output += bytes, target += bytes) {
    const to = gradient ? gradient : scratch
    const shift = largest(output, size)
    const sum = exponentials(output, to, size, shift)
    const shifts = f32x4.splat(shift)
    let weight = f32x4.splat(0)
    let products = f32x4.splat(0)
    for (let left = size, z = output, t = target; left > 0; left -= 4, z += 16, t += 16) {
      let targets = v128.load(t)
      let distances = f32x4.sub(v128.load(z), shifts)
      if (left < 4) {
        targets = v128.and(targets, laneMask(left))
        distances = v128.and(distances, laneMask(left))
      }
      weight = f32x4.add(weight, targets)
      products = multiplyAdd(targets, distances, products)
    }
    const mass = sumLanes(weight)
    total -= <f64>sumLanes(products)
    const at = (<usize>waiting) << 2
    store<f32>(sums + at, sum)
    store<f32>(weights + at, mass)
    if (++waiting == logBatch || row + 1 == rows) {
      const logarithms = f32x4.mul(log(v128.load(sums)), v128.load(weights))
      total += laneSum(v128.and(logarithms, laneMask(waiting)))
      waiting = 0
    }
    if (gradient) {
      const factor = f32x4.splat((mass / sum) * share)
      for (let left = size, z = gradient, t = target; left > 0; left -= 4, z += 16, t += 16) {
        const minusTarget = f32x4.neg(f32x4.mul(v128.load(t), shares))
        storeLanes(z, multiplyAddFlushed(v128.load(z), factor, minusTarget, smallest), left)
      }
      gradient += bytes
    }
  }
  return total
}

/** crossentropyLoop for at most four outputs, with each row in one vector. */
function narrowCrossentropy(output: usize, target: usize, gradient: usize, rows: i32, size: i32): f64 {
  const bytes = (<usize>size) << 2
  const mask = laneMask(size)
  const share = f32x4.splat(<f32>1 / <f32>rows)
  let total = f64x2.splat(0)
  for (; rows > 0; rows--, output += bytes, target += bytes) {
    const z = v128.bitselect(v128.load(output), f32x4.splat(-Infinity), mask)
    let best = f32x4.pmax(z, v128.shuffle<f64>(z, z, 1, 0))
    best = f32x4.pmax(best, v128.shuffle<f32>(best, best, 1, 0, 3, 2))
    const distances = v128.and(f32x4.sub(z, best), mask)
    const e = v128.and(exp(distances), mask)
    const t = v128.and(v128.load(target), mask)
    const sum = broadcastSum(e)
    const mass = broadcastSum(t)
    // A quarter of the logarithm per lane, since all four lanes are summed.
    const logarithm = f32x4.mul(f32x4.mul(mass, f32x4.splat(0.25)), log(sum))
    total = addLanes(total, f32x4.sub(logarithm, f32x4.mul(t, distances)))
    if (gradient) {
      const grad = multiplyAddFlushed(e, f32x4.div(mass, sum), f32x4.neg(t), f32x4.splat(smallestGrad))
      storeLanes(gradient, f32x4.mul(grad, share), size)
      gradient += bytes
    }
  }
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}

/** Broadcasts the sum of the lanes. */
// @ts-ignore: decorator
@inline
function broadcastSum(x: v128): v128 {
  const pairs = f32x4.add(x, v128.shuffle<f64>(x, x, 1, 0))
  return f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2))
}

// @ts-ignore: decorator
@inline
function laneSum(lanes: v128): f64 {
  const sums = addLanes(f64x2.splat(0), lanes)
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
}

/**
 * Writes the gradient [rows, size] if not 0; `squashed` multiplies it by the derivative of the sigmoid of the outputs.
 * @returns Σ over rows of the row's loss. Scratch: `size` floats, rounded up to a multiple of four, plus eight.
 */
export function lossForward(loss: i32, output: usize, target: usize, gradient: usize, rows: i32, size: i32, scratch: usize, squashed: bool): f64 {
  const count = rows * size
  const perRow: f32 = <f32>1 / <f32>rows
  const perElement: f32 = <f32>1 / <f32>count
  const width = <f64>size
  switch (loss) {
    case LossFunction.squaredError: return elementLoop(LossFunction.squaredError, output, target, gradient, count, perRow, squashed)
    case LossFunction.meanSquaredError: return elementLoop(LossFunction.meanSquaredError, output, target, gradient, count, perElement, squashed) / width
    case LossFunction.meanAbsoluteError: return elementLoop(LossFunction.meanAbsoluteError, output, target, gradient, count, perElement, squashed) / width
    case LossFunction.huber: return elementLoop(LossFunction.huber, output, target, gradient, count, perElement, squashed) / width
    case LossFunction.binaryCrossentropy: return elementLoop(LossFunction.binaryCrossentropy, output, target, gradient, count, perElement, squashed) / width
    case LossFunction.categoricalCrossentropy:
      if (size <= 4) return narrowCrossentropy(output, target, gradient, rows, size)
      return crossentropyLoop(output, target, gradient, rows, size, scratch)
    case LossFunction.hinge: return elementLoop(LossFunction.hinge, output, target, gradient, count, perElement, squashed) / width
    case LossFunction.perceptron: return elementLoop(LossFunction.perceptron, output, target, gradient, count, perRow, squashed)
  }
  return unreachable()
}

/** Index of the largest value, the first one if there are several, without data-dependent branches. */
function indexOfLargest(x: usize, size: i32): i32 {
  const best = f32x4.splat(largest(x, size))
  for (let i = 0; i < size; i += 4, x += 16) {
    let equal = i32x4.bitmask(f32x4.eq(v128.load(x), best))
    if (size - i < 4) equal &= (1 << (size - i)) - 1
    if (equal) return i + ctz(equal)
  }
  return 0
}

/** Number of correct predictions: one per row for argmax, one per element for positive and half. */
export function rightAnswers(accuracy: i32, output: usize, target: usize, rows: i32, size: i32): i32 {
  let right = 0
  if (accuracy == Accuracy.argmax) {
    const bytes = (<usize>size) << 2
    for (; rows > 0; rows--, output += bytes, target += bytes) {
      right += i32(indexOfLargest(output, size) == indexOfLargest(target, size))
    }
  } else if (accuracy != Accuracy.none) {
    const half = f32x4.splat(0.5)
    const padImage = accuracy == Accuracy.half ? half : f32x4.splat(0)
    for (let left = rows * size; left > 0; left -= 4, output += 16, target += 16) {
      const said = f32x4.ge(v128.load(output), padImage)
      const wrong = v128.xor(said, f32x4.ge(v128.load(target), half))
      right += min(left, 4) - popcnt(i32x4.bitmask(v128.and(wrong, laneMask(left))))
    }
  }
  return right
}

/** The weight of a row, which follows its targets. */
// @ts-ignore: decorator
@inline
function rowWeight(target: usize, size: i32): f32 {
  return load<f32>(target + ((<usize>size) << 2))
}

/**
 * lossForward with row weights w, which follow the targets of each row. A row counts w / rows or, with `bySum`, w / Σ w.
 * @returns the batch's loss · rows; 0 when Σ w is 0.
 */
export function weightedLoss(loss: i32, output: usize, target: usize, gradient: usize, rows: i32, size: i32, bySum: bool, scratch: usize): f64 {
  const bytes = (<usize>size) << 2
  let divisor = <f64>rows
  if (bySum) {
    divisor = 0
    for (let row = 0, t = target; row < rows; row++, t += bytes + 4) divisor += <f64>rowWeight(t, size)
  }
  const share: f64 = divisor == 0 ? 0 : 1 / divisor
  let total: f64 = 0
  for (let row = 0; row < rows; row++, output += bytes, target += bytes + 4) {
    const weight = <f64>rowWeight(target, size) * share
    total += weight * lossForward(loss, output, target, gradient, 1, size, scratch, false)
    if (!gradient) continue
    const factor = f32x4.splat(<f32>weight)
    for (let left = size, g = gradient; left > 0; left -= 4, g += 16) storeLanes(g, f32x4.mul(v128.load(g), factor), left)
    gradient += bytes
  }
  return total * <f64>rows
}

/** rightAnswers for rows whose targets are followed by a weight. */
export function weightedAnswers(accuracy: i32, output: usize, target: usize, rows: i32, size: i32): i32 {
  const bytes = (<usize>size) << 2
  let right = 0
  for (; rows > 0; rows--, output += bytes, target += bytes + 4) right += rightAnswers(accuracy, output, target, 1, size)
  return right
}
