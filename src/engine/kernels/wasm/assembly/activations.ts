/** Activation functions and their derivatives over contiguous values. */
import { bell, exp, log1p, normalDistribution, sigmoid, tanh } from './exponential'
import { Activation } from './generated/operations'
import { multiplyAdd, storeLanes } from './simd'

// @ts-ignore: decorator
@inline
const leak: f32 = 0.01

// @ts-ignore: decorator
@inline
function activationValue(activation: i32, x: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (activation == Activation.step) return v128.and(f32x4.ge(x, zero), one)
  if (activation == Activation.sigmoid) return sigmoid(x)
  if (activation == Activation.tanh) return tanh(x)
  if (activation == Activation.relu) return f32x4.pmax(x, zero)
  if (activation == Activation.leakyRelu) return v128.bitselect(f32x4.mul(x, f32x4.splat(leak)), x, f32x4.lt(x, zero))
  if (activation == Activation.elu) return v128.bitselect(f32x4.sub(exp(x), one), x, f32x4.lt(x, zero))
  if (activation == Activation.gelu) return f32x4.mul(x, normalDistribution(x, bell(x)))
  if (activation == Activation.softplus) return f32x4.add(f32x4.pmax(x, zero), log1p(exp(f32x4.neg(f32x4.abs(x)))))
  return x
}

/** The derivative, from the output, or from the input if the catalogue says `z`. */
// @ts-ignore: decorator
@inline
export function activationDerivative(activation: i32, y: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (activation == Activation.sigmoid) return f32x4.mul(y, f32x4.sub(one, y))
  if (activation == Activation.tanh) return f32x4.sub(one, f32x4.mul(y, y))
  if (activation == Activation.relu) return v128.and(f32x4.gt(y, zero), one)
  if (activation == Activation.leakyRelu) return v128.bitselect(one, f32x4.splat(leak), f32x4.gt(y, zero))
  if (activation == Activation.elu) return v128.bitselect(one, f32x4.add(y, one), f32x4.gt(y, zero))
  if (activation == Activation.gelu) {
    const e = bell(y)
    return multiplyAdd(f32x4.mul(y, f32x4.splat(0.39894228)), e, normalDistribution(y, e))
  }
  if (activation == Activation.softplus) return f32x4.sub(one, exp(f32x4.neg(y)))
  return zero
}

// @ts-ignore: decorator
@inline
function forwardLoop(activation: i32, x: usize, y: usize, count: i32): void {
  for (; count >= 4; count -= 4, x += 16, y += 16) v128.store(y, activationValue(activation, v128.load(x)))
  if (count > 0) storeLanes(y, activationValue(activation, v128.load(x)), count)
}

/** y [count] = activation(x); y may be x. */
export function activate(activation: i32, x: usize, y: usize, count: i32): void {
  switch (activation) {
    case Activation.step: forwardLoop(Activation.step, x, y, count); break
    case Activation.sigmoid: forwardLoop(Activation.sigmoid, x, y, count); break
    case Activation.tanh: forwardLoop(Activation.tanh, x, y, count); break
    case Activation.relu: forwardLoop(Activation.relu, x, y, count); break
    case Activation.leakyRelu: forwardLoop(Activation.leakyRelu, x, y, count); break
    case Activation.elu: forwardLoop(Activation.elu, x, y, count); break
    case Activation.gelu: forwardLoop(Activation.gelu, x, y, count); break
    case Activation.softplus: forwardLoop(Activation.softplus, x, y, count); break
    case Activation.linear: if (x != y) forwardLoop(Activation.linear, x, y, count); break
    default: unreachable()
  }
}

// @ts-ignore: decorator
@inline
function backwardLoop(activation: i32, source: usize, dy: usize, count: i32): void {
  for (; count >= 4; count -= 4, source += 16, dy += 16) {
    v128.store(dy, f32x4.mul(v128.load(dy), activationDerivative(activation, v128.load(source))))
  }
  if (count > 0) storeLanes(dy, f32x4.mul(v128.load(dy), activationDerivative(activation, v128.load(source))), count)
}

/** dy [count] ← dy · activation′(source). */
export function activateBackward(activation: i32, source: usize, dy: usize, count: i32): void {
  switch (activation) {
    case Activation.linear: break
    case Activation.sigmoid: backwardLoop(Activation.sigmoid, source, dy, count); break
    case Activation.tanh: backwardLoop(Activation.tanh, source, dy, count); break
    case Activation.relu: backwardLoop(Activation.relu, source, dy, count); break
    case Activation.leakyRelu: backwardLoop(Activation.leakyRelu, source, dy, count); break
    case Activation.elu: backwardLoop(Activation.elu, source, dy, count); break
    case Activation.gelu: backwardLoop(Activation.gelu, source, dy, count); break
    case Activation.softplus: backwardLoop(Activation.softplus, source, dy, count); break
    case Activation.step: backwardLoop(Activation.step, source, dy, count); break
    default: unreachable()
  }
}
