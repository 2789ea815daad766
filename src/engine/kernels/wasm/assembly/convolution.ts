/**
 * Direct convolution without im2col: eight adjacent outputs read their cells from the image, tap by tap, through a table
 * of offsets. With padding or a horizontal stride, each sample is first copied to padded planes, one per phase of the
 * stride, so that the cells of adjacent outputs are contiguous. The input gradient is a convolution of the output
 * gradient with the flipped filters.
 */
import { activate } from './activations'
import {
  convolutionBlock1, convolutionBlock2, convolutionBlock3, convolutionBlock4, convolutionBlock5, convolutionBlock6,
  narrowBlock4, narrowBlock8,
} from './convolution-blocks'
import { Sizes, padImage, paddedHeight, paddedWidth, copyFloats, floats, alignToLine, phases, isUnpadded, fillOffsets } from './convolution-image'
import { blockRows } from './gemm-blocks'
import { zeros } from './gemm'
import { storeLanes } from './simd'

/** Computes all filters for eight outputs. */
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

/** Computes all filters for the last four of eight outputs; a remainder of filters recomputes all eight outputs. */
function narrowColumn(
  filters: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  while (filters >= 4) {
    const rows = filters >= 8 ? 8 : 4
    if (rows == 8) narrowBlock8(k, a, aRow, image + 16, offsets, c + 16, cRow, start, startRow)
    else narrowBlock4(k, a, aRow, image + 16, offsets, c + 16, cRow, start, startRow)
    filters -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
  convolutionColumn(filters, k, a, aRow, image, offsets, c, cRow, start, startRow)
}

/**
 * Computes one row of `width` outputs for each filter; the planes of c are cRow bytes apart. The last eight outputs may
 * overlap earlier ones. Rows of fewer than eight outputs go through the tile; the excess outputs are discarded.
 */
function convolutionRow(
  filters: i32, width: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize, tile: usize,
): void {
  if (width >= 8) {
    const isNarrow = (width & 7) != 0 && (width & 7) <= 4
    const eights = isNarrow ? width & ~7 : width
    for (let x = 0; x < eights; x += 8) {
      const at = floats(min(x, width - 8))
      convolutionColumn(filters, k, a, aRow, image + at, offsets, c + at, cRow, start, startRow)
    }
    if (isNarrow) narrowColumn(filters, k, a, aRow, image + floats(width - 8), offsets, c + floats(width - 8), cRow, start, startRow)
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

/** y = activation(z), z = weight ∗ x + bias. Scratch: a tile; operationScratch: the offset table, one padded sample. */
export function convolutionForward(
  x: usize, weight: usize, bias: usize, y: usize, z: usize, rows: i32, s: Sizes, activation: i32, scratch: usize, operationScratch: usize,
): void {
  const inPlace = isUnpadded(s)
  const taps = s.channels * s.kernelHeight * s.kernelWidth
  const pitch = floats(inPlace ? s.width : paddedWidth(s))
  if (inPlace) fillOffsets(operationScratch, s, 1, s.height, s.width)
  else fillOffsets(operationScratch, s, phases(s), paddedHeight(s), paddedWidth(s))
  const copy = operationScratch + alignToLine(floats(taps))
  const plane = floats(s.outputHeight * s.outputWidth)
  const results = s.filters * s.outputHeight * s.outputWidth
  let sums = z ? z : y
  for (; rows > 0; rows--) {
    let image = x
    if (!inPlace) {
      padImage(x, copy, s)
      image = copy
    }
    for (let row = 0, to = sums; row < s.outputHeight; row++, to += floats(s.outputWidth)) {
      convolutionRow(
        s.filters, s.outputWidth, taps, weight, floats(taps), image, operationScratch, to, plane, bias ? bias : zeros, bias ? 4 : 0, scratch,
      )
      image += <usize>s.strideY * pitch
    }
    activate(activation, sums, y, results)
    x += floats(s.channels * s.height * s.width)
    sums += floats(results)
    y += floats(results)
  }
}

/** Writes the flipped filters as flipped [channels, kernelHeight, filters, kernelWidth]. */
function flipFilters(weight: usize, flipped: usize, s: Sizes): void {
  for (let channel = 0; channel < s.channels; channel++) {
    for (let k = s.kernelHeight - 1; k >= 0; k--) {
      for (let filter = 0; filter < s.filters; filter++) {
        const from = weight + floats(((filter * s.channels + channel) * s.kernelHeight + k) * s.kernelWidth)
        for (let l = s.kernelWidth - 1; l >= 0; l--, flipped += 4) store<f32>(flipped, load<f32>(from + floats(l)))
      }
    }
  }
}

/**
 * dx = flipped filters ∗ padded dz, with dz dilated by the strides. Skips kernel rows that overlap only padding.
 * operationScratch: the offset table, the flipped filters, one padded sample of dz.
 */
export function convolutionBackwardInput(dz: usize, weight: usize, dx: usize, rows: i32, s: Sizes, scratch: usize, operationScratch: usize): void {
  const height = s.height + s.kernelHeight - 1
  const width = s.width + s.kernelWidth - 1
  const taps = s.filters * s.kernelHeight * s.kernelWidth
  const tapsPerRow = s.filters * s.kernelWidth
  let offsets = operationScratch
  for (let k = 0; k < s.kernelHeight; k++) {
    for (let filter = 0; filter < s.filters; filter++) {
      for (let l = 0; l < s.kernelWidth; l++, offsets += 4) store<u32>(offsets, <u32>floats((filter * height + k) * width + l))
    }
  }
  const flipped = operationScratch + alignToLine(floats(taps))
  flipFilters(weight, flipped, s)
  const image = flipped + alignToLine(floats(s.channels * taps))
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
        s.channels, s.width, count * tapsPerRow, flipped + floats(first * tapsPerRow), floats(taps), image + floats(row * width),
        operationScratch + floats(first * tapsPerRow), dx + floats(row * s.width), plane, zeros, 0, scratch,
      )
    }
    dx += <usize>s.channels * plane
  }
}
