/**
 * Locally connected layers: each position is a small dense layer over its patch. x [rows, channels, length],
 * weight [positions, filters, channels · kernelSize], y [rows, filters, positions].
 * Scratch memory at `operationScratch`: patches [rows, taps], values [rows, filters].
 */
import { activate } from './activations'
import { gemm } from './gemm'
import { sumRows } from './dense'

// @ts-ignore: decorator
@inline
function patchRow(x: usize, row: i32, channels: i32, channel: i32, length: i32, first: i32): usize {
  return x + ((<usize>((row * channels + channel) * length + first)) << 2)
}

function gatherPatches(x: usize, patches: usize, rows: i32, channels: i32, length: i32, kernelSize: i32, first: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      let from = patchRow(x, row, channels, channel, length, first)
      for (let k = 0; k < kernelSize; k++, from += 4, patches += 4) store<f32>(patches, load<f32>(from))
    }
  }
}

function gatherValues(dz: usize, values: usize, count: i32, positions: i32, position: i32): void {
  const stride = (<usize>positions) << 2
  dz += (<usize>position) << 2
  for (; count > 0; count--, dz += stride, values += 4) store<f32>(values, load<f32>(dz))
}

export function localForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, channels: i32, length: i32, filters: i32,
  kernelSize: i32, stride: i32, positions: i32, activation: i32, scratch: usize, operationScratch: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = operationScratch + <usize>rows * depth
  const sums = z ? z : y
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, operationScratch, rows, channels, length, kernelSize, position * stride)
    gemm(rows, filters, taps, operationScratch, depth, 4, weight, 4, depth, values, across, bias, scratch)
    weight += <usize>filters * depth
    if (bias) bias += across
    let to = sums + ((<usize>position) << 2)
    const step = (<usize>positions) << 2
    for (let i = 0, from = values; i < rows * filters; i++, from += 4, to += step) store<f32>(to, load<f32>(from))
  }
  activate(activation, sums, y, rows * filters * positions)
}

export function localBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, channels: i32, length: i32, filters: i32,
  kernelSize: i32, stride: i32, positions: i32, scratch: usize, operationScratch: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = operationScratch + <usize>rows * depth
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, operationScratch, rows, channels, length, kernelSize, position * stride)
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
  dz: usize, weight: usize, dx: usize, rows: i32, channels: i32, length: i32, filters: i32,
  kernelSize: i32, stride: i32, positions: i32, scratch: usize, operationScratch: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = operationScratch + <usize>rows * depth
  memory.fill(dx, 0, (<usize>(rows * channels * length)) << 2)
  for (let position = 0; position < positions; position++) {
    gatherValues(dz, values, rows * filters, positions, position)
    gemm(rows, taps, filters, values, across, 4, weight, depth, 4, operationScratch, depth, 0, scratch)
    weight += <usize>filters * depth
    let from = operationScratch
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < channels; channel++) {
        let to = patchRow(dx, row, channels, channel, length, position * stride)
        for (let k = 0; k < kernelSize; k++, from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from))
      }
    }
  }
}
