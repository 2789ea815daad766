/**
 * Locally connected layers: each position is a small dense layer over its patch. x [rows, channels, height, width],
 * weight [positions, filters, channels · kernelHeight · kernelWidth], y [rows, filters, positions].
 * Scratch memory at `operationScratch`: patches [rows, taps], values [rows, filters].
 */
import { activate } from './activations'
import { Sizes, floats } from './convolution-image'
import { gemm } from './gemm'
import { sumRows } from './dense'

// @ts-ignore: decorator
@inline
function countTaps(s: Sizes): i32 {
  return s.channels * s.kernelHeight * s.kernelWidth
}

/** Bytes from the start of a plane to the window of a position. */
// @ts-ignore: decorator
@inline
function corner(s: Sizes, position: i32): usize {
  return floats((position / s.outputWidth) * s.strideY * s.width + (position % s.outputWidth) * s.strideX)
}

function gatherPatches(x: usize, patches: usize, rows: i32, s: Sizes, position: i32): void {
  const plane = floats(s.height * s.width)
  const line = floats(s.width)
  x += corner(s, position)
  for (let count = rows * s.channels; count > 0; count--, x += plane) {
    for (let k = 0, from = x; k < s.kernelHeight; k++, from += line) {
      for (let l = 0, cell = from; l < s.kernelWidth; l++, cell += 4, patches += 4) {
        store<f32>(patches, load<f32>(cell))
      }
    }
  }
}

function addPatches(patches: usize, dx: usize, rows: i32, s: Sizes, position: i32): void {
  const plane = floats(s.height * s.width)
  const line = floats(s.width)
  dx += corner(s, position)
  for (let count = rows * s.channels; count > 0; count--, dx += plane) {
    for (let k = 0, to = dx; k < s.kernelHeight; k++, to += line) {
      for (let l = 0, cell = to; l < s.kernelWidth; l++, cell += 4, patches += 4) {
        store<f32>(cell, load<f32>(cell) + load<f32>(patches))
      }
    }
  }
}

function gatherValues(dz: usize, values: usize, count: i32, positions: i32, position: i32): void {
  const stride = floats(positions)
  dz += floats(position)
  for (; count > 0; count--, dz += stride, values += 4) store<f32>(values, load<f32>(dz))
}

export function localForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, s: Sizes, activation: i32, scratch: usize,
  operationScratch: usize,
): void {
  const taps = countTaps(s)
  const filters = s.filters
  const positions = s.outputHeight * s.outputWidth
  const depth = floats(taps)
  const across = floats(filters)
  const values = operationScratch + <usize>rows * depth
  const sums = z ? z : y
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, operationScratch, rows, s, position)
    gemm(rows, filters, taps, operationScratch, depth, 4, weight, 4, depth, values, across, bias, scratch)
    weight += <usize>filters * depth
    if (bias) bias += across
    let to = sums + floats(position)
    const step = floats(positions)
    for (let i = 0, from = values; i < rows * filters; i++, from += 4, to += step) store<f32>(to, load<f32>(from))
  }
  activate(activation, sums, y, rows * filters * positions)
}

export function localBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, s: Sizes, scratch: usize, operationScratch: usize,
): void {
  const taps = countTaps(s)
  const filters = s.filters
  const positions = s.outputHeight * s.outputWidth
  const depth = floats(taps)
  const across = floats(filters)
  const values = operationScratch + <usize>rows * depth
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, operationScratch, rows, s, position)
    gatherValues(dz, values, rows * filters, positions, position)
    gemm(filters, taps, rows, values, 4, across, operationScratch, depth, 4, dWeight, depth, 0, scratch)
    dWeight += <usize>filters * depth
    if (dBias) {
      sumRows(values, dBias, rows, filters)
      dBias += across
    }
  }
}

export function localBackwardInput(
  dz: usize, weight: usize, dx: usize, rows: i32, s: Sizes, scratch: usize, operationScratch: usize,
): void {
  const taps = countTaps(s)
  const filters = s.filters
  const positions = s.outputHeight * s.outputWidth
  const depth = floats(taps)
  const across = floats(filters)
  const values = operationScratch + <usize>rows * depth
  memory.fill(dx, 0, floats(rows * s.channels * s.height * s.width))
  for (let position = 0; position < positions; position++) {
    gatherValues(dz, values, rows * filters, positions, position)
    gemm(rows, taps, filters, values, across, 4, weight, depth, 4, operationScratch, depth, 0, scratch)
    weight += <usize>filters * depth
    addPatches(operationScratch, dx, rows, s, position)
  }
}
