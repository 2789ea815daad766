/** Dense layers as matrix products. Sizes in floats; all matrices are row-major and contiguous. */
import { activate } from './activations'
import { fourDots, gemmNarrow, gemm, zeros } from './gemm'
import { laneMask, multiplyAdd, storeLanes, sumLanes } from './simd'

/** y [rows, units] = activation(x [rows, inputs] · weightᵀ + bias); z, if not 0, receives the value before the activation. */
export function denseForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, inputs: i32, units: i32, activation: i32, scratch: usize,
): void {
  const depth = (<usize>inputs) << 2
  const sums = z ? z : y
  if (units == 1 && inputs <= 16) {
    const start = bias ? bias : zeros
    for (let row = 0; row < rows; row += 4) {
      fourDots(min(rows - row, 4), inputs, weight, x + <usize>row * depth, depth, sums + ((<usize>row) << 2), start, 0)
    }
  } else if (inputs <= 4 && units <= 4) tinyForward(x, weight, bias ? bias : zeros, sums, rows, inputs, units)
  else gemm(rows, units, inputs, x, depth, 4, weight, 4, depth, sums, (<usize>units) << 2, bias, scratch)
  activate(activation, sums, y, rows * units)
}

/** sums = x · weightᵀ + bias, with one column of the weights in each of four registers. */
function tinyForward(x: usize, weight: usize, bias: usize, sums: usize, rows: i32, inputs: i32, units: i32): void {
  const depth = (<usize>inputs) << 2
  const across = (<usize>units) << 2
  const w0 = v128.load(weight)
  const w1 = v128.load(weight + depth), w2 = v128.load(weight + 2 * depth), w3 = v128.load(weight + 3 * depth)
  const low01 = v128.shuffle<f32>(w0, w1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(w0, w1, 2, 6, 3, 7)
  const low23 = v128.shuffle<f32>(w2, w3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(w2, w3, 2, 6, 3, 7)
  const first = v128.shuffle<f64>(low01, low23, 0, 2), second = v128.shuffle<f64>(low01, low23, 1, 3)
  const third = v128.shuffle<f64>(high01, high23, 0, 2), fourth = v128.shuffle<f64>(high01, high23, 1, 3)
  const start = v128.load(bias)
  for (; rows > 0; rows--, x += depth, sums += across) {
    let sum = multiplyAdd(v128.load32_splat(x), first, start)
    if (inputs > 1) sum = multiplyAdd(v128.load32_splat(x, 4), second, sum)
    if (inputs > 2) sum = multiplyAdd(v128.load32_splat(x, 8), third, sum)
    if (inputs > 3) sum = multiplyAdd(v128.load32_splat(x, 12), fourth, sum)
    storeLanes(sums, sum, units)
  }
}

/** dWeight [units, inputs] = dzᵀ · x; dBias [units] = Σ over rows of dz. */
export function denseBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, inputs: i32, units: i32, scratch: usize,
): void {
  const across = (<usize>units) << 2
  const along = (<usize>inputs) << 2
  if (inputs <= 4) gemmNarrow(units, inputs, rows, dz, 4, across, x, along, dWeight, along, zeros)
  else gemm(units, inputs, rows, dz, 4, across, x, along, 4, dWeight, along, 0, scratch)
  if (dBias) sumRows(dz, dBias, rows, units)
}

/** sums [width] = Σ over rows of x [rows, width]. */
export function sumRows(x: usize, sums: usize, rows: i32, width: i32): void {
  if (width == 1) {
    let sum = f32x4.splat(0)
    for (; rows >= 4; rows -= 4, x += 16) sum = f32x4.add(sum, v128.load(x))
    if (rows > 0) sum = f32x4.add(sum, v128.and(v128.load(x), laneMask(rows)))
    store<f32>(sums, sumLanes(sum))
    return
  }
  const bytes = (<usize>width) << 2
  for (let left = width; left > 0; left -= 4, x += 16, sums += 16) {
    let sum = v128.load(x)
    for (let row = 1, at = x + bytes; row < rows; row++, at += bytes) sum = f32x4.add(sum, v128.load(at))
    storeLanes(sums, sum, left)
  }
}

/** dx [rows, inputs] = dz [rows, units] · weight. */
export function denseBackwardInput(dz: usize, weight: usize, dx: usize, rows: i32, inputs: i32, units: i32, scratch: usize): void {
  const across = (<usize>units) << 2
  const along = (<usize>inputs) << 2
  if (inputs <= 4) gemmNarrow(rows, inputs, units, dz, across, 4, weight, along, dx, along, zeros)
  else gemm(rows, inputs, units, dz, across, 4, weight, along, 4, dx, along, 0, scratch)
}
