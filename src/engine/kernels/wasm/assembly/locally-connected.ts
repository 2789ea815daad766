/**
 * Unshared weights: each position is a small dense layer over its patch. x [rows, channels, length],
 * weight [positions, filters, channels · kernelSize], y [rows, filters, positions].
 * Scratch at `room`: patches [rows, taps], values [rows, filters].
 */
import { activate } from './activations'
import { product } from './product'
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
  kernelSize: i32, stride: i32, positions: i32, activation: i32, scratch: usize, room: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = room + <usize>rows * depth
  const sums = z ? z : y
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, room, rows, channels, length, kernelSize, position * stride)
    product(rows, filters, taps, room, depth, 4, weight, 4, depth, values, across, bias, scratch)
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
  kernelSize: i32, stride: i32, positions: i32, scratch: usize, room: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = room + <usize>rows * depth
  for (let position = 0; position < positions; position++) {
    gatherPatches(x, room, rows, channels, length, kernelSize, position * stride)
    gatherValues(dz, values, rows * filters, positions, position)
    product(filters, taps, rows, values, 4, across, room, depth, 4, dWeight, depth, 0, scratch)
    dWeight += <usize>filters * depth
    if (dBias) {
      sumRows(values, dBias, rows, filters)
      dBias += across
    }
  }
}

export function localBackwardInput(
  dz: usize, weight: usize, dx: usize, rows: i32, channels: i32, length: i32, filters: i32,
  kernelSize: i32, stride: i32, positions: i32, scratch: usize, room: usize,
): void {
  const taps = channels * kernelSize
  const depth = (<usize>taps) << 2
  const across = (<usize>filters) << 2
  const values = room + <usize>rows * depth
  memory.fill(dx, 0, (<usize>(rows * channels * length)) << 2)
  for (let position = 0; position < positions; position++) {
    gatherValues(dz, values, rows * filters, positions, position)
    product(rows, taps, filters, values, across, 4, weight, depth, 4, room, depth, 0, scratch)
    weight += <usize>filters * depth
    let from = room
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < channels; channel++) {
        let to = patchRow(dx, row, channels, channel, length, position * stride)
        for (let k = 0; k < kernelSize; k++, from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from))
      }
    }
  }
}
