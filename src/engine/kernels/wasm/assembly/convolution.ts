/**
 * Convolutions without columns: eight neighbouring outputs read their cells straight from the image, tap by tap, through a
 * table of offsets. Where there is padding or a horizontal stride the image of one sample is first copied with its border
 * of zeros, its columns dealt out to as many planes as the stride has phases, so that neighbours lie side by side again.
 * The gradient of the input is the same computation over the outputs' gradient with the filters turned around.
 */
import { activate } from './activations'
import {
  convolutionBlock1, convolutionBlock2, convolutionBlock3, convolutionBlock4, convolutionBlock5, convolutionBlock6,
  slimBlock4, slimBlock8, tapBlock1, tapBlock2, tapBlock3, tapBlock4, tapBlock5, tapBlock6,
} from './convolution-blocks'
import { blockRows, tileBytes, zeros } from './product'
import { laneMask, storeLanes, sumLanes, sumLanesOfFour } from './simd'

/** Sizes of a convolution, in the order of the encoded attributes. */
@unmanaged
export class Sizes {
  channels: i32
  height: i32
  width: i32
  kernelHeight: i32
  kernelWidth: i32
  strideY: i32
  strideX: i32
  outputHeight: i32
  outputWidth: i32
  filters: i32
  padTop: i32
  padLeft: i32
}

/** Bytes of samples whose gradients of weights are summed in registers before the sums go to memory. */
const groupBytes: i32 = 49152

// @ts-ignore: decorator
@inline
function floats(count: i32): usize {
  return (<usize>count) << 2
}

// @ts-ignore: decorator
@inline
function lines(bytes: usize): usize {
  return (bytes + 63) & ~63
}

/** Planes per channel, and rows and columns of a plane, of the copy with borders. */
// @ts-ignore: decorator
@inline
function phases(s: Sizes): i32 {
  return min(s.strideX, s.kernelWidth)
}

// @ts-ignore: decorator
@inline
function borderedHeight(s: Sizes): i32 {
  return (s.outputHeight - 1) * s.strideY + s.kernelHeight
}

// @ts-ignore: decorator
@inline
function borderedWidth(s: Sizes): i32 {
  return s.outputWidth - 1 + (s.kernelWidth + s.strideX - 1) / s.strideX
}

// @ts-ignore: decorator
@inline
function readInPlace(s: Sizes): bool {
  return s.strideX == 1 && borderedHeight(s) <= s.height && borderedWidth(s) <= s.width && s.padTop == 0 && s.padLeft == 0
}

function copyFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, v128.load(from))
  for (; count > 0; count--, to += 4, from += 4) store<f32>(to, load<f32>(from))
}

/** Copies one sample into planes [channels, phases, borderedHeight, borderedWidth]. */
function border(x: usize, to: usize, s: Sizes): void {
  const rows = borderedHeight(s)
  const columns = borderedWidth(s)
  const pitch = floats(columns)
  for (let channel = 0; channel < s.channels; channel++) {
    for (let phase = 0; phase < phases(s); phase++) {
      for (let row = 0; row < rows; row++, to += pitch) {
        const y = row - s.padTop
        if (y < 0 || y >= s.height) {
          memory.fill(to, 0, pitch)
          continue
        }
        const from = x + floats((channel * s.height + y) * s.width)
        const shift = phase - s.padLeft
        const first = shift < 0 ? (-shift + s.strideX - 1) / s.strideX : 0
        const end = shift < s.width ? min(columns, (s.width - 1 - shift) / s.strideX + 1) : first
        for (let column = 0; column < first; column++) store<f32>(to + floats(column), 0)
        if (s.strideX == 1) copyFloats(to + floats(first), from + floats(first + shift), end - first)
        else for (let column = first; column < end; column++) store<f32>(to + floats(column), load<f32>(from + floats(column * s.strideX + shift)))
        for (let column = end; column < columns; column++) store<f32>(to + floats(column), 0)
      }
    }
  }
}

/** offsets [channels, kernelHeight, kernelWidth]: where each tap's cells begin, in bytes. */
function tabulate(offsets: usize, s: Sizes, planes: i32, rows: i32, columns: i32): void {
  for (let channel = 0; channel < s.channels; channel++) {
    for (let k = 0; k < s.kernelHeight; k++) {
      for (let l = 0; l < s.kernelWidth; l++, offsets += 4) {
        store<u32>(offsets, <u32>floats(((channel * planes + l % s.strideX) * rows + k) * columns + l / s.strideX))
      }
    }
  }
}

/** All filters for eight outputs. */
export function convolutionColumn(
  filters: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  while (filters > 0) {
    const rows = blockRows(filters)
    switch (rows) {
      case 1: convolutionBlock1(k, a, aRow, image, offsets, c, cRow, start, startRow); break
      case 2: convolutionBlock2(k, a, aRow, image, offsets, c, cRow, start, startRow); break
      case 3: convolutionBlock3(k, a, aRow, image, offsets, c, cRow, start, startRow); break
      case 4: convolutionBlock4(k, a, aRow, image, offsets, c, cRow, start, startRow); break
      case 5: convolutionBlock5(k, a, aRow, image, offsets, c, cRow, start, startRow); break
      default: convolutionBlock6(k, a, aRow, image, offsets, c, cRow, start, startRow)
    }
    filters -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
}

/** All filters for the last four of eight outputs; filters that fours leave over do all eight again. */
function slimColumn(
  filters: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  while (filters >= 4) {
    const rows = filters >= 8 ? 8 : 4
    if (rows == 8) slimBlock8(k, a, aRow, image + 16, offsets, c + 16, cRow, start, startRow)
    else slimBlock4(k, a, aRow, image + 16, offsets, c + 16, cRow, start, startRow)
    filters -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
  convolutionColumn(filters, k, a, aRow, image, offsets, c, cRow, start, startRow)
}

/**
 * One row of outputs: c [filters] planes cRow bytes apart, `width` outputs each. The last eight overlap those before them;
 * rows of less than eight go through the tile, their missing outputs read whatever follows and are dropped.
 */
function convolutionRow(
  filters: i32, width: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize, tile: usize,
): void {
  if (width >= 8) {
    const slim = (width & 7) != 0 && (width & 7) <= 4
    const eights = slim ? width & ~7 : width
    for (let x = 0; x < eights; x += 8) {
      const at = floats(min(x, width - 8))
      convolutionColumn(filters, k, a, aRow, image + at, offsets, c + at, cRow, start, startRow)
    }
    if (slim) slimColumn(filters, k, a, aRow, image + floats(width - 8), offsets, c + floats(width - 8), cRow, start, startRow)
    return
  }
  while (filters > 0) {
    const rows = min(filters, 6)
    convolutionColumn(rows, k, a, aRow, image, offsets, tile, 32, start, startRow)
    for (let row = 0, from = tile; row < rows; row++, from += 32, c += cRow) {
      storeLanes(c, v128.load(from), width)
      if (width > 4) storeLanes(c + 16, v128.load(from, 16), width - 4)
    }
    filters -= rows
    a += <usize>rows * aRow
    start += <usize>rows * startRow
  }
}

/** y = activation(z), z = weight ∗ x + bias. Scratch: a tile; room: the table, one sample with borders. */
export function convolutionForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, s: Sizes, activation: i32, scratch: usize, room: usize,
): void {
  const inPlace = readInPlace(s)
  const taps = s.channels * s.kernelHeight * s.kernelWidth
  const pitch = floats(inPlace ? s.width : borderedWidth(s))
  if (inPlace) tabulate(room, s, 1, s.height, s.width)
  else tabulate(room, s, phases(s), borderedHeight(s), borderedWidth(s))
  const copy = room + lines(floats(taps))
  const plane = floats(s.outputHeight * s.outputWidth)
  const results = s.filters * s.outputHeight * s.outputWidth
  let sums = z ? z : y
  for (; rows > 0; rows--) {
    let image = x
    if (!inPlace) {
      border(x, copy, s)
      image = copy
    }
    for (let row = 0, to = sums; row < s.outputHeight; row++, to += floats(s.outputWidth)) {
      convolutionRow(
        s.filters, s.outputWidth, taps, weight, floats(taps), image, room, to, plane, bias ? bias : zeros, bias ? 4 : 0, scratch,
      )
      image += <usize>s.strideY * pitch
    }
    activate(activation, sums, y, results)
    x += floats(s.channels * s.height * s.width)
    sums += floats(results)
    y += floats(results)
  }
}

/** turned [channels, kernelHeight, filters, kernelWidth]: the filters turned around, rows of the kernel outermost. */
function turn(weight: usize, turned: usize, s: Sizes): void {
  for (let channel = 0; channel < s.channels; channel++) {
    for (let k = s.kernelHeight - 1; k >= 0; k--) {
      for (let filter = 0; filter < s.filters; filter++) {
        const from = weight + floats(((filter * s.channels + channel) * s.kernelHeight + k) * s.kernelWidth)
        for (let l = s.kernelWidth - 1; l >= 0; l--, turned += 4) store<f32>(turned, load<f32>(from + floats(l)))
      }
    }
  }
}

/**
 * dx = turned filters ∗ dz with a border, dz's cells as far apart as the strides were. Rows of the kernel that would only
 * meet the border are left out. Room: the table, the turned filters, one sample of dz with its border.
 */
export function convolutionBackwardInput(dz: usize, weight: usize, dx: usize, rows: i32, s: Sizes, scratch: usize, room: usize): void {
  const height = s.height + s.kernelHeight - 1
  const width = s.width + s.kernelWidth - 1
  const taps = s.filters * s.kernelHeight * s.kernelWidth
  const tapsPerRow = s.filters * s.kernelWidth
  let offsets = room
  for (let k = 0; k < s.kernelHeight; k++) {
    for (let filter = 0; filter < s.filters; filter++) {
      for (let l = 0; l < s.kernelWidth; l++, offsets += 4) store<u32>(offsets, <u32>floats((filter * height + k) * width + l))
    }
  }
  const turned = room + lines(floats(taps))
  turn(weight, turned, s)
  const image = turned + lines(floats(s.channels * taps))
  memory.fill(image, 0, floats(s.filters * height * width))
  const top = s.kernelHeight - 1 - s.padTop
  const left = s.kernelWidth - 1 - s.padLeft
  const bottom = top + (s.outputHeight - 1) * s.strideY
  const plane = floats(s.height * s.width)
  for (; rows > 0; rows--) {
    for (let filter = 0; filter < s.filters; filter++) {
      for (let row = 0; row < s.outputHeight; row++, dz += floats(s.outputWidth)) {
        const to = image + floats((filter * height + top + row * s.strideY) * width + left)
        if (s.strideX == 1) copyFloats(to, dz, s.outputWidth)
        else for (let column = 0; column < s.outputWidth; column++) store<f32>(to + floats(column * s.strideX), load<f32>(dz + floats(column)))
      }
    }
    for (let row = 0; row < s.height; row++) {
      const first = max(0, top - row)
      const count = max(0, min(s.kernelHeight - 1, bottom - row) - first + 1)
      convolutionRow(
        s.channels, s.width, count * tapsPerRow, turned + floats(first * tapsPerRow), floats(taps), image + floats(row * width),
        room + floats(first * tapsPerRow), dx + floats(row * s.width), plane, zeros, 0, scratch,
      )
    }
    dx += <usize>s.channels * plane
  }
}

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
