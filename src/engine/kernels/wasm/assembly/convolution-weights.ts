/**
 * The gradient of a convolution's filters: for each tap the dot product of its cells with the outputs' gradient, six taps and
 * two filters at a time, over as many samples as the first-level cache holds.
 */
import { tapBlock1, tapBlock2, tapBlock3, tapBlock4, tapBlock5, tapBlock6 } from './convolution-blocks'
import { Sizes, border, borderedHeight, borderedWidth, copyFloats, floats, lines, phases, readInPlace } from './convolution-image'
import { blockRows } from './product-blocks'
import { laneMask, sumLanes, sumLanesOfFour } from './simd'

/** Bytes of samples whose gradients of weights are summed in registers before the sums go to memory. */
const groupBytes: i32 = 49152

/** Adds (or, at the first, stores) a tile of sums to the gradients of `rows` taps, tapStep bytes apart, of one or two filters. */
function finishTaps(rows: i32, tile: usize, to: usize, tapStep: usize, filterStep: usize, both: bool, first: bool): void {
  for (let row = 0; row < rows; row += 2, tile += 64) {
    const sums = sumLanesOfFour(v128.load(tile), v128.load(tile, 16), v128.load(tile, 32), v128.load(tile, 48))
    store<f32>(to, f32x4.extract_lane(sums, 0) + (first ? 0 : load<f32>(to)))
    if (both) store<f32>(to + filterStep, f32x4.extract_lane(sums, 1) + (first ? 0 : load<f32>(to + filterStep)))
    to += tapStep
    if (row + 1 < rows) {
      store<f32>(to, f32x4.extract_lane(sums, 2) + (first ? 0 : load<f32>(to)))
      if (both) store<f32>(to + filterStep, f32x4.extract_lane(sums, 3) + (first ? 0 : load<f32>(to + filterStep)))
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

/** Taps `count` in a row (tapStep bytes apart in memory, cells aRow apart) of all filters over a group of samples. */
export function tapRows(
  count: i32, filters: i32, vectors: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize,
  to: usize, tapStep: usize, filterStep: usize, first: bool, tile: usize,
): void {
  while (count > 0) {
    const rows = blockRows(count)
    for (let filter = 0; filter < filters; filter += 2) {
      const both = filter + 1 < filters
      const from = b + <usize>filter * bFilter
      // A second filter that does not exist repeats the first.
      const step = both ? bFilter : 0
      switch (rows) {
        case 1: tapBlock1(vectors, places, a, aRow, from, step, tile); break
        case 2: tapBlock2(vectors, places, a, aRow, from, step, tile); break
        case 3: tapBlock3(vectors, places, a, aRow, from, step, tile); break
        case 4: tapBlock4(vectors, places, a, aRow, from, step, tile); break
        case 5: tapBlock5(vectors, places, a, aRow, from, step, tile); break
        default: tapBlock6(vectors, places, a, aRow, from, step, tile)
      }
      finishTaps(rows, tile, to + <usize>filter * filterStep, tapStep, filterStep, both, first)
    }
    count -= rows
    a += <usize>rows * aRow
    to += <usize>rows * tapStep
  }
}

/** Samples per group, and the same for the host, which reserves room for them. */
// @ts-ignore: decorator
@inline
function groupOf(rows: i32, sampleBytes: usize): i32 {
  return max(1, min(rows, groupBytes / <i32>sampleBytes))
}

/** dWeight, dBias. Room: a group of samples with borders and of dz with rows filled up to fours, and the places of the fours. */
export function convolutionBackwardWeights(
  x: usize, dz: usize, dWeight: usize, dBias: usize, rows: i32, s: Sizes, scratch: usize, room: usize,
): void {
  if (dBias) sumPlanes(dz, dBias, rows, s.filters, s.outputHeight * s.outputWidth)
  const inPlace = readInPlace(s)
  const planes = inPlace ? 1 : phases(s)
  const height = inPlace ? s.height : borderedHeight(s)
  const pitch = floats(inPlace ? s.width : borderedWidth(s))
  const channelStep = <usize>planes * <usize>height * pitch
  const sample = <usize>s.channels * channelStep
  const vectors = (s.outputWidth + 3) >> 2
  const filled = (s.outputWidth & 3) == 0
  const filterStep = (<usize>(s.outputHeight * vectors)) << 4
  const slopes = <usize>s.filters * filterStep
  const group = groupOf(rows, sample + slopes)
  const slopesRoom = room + lines(<usize>group * sample + 64)
  const taps = s.kernelHeight * s.kernelWidth
  const places = slopesRoom + lines(<usize>group * slopes)
  let place = places
  for (let i = 0; i < group; i++) {
    for (let row = 0; row < s.outputHeight; row++) {
      for (let vector = 0; vector < vectors; vector++, place += 8) {
        store<u32>(place, <u32>(<usize>i * sample + <usize>(row * s.strideY) * pitch + ((<usize>vector) << 4)))
        store<u32>(place, <u32>(<usize>i * slopes + ((<usize>(row * vectors + vector)) << 4)), 4)
      }
    }
  }
  const alongChannels = s.channels >= 4 || s.strideX != 1
  for (let done = 0; done < rows; done += group) {
    const samples = min(group, rows - done)
    const count = samples * s.outputHeight * vectors
    let image = x
    let slope = dz
    if (!inPlace) {
      image = room
      for (let i = 0; i < samples; i++) border(x + floats(i * s.channels * s.height * s.width), room + <usize>i * sample, s)
    }
    if (!filled) {
      slope = slopesRoom
      let from = dz
      let to = slopesRoom
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
            s.channels, s.filters, count, places, a, channelStep, slope, filterStep, dWeight + floats(k * s.kernelWidth + l), floats(taps), floats(s.channels * taps), done == 0, scratch,
          )
        }
      } else {
        for (let channel = 0; channel < s.channels; channel++) {
          tapRows(
            s.kernelWidth, s.filters, count, places, image + <usize>channel * channelStep + <usize>k * pitch, 4,
            slope, filterStep, dWeight + floats(channel * taps + k * s.kernelWidth), 4,
            floats(s.channels * taps), done == 0, scratch,
          )
        }
      }
    }
    x += floats(samples * s.channels * s.height * s.width)
    dz += floats(samples * s.filters * s.outputHeight * s.outputWidth)
  }
}
