/**
 * The gradient of a convolution's filters: for each tap, the dot product of its cells with the output gradient. Computes
 * six taps and two filters at a time, over as many samples as fit in the L1 cache.
 */
import { tapBlock1, tapBlock2, tapBlock3, tapBlock4, tapBlock5, tapBlock6 } from './convolution-blocks'
import { Sizes, padImage, paddedHeight, paddedWidth, copyFloats, floats, alignToLine, phases, isUnpadded } from './convolution-image'
import { blockRows } from './gemm-blocks'
import { laneMask, sumLanes, sumLanesOfFour } from './simd'

/** Bytes of samples per group; registers accumulate over one group. */
const groupBytes: i32 = 49152

/** Adds a tile of sums to the gradients of `rows` taps, tapStep bytes apart, of one or two filters; stores if `first`. */
function addTapSums(rows: i32, tile: usize, to: usize, tapStep: usize, filterStep: usize, hasSecond: bool, first: bool): void {
  for (let row = 0; row < rows; row += 2, tile += 64) {
    const sums = sumLanesOfFour(v128.load(tile), v128.load(tile, 16), v128.load(tile, 32), v128.load(tile, 48))
    store<f32>(to, f32x4.extract_lane(sums, 0) + (first ? 0 : load<f32>(to)))
    if (hasSecond) store<f32>(to + filterStep, f32x4.extract_lane(sums, 1) + (first ? 0 : load<f32>(to + filterStep)))
    to += tapStep
    if (row + 1 < rows) {
      store<f32>(to, f32x4.extract_lane(sums, 2) + (first ? 0 : load<f32>(to)))
      if (hasSecond) store<f32>(to + filterStep, f32x4.extract_lane(sums, 3) + (first ? 0 : load<f32>(to + filterStep)))
      to += tapStep
    }
  }
}

/** dBias [filters] = Σ dz [rows, filters, positions]. */
function sumPlanes(dz: usize, dBias: usize, rows: i32, filters: i32, positions: i32): void {
  const sample = floats(filters * positions)
  for (let filter = 0; filter < filters; filter++, dz += floats(positions)) {
    let sum = f32x4.splat(0)
    for (let row = 0, start = dz; row < rows; row++, start += sample) {
      let at = start
      let left = positions
      for (; left >= 4; left -= 4, at += 16) sum = f32x4.add(sum, v128.load(at))
      if (left > 0) sum = f32x4.add(sum, v128.and(v128.load(at), laneMask(left)))
    }
    store<f32>(dBias + floats(filter), sumLanes(sum))
  }
}

/** Computes `count` taps (gradients tapStep bytes apart, cells aRow bytes apart) of all filters over a group of samples. */
export function tapRows(
  count: i32, filters: i32, vectors: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize,
  to: usize, tapStep: usize, filterStep: usize, first: bool, tile: usize,
): void {
  while (count > 0) {
    const rows = blockRows(count)
    for (let filter = 0; filter < filters; filter += 2) {
      const hasSecond = filter + 1 < filters
      const from = b + <usize>filter * bFilter
      // Without a second filter, use the first twice.
      const step = hasSecond ? bFilter : 0
      switch (rows) {
        case 1: tapBlock1(vectors, places, a, aRow, from, step, tile); break
        case 2: tapBlock2(vectors, places, a, aRow, from, step, tile); break
        case 3: tapBlock3(vectors, places, a, aRow, from, step, tile); break
        case 4: tapBlock4(vectors, places, a, aRow, from, step, tile); break
        case 5: tapBlock5(vectors, places, a, aRow, from, step, tile); break
        default: tapBlock6(vectors, places, a, aRow, from, step, tile)
      }
      addTapSums(rows, tile, to + <usize>filter * filterStep, tapStep, filterStep, hasSecond, first)
    }
    count -= rows
    a += <usize>rows * aRow
    to += <usize>rows * tapStep
  }
}

/** Samples per group; ../workspace.ts allocates memory for them. */
// @ts-ignore: decorator
@inline
function samplesPerGroup(rows: i32, sampleBytes: usize): i32 {
  return max(1, min(rows, groupBytes / <i32>sampleBytes))
}

/** dWeight and dBias. operationScratch: a group of padded samples, dz with rows padded to multiples of four, and the offsets. */
export function convolutionBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, s: Sizes, scratch: usize, operationScratch: usize,
): void {
  if (dBias) sumPlanes(dz, dBias, rows, s.filters, s.outputHeight * s.outputWidth)
  const inPlace = isUnpadded(s)
  const planes = inPlace ? 1 : phases(s)
  const height = inPlace ? s.height : paddedHeight(s)
  const pitch = floats(inPlace ? s.width : paddedWidth(s))
  const channelStep = <usize>planes * <usize>height * pitch
  const sample = <usize>s.channels * channelStep
  const vectors = (s.outputWidth + 3) >> 2
  const filled = (s.outputWidth & 3) == 0
  const filterStep = (<usize>(s.outputHeight * vectors)) << 4
  const grads = <usize>s.filters * filterStep
  const group = samplesPerGroup(rows, sample + grads)
  const gradsCopy = operationScratch + alignToLine(<usize>group * sample + 64)
  const taps = s.kernelHeight * s.kernelWidth
  const places = gradsCopy + alignToLine(<usize>group * grads)
  let place = places
  for (let i = 0; i < group; i++) {
    for (let row = 0; row < s.outputHeight; row++) {
      for (let vector = 0; vector < vectors; vector++, place += 8) {
        store<u32>(place, <u32>(<usize>i * sample + <usize>(row * s.strideY) * pitch + ((<usize>vector) << 4)))
        store<u32>(place, <u32>(<usize>i * grads + ((<usize>(row * vectors + vector)) << 4)), 4)
      }
    }
  }
  const alongChannels = s.channels >= 4 || s.strideX != 1
  for (let done = 0; done < rows; done += group) {
    const samples = min(group, rows - done)
    const count = samples * s.outputHeight * vectors
    let image = x
    let grad = dz
    if (!inPlace) {
      image = operationScratch
      for (let i = 0; i < samples; i++) padImage(x + floats(i * s.channels * s.height * s.width), operationScratch + <usize>i * sample, s)
    }
    if (!filled) {
      grad = gradsCopy
      let from = dz
      let to = gradsCopy
      for (let i = samples * s.filters * s.outputHeight; i > 0; i--, from += floats(s.outputWidth), to += (<usize>vectors) << 4) {
        v128.store(to + ((<usize>(vectors - 1)) << 4), f32x4.splat(0))
        copyFloats(to, from, s.outputWidth)
      }
    }
    for (let k = 0; k < s.kernelHeight; k++) {
      if (alongChannels) {
        for (let l = 0; l < s.kernelWidth; l++) {
          const a = image + ((<usize>(l % s.strideX)) * <usize>height + <usize>k) * pitch + floats(l / s.strideX)
          tapRows(
            s.channels, s.filters, count, places, a, channelStep, grad, filterStep, dWeight + floats(k * s.kernelWidth + l), floats(taps), floats(s.channels * taps), done == 0, scratch,
          )
        }
      } else {
        for (let channel = 0; channel < s.channels; channel++) {
          tapRows(
            s.kernelWidth, s.filters, count, places, image + <usize>channel * channelStep + <usize>k * pitch, 4,
            grad, filterStep, dWeight + floats(channel * taps + k * s.kernelWidth), 4,
            floats(s.channels * taps), done == 0, scratch,
          )
        }
      }
    }
    x += floats(samples * s.channels * s.height * s.width)
    dz += floats(samples * s.filters * s.outputHeight * s.outputWidth)
  }
}
