/** Dense layers as products. Sizes in floats; every matrix row-major and contiguous. */
import { activate } from './activations'
import { product } from './product'
import { laneMask, storeLanes, sumLanes } from './simd'

/** y [rows, units] = activation(x [rows, inputs] · weightᵀ + bias); z, where wanted, keeps the sum. */
export function denseForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, inputs: i32, units: i32, activation: i32, scratch: usize,
): void {
  const depth = (<usize>inputs) << 2
  const sums = z ? z : y
  product(rows, units, inputs, x, depth, 4, weight, 4, depth, sums, (<usize>units) << 2, bias, scratch)
  activate(activation, sums, y, rows * units)
}

/** dWeight [units, inputs] = dzᵀ · x; dBias [units] = Σ over rows of dz. */
export function denseBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, inputs: i32, units: i32, scratch: usize,
): void {
  const across = (<usize>units) << 2
  const along = (<usize>inputs) << 2
  product(units, inputs, rows, dz, 4, across, x, along, 4, dWeight, along, 0, scratch)
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
  product(rows, inputs, units, dz, across, 4, weight, along, 4, dx, along, 0, scratch)
}
