/**
 * Training steps of small dense networks with batches of four rows, one row per lane. Buffers [4, width] are stored
 * transposed as [width, 4], so that vectors are full for every width; elementwise activations and losses need no change.
 * ../narrow.ts selects the programs.
 */
import { activate, activateBackward, activationDerivative } from './activations'
import { sigmoid } from './exponential'
import {
  Accuracy,
  Activation,
  ActivationBackward,
  DenseBackwardInput,
  DenseBackwardWeights,
  DenseForward,
  Loss,
  SgdUpdate,
} from './generated/operations'
import { lossForward } from './loss'
import { learningRate, lossSum, operationScratch, right, runOperations, setSums } from './operations'
import { sgdStep } from './optimizers'
import { zeros } from './gemm'
import { laneMask, multiplyAdd, sumLanesOfFour } from './simd'

/** Rows of a batch, one per lane. */
export const narrowRows: i32 = 4

/** Copies four rows of `width` floats, in the given order, to [width, 4]. */
export function gatherColumns(from: usize, to: usize, width: i32, order: usize): void {
  for (let row = 0; row < narrowRows; row++, order += 4, to += 4) {
    let at = from + (<usize>load<u32>(order) * <usize>width << 2)
    for (let i = 0, column = to; i < width; i++, at += 4, column += 16) store<f32>(column, load<f32>(at))
  }
}

// @ts-expect-error: decorator
@inline
function addProduct(scalar: usize, column: v128, sum: v128): v128 {
  return multiplyAdd(v128.load32_splat(scalar), column, sum)
}

/** sums [units, 4] = weight [units, inputs] · x [inputs, 4] + bias, followed by the sigmoid if `squash`. */
function forward(x: usize, weight: usize, bias: usize, sums: usize, inputs: i32, units: i32, squash: bool): void {
  const across = (<usize>inputs) << 2
  for (; units >= 4; units -= 4, weight += across * 4, bias += 16, sums += 64) {
    let s0 = v128.load32_splat(bias), s1 = v128.load32_splat(bias, 4)
    let s2 = v128.load32_splat(bias, 8), s3 = v128.load32_splat(bias, 12)
    for (let w = weight, last = weight + across, column = x; w < last; w += 4, column += 16) {
      const v = v128.load(column)
      s0 = addProduct(w, v, s0)
      s1 = addProduct(w + across, v, s1)
      s2 = addProduct(w + 2 * across, v, s2)
      s3 = addProduct(w + 3 * across, v, s3)
    }
    v128.store(sums, squash ? sigmoid(s0) : s0)
    v128.store(sums, squash ? sigmoid(s1) : s1, 16)
    v128.store(sums, squash ? sigmoid(s2) : s2, 32)
    v128.store(sums, squash ? sigmoid(s3) : s3, 48)
  }
  for (; units > 0; units--, weight += across, bias += 4, sums += 16) {
    // Two independent sums hide the latency of the multiply-adds.
    let even = v128.load32_splat(bias)
    let odd = f32x4.splat(0)
    let column = x
    let w = weight
    for (let left = inputs; left >= 2; left -= 2, w += 8, column += 32) {
      even = addProduct(w, v128.load(column), even)
      odd = addProduct(w + 4, v128.load(column, 16), odd)
    }
    if (inputs & 1) even = addProduct(w, v128.load(column), even)
    const sum = f32x4.add(even, odd)
    v128.store(sums, squash ? sigmoid(sum) : sum)
  }
}

/** dx [inputs, 4] = weightᵀ · dz [units, 4], addProduct the sigmoid's derivative at its output y [inputs, 4] if y is not 0. */
function backwardInput(dz: usize, weight: usize, dx: usize, y: usize, inputs: i32, units: i32): void {
  const across = (<usize>inputs) << 2
  for (; inputs > 0; inputs--, weight += 4, dx += 16) {
    let grad = f32x4.splat(1)
    if (y) {
      grad = activationDerivative(Activation.sigmoid, v128.load(y))
      y += 16
    }
    let sum = f32x4.mul(f32x4.mul(v128.load32_splat(weight), grad), v128.load(dz))
    for (let unit = 1, w = weight + across, column = dz + 16; unit < units; unit++, w += across, column += 16) {
      sum = multiplyAdd(f32x4.mul(v128.load32_splat(w), grad), v128.load(column), sum)
    }
    v128.store(dx, sum)
  }
}

// @ts-expect-error: decorator
@inline
function multiplyLanes(a: usize, b: usize): v128 {
  return f32x4.mul(v128.load(a), v128.load(b))
}

// @ts-expect-error: decorator
@inline
function multiplyBy(vector: v128, b: usize): v128 {
  return f32x4.mul(vector, v128.load(b))
}

/**
 * dWeight [units, inputs] = dz · xᵀ, four adjacent elements at a time, across units; dBias [units] = Σ over rows of dz.
 * `sgd` (0: none) is an update operation to apply to each parameter as soon as its gradient is computed.
 */
function backwardWeights(x: usize, dz: usize, dWeight: usize, dBias: usize, inputs: i32, units: i32, sgd: usize): void {
  const velocity = sgd ? SgdUpdate.velocity(sgd) : 0
  const toParameters = sgd ? SgdUpdate.parameters(sgd) - SgdUpdate.gradients(sgd) : 0
  const toVelocity = sgd ? velocity - SgdUpdate.gradients(sgd) : 0
  const minusRate = f32x4.splat(-<f32>learningRate)
  const momentum = f32x4.splat(sgd ? <f32>SgdUpdate.momentum(sgd) : 0)
  const nesterov = sgd ? SgdUpdate.nesterov(sgd) : false
  const decay = f32x4.splat(sgd ? <f32>SgdUpdate.weightDecay(sgd) : 0)
  const end = x + ((<usize>inputs) << 4)
  let column = x
  let unit = dz
  // Reads past the last unit; masks keep the padding after the last weight and bias zero.
  for (let left = units * inputs; left > 0; left -= 4, dWeight += 16) {
    let g: v128
    if (!(inputs & 3)) {
      const d = v128.load(unit)
      g = sumLanesOfFour(multiplyBy(d, column), multiplyBy(d, column + 16), multiplyBy(d, column + 32), multiplyBy(d, column + 48))
      column += 64
      if (column == end) { column = x; unit += 16 }
    } else if (inputs == 2) {
      g = sumLanesOfFour(multiplyLanes(unit, x), multiplyLanes(unit, x + 16), multiplyLanes(unit + 16, x), multiplyLanes(unit + 16, x + 16))
      unit += 32
      if (left < 4) g = v128.and(g, laneMask(left))
    } else {
      const s0 = multiplyLanes(unit, column)
      column += 16
      if (column == end) { column = x; unit += 16 }
      const s1 = multiplyLanes(unit, column)
      column += 16
      if (column == end) { column = x; unit += 16 }
      const s2 = multiplyLanes(unit, column)
      column += 16
      if (column == end) { column = x; unit += 16 }
      const s3 = multiplyLanes(unit, column)
      column += 16
      if (column == end) { column = x; unit += 16 }
      g = sumLanesOfFour(s0, s1, s2, s3)
      if (left < 4) g = v128.and(g, laneMask(left))
    }
    v128.store(dWeight, g)
    if (sgd) sgdStep(dWeight + toParameters, velocity ? dWeight + toVelocity : 0, g, minusRate, momentum, nesterov, decay)
  }
  if (!dBias) return
  for (; units > 0; units -= 4, dz += 64, dBias += 16) {
    let g = sumLanesOfFour(v128.load(dz), v128.load(dz, 16), v128.load(dz, 32), v128.load(dz, 48))
    if (units < 4) g = v128.and(g, laneMask(units))
    v128.store(dBias, g)
    if (sgd) sgdStep(dBias + toParameters, velocity ? dBias + toVelocity : 0, g, minusRate, momentum, nesterov, decay)
  }
}

/** Number of correct predictions of a transposed batch. */
// @ts-expect-error: decorator
@inline
function rightColumns(accuracy: i32, output: usize, target: usize, size: i32): i32 {
  if (accuracy == Accuracy.none) return 0
  const half = f32x4.splat(0.5)
  const padImage = accuracy == Accuracy.half ? half : f32x4.splat(0)
  let wrong = 0
  for (let left = size; left > 0; left--, output += 16, target += 16) {
    const differ = v128.xor(f32x4.ge(v128.load(output), padImage), f32x4.ge(v128.load(target), half))
    wrong += popcnt(i32x4.bitmask(differ))
  }
  return narrowRows * size - wrong
}

// @ts-expect-error: decorator
@inline
function next(w: usize): usize {
  return w + ((<usize>load<i32>(w, 4)) << 2)
}

/** Runs one step over a transposed batch. The addresses are those of the lists and the end of the last list. */
export function narrowStep(from: usize, backward: usize, update: usize, end: usize): void {
  for (let w = from; w < backward; w = next(w)) {
    const bias = DenseForward.bias(w)
    const y = DenseForward.y(w)
    const z = DenseForward.z(w)
    const sums = z ? z : y
    const units = DenseForward.units(w)
    const activation = DenseForward.activation(w)
    const squash = activation == Activation.sigmoid
    forward(
      DenseForward.x(w), DenseForward.weight(w), bias ? bias : zeros, sums, DenseForward.inputs(w), units, squash,
    )
    if (!squash) activate(activation, sums, y, narrowRows * units)
  }
  // A fused update changes the weights, so all input gradients are computed first.
  const sgd = load<i32>(update) == SgdUpdate.code ? update : 0
  for (let w = backward; w < update; w = next(w)) {
    const code = load<i32>(w)
    const following = next(w)
    const squashed =
      following < update &&
      load<i32>(following) == ActivationBackward.code &&
      ActivationBackward.activation(following) == Activation.sigmoid
    if (code == DenseBackwardInput.code) {
      const y = squashed ? ActivationBackward.source(following) : 0
      backwardInput(
        DenseBackwardInput.dz(w), DenseBackwardInput.weight(w), DenseBackwardInput.dx(w), y,
        DenseBackwardInput.inputs(w), DenseBackwardInput.units(w),
      )
    } else if (code == Loss.code) {
      const size = Loss.outputs(w)
      const output = Loss.output(w)
      const target = Loss.target(w)
      const loss = lossForward(
        Loss.loss(w), output, target, Loss.gradient(w), narrowRows, size, operationScratch, squashed,
      )
      setSums(lossSum + loss, right + <f64>rightColumns(Loss.accuracy(w), output, target, size))
    } else {
      if (code == ActivationBackward.code) {
        const values = narrowRows * ActivationBackward.size(w)
        activateBackward(ActivationBackward.activation(w), ActivationBackward.source(w), ActivationBackward.dy(w), values)
      }
      continue
    }
    if (squashed) w = following
  }
  for (let w = backward; w < update; w = next(w)) {
    if (load<i32>(w) != DenseBackwardWeights.code) continue
    backwardWeights(
      DenseBackwardWeights.x(w), DenseBackwardWeights.dz(w), DenseBackwardWeights.dWeight(w),
      DenseBackwardWeights.dBias(w), DenseBackwardWeights.inputs(w), DenseBackwardWeights.units(w), sgd,
    )
  }
  if (!sgd) runOperations(update, end)
}
