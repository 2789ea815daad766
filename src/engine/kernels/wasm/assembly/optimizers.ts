/** Optimizers, one pass over all parameters. Counts are multiples of 16; alignment gaps are zero. */
import { multiplyAdd, multiplyAddFlushed } from './simd'

/**
 * Smaller moments are rounded to zero, because the decaying moments of dead units would become denormal (see
 * multiplyAddFlushed).
 */
// @ts-ignore: decorator
@inline
const smallestMoment: f32 = 1e-30

// @ts-ignore: decorator
@inline
function flush(x: v128): v128 {
  const size = f32x4.splat(smallestMoment)
  return f32x4.sub(f32x4.add(x, size), size)
}

/** Scales the gradients to the Euclidean norm `limit` when their norm exceeds it. */
export function clipGradients(gradients: usize, count: i32, limit: f64): void {
  const end = gradients + ((<usize>count) << 2)
  let sum = f64x2.splat(0)
  for (let at = gradients; at < end; at += 16) {
    const g = v128.load(at)
    const low = f64x2.promote_low_f32x4(g)
    const high = f64x2.promote_low_f32x4(v128.shuffle<f64>(g, g, 1, 0))
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)))
  }
  const norm = sqrt(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1))
  if (!(norm > limit)) return
  const factor = f32x4.splat(<f32>(limit / norm))
  for (let at = gradients; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor))
}

/** to = g + weightDecay·θ + l1·sign(θ). */
export function decayWeights(
  parameters: usize, gradients: usize, to: usize, count: i32, weightDecay: f32, l1: f32,
): void {
  const decay = f32x4.splat(weightDecay)
  const end = parameters + ((<usize>count) << 2)
  if (l1 > 0) {
    const zero = f32x4.splat(0)
    const pull = f32x4.splat(l1)
    for (; parameters < end; parameters += 16, gradients += 16, to += 16) {
      const theta = v128.load(parameters)
      const away = f32x4.sub(v128.and(pull, f32x4.gt(theta, zero)), v128.and(pull, f32x4.lt(theta, zero)))
      v128.store(to, multiplyAdd(decay, theta, f32x4.add(v128.load(gradients), away)))
    }
    return
  }
  for (; parameters < end; parameters += 16, gradients += 16, to += 16) {
    v128.store(to, multiplyAdd(decay, v128.load(parameters), v128.load(gradients)))
  }
}

/** Updates four parameters by their gradients g; see sgdUpdate. */
// @ts-ignore: decorator
@inline
export function sgdStep(
  parameters: usize, velocity: usize, g: v128, minusRate: v128, momentum: v128, nesterov: bool, weightDecay: v128,
): void {
  const theta = v128.load(parameters)
  // The gradient is available last, so few operations depend on it.
  const decay = f32x4.mul(weightDecay, theta)
  if (!velocity) {
    v128.store(parameters, multiplyAdd(minusRate, f32x4.add(g, decay), theta))
    return
  }
  const delta = f32x4.add(multiplyAdd(momentum, v128.load(velocity), decay), g)
  v128.store(velocity, flush(delta))
  v128.store(parameters, multiplyAdd(minusRate, nesterov ? multiplyAdd(momentum, delta, f32x4.add(g, decay)) : delta, theta))
}

/** g ← g + weightDecay·θ; δ ← momentum·δ + g; θ ← θ − α·δ, or with Nesterov θ − α·(g + momentum·δ). velocity 0: none. */
export function sgdUpdate(
  parameters: usize, gradients: usize, velocity: usize, count: i32,
  rate: f32, momentum: f32, nesterov: bool, weightDecay: f32,
): void {
  const minusRate = f32x4.splat(-rate)
  const decay = f32x4.splat(weightDecay)
  const beta = f32x4.splat(momentum)
  const end = parameters + ((<usize>count) << 2)
  const distance = velocity - parameters
  for (; parameters < end; parameters += 16, gradients += 16) {
    sgdStep(parameters, velocity ? parameters + distance : 0, v128.load(gradients), minusRate, beta, nesterov, decay)
  }
}

/** base^exponent by squaring. */
function power(base: f64, exponent: u64): f64 {
  let result: f64 = 1
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base
    base *= base
  }
  return result
}

/** Adam or, with weightDecay, AdamW; `step` counts from 1. The bias corrections are folded into two factors. */
export function adamUpdate(
  parameters: usize, gradients: usize, firstMoment: usize, secondMoment: usize, count: i32,
  rate: f64, beta1: f64, beta2: f64, epsilon: f64, biasCorrection: bool, weightDecay: f64, step: u64,
): void {
  let size = rate
  let root: f64 = 1
  if (biasCorrection) {
    size = rate / (1 - power(beta1, step))
    root = 1 / sqrt(1 - power(beta2, step))
  }
  const b1 = f32x4.splat(<f32>beta1)
  const c1 = f32x4.splat(<f32>(1 - beta1))
  const b2 = f32x4.splat(<f32>beta2)
  const c2 = f32x4.splat(<f32>(1 - beta2))
  const keep = f32x4.splat(<f32>(1 - rate * weightDecay))
  const minusSize = f32x4.splat(<f32>-size)
  const roots = f32x4.splat(<f32>root)
  const e = f32x4.splat(<f32>epsilon)
  const end = parameters + ((<usize>count) << 2)
  for (; parameters < end; parameters += 16, gradients += 16, firstMoment += 16, secondMoment += 16) {
    const g = v128.load(gradients)
    const m = flush(multiplyAdd(b1, v128.load(firstMoment), f32x4.mul(c1, g)))
    const v = multiplyAddFlushed(f32x4.mul(c2, g), g, f32x4.mul(b2, v128.load(secondMoment)), f32x4.splat(smallestMoment))
    v128.store(firstMoment, m)
    v128.store(secondMoment, v)
    const ratio = f32x4.div(m, multiplyAdd(f32x4.sqrt(v), roots, e))
    v128.store(parameters, multiplyAdd(minusSize, ratio, f32x4.mul(v128.load(parameters), keep)))
  }
}

/** v ← keep·v + add·g²; θ ← θ − α·g/(√v + ε): RMSprop with keep = rho, add = 1 − rho; Adagrad with hasSecond 1. */
export function scaledUpdate(
  parameters: usize, gradients: usize, squares: usize, count: i32, rate: f64, keep: f64, add: f64, epsilon: f64,
): void {
  const kept = f32x4.splat(<f32>keep)
  const added = f32x4.splat(<f32>add)
  const minusRate = f32x4.splat(<f32>-rate)
  const e = f32x4.splat(<f32>epsilon)
  const end = parameters + ((<usize>count) << 2)
  for (; parameters < end; parameters += 16, gradients += 16, squares += 16) {
    const g = v128.load(gradients)
    const v = multiplyAddFlushed(f32x4.mul(added, g), g, f32x4.mul(kept, v128.load(squares)), f32x4.splat(smallestMoment))
    v128.store(squares, v)
    const ratio = f32x4.div(g, f32x4.add(f32x4.sqrt(v), e))
    v128.store(parameters, multiplyAdd(minusRate, ratio, v128.load(parameters)))
  }
}
