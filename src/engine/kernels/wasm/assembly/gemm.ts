/**
 * GEMM: C = start + A·B. A micro-kernel of up to six rows and eight columns broadcasts elements of A, at any strides, and
 * loads eight columns of B, in place or from a packed panel. When A and B are contiguous along the depth and A has few
 * rows, dot products need no packing.
 */
import { packA, packBTransposed, packB } from './packing'
import {
  block1, block2, block3, block4, block5, block6, blockRows, dotBlock1, dotBlock2, dotBlock3, dotBlock4, dotBlock5, dotBlock6,
  eightDots,
} from './gemm-blocks'
import { laneMask, multiplyAdd, storeLanes, sumLanesOfFour } from './simd'

/** KC, the depth of a packed panel: 8 columns × 512 × 4 bytes are half of an L1 cache. */
const panelDepth: i32 = 512
const panelBytes: usize = 512 * 32
export const tileBytes: usize = 256
/** Bytes of scratch memory: a tile of C and a panel of B. */
export const gemmScratch: usize = tileBytes + panelBytes
/** MC, the rows of A packed at a time, for a column-major A of at least packFrom elements. */
const packedRows: i32 = 240
const packFrom: i32 = 8192
/** Start value for blocks without a bias: the memory's first kilobyte is always zero. */
export const zeros: usize = 512

/** Computes all rows of C for one panel of eight columns. */
export function panelRows(m: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  while (m > 0) {
    const rows = blockRows(m)
    switch (rows) {
      case 1: block1(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow); break
      case 2: block2(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow); break
      case 3: block3(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow); break
      case 4: block4(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow); break
      case 5: block5(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow); break
      default: block6(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
    }
    m -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
}

/** panelRows for an A packed by packA. */
export function packedPanelRows(m: i32, k: i32, a: usize, b: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  while (m > 0) {
    const rows = blockRows(m)
    panelRows(rows, k, a, 4, (<usize>rows) << 2, b, 32, c, cRow, start, startRow)
    m -= rows
    a += (<usize>(rows * k)) << 2
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
}

/** panelRows for fewer than eight columns: computes six rows at a time in the tile and copies the valid columns. */
function narrowRows(m: i32, width: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, tile: usize): void {
  while (m > 0) {
    const rows = min(m, 6)
    panelRows(rows, k, a, aRow, aDepth, b, bDepth, tile, 32, start, startRow)
    for (let row = 0, from = tile; row < rows; row++, from += 32, c += cRow) {
      storeLanes(c, v128.load(from), width)
      if (width > 4) storeLanes(c + 16, v128.load(from, 16), width - 4)
    }
    m -= rows
    a += <usize>rows * aRow
    start += <usize>rows * startRow
  }
}

/** y [n] = start + B x, n at most four, B's columns contiguous along the depth; biasStep 0: one bias for all. */
export function fourDots(n: i32, k: i32, x: usize, b: usize, bColumn: usize, y: usize, start: usize, biasStep: usize): void {
  // Missing columns repeat the first one; their sums are never stored.
  const b1 = n > 1 ? bColumn : 0
  const b2 = n > 2 ? b1 + b1 : 0
  const b3 = n > 3 ? b2 + b1 : 0
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  for (; k >= 4; k -= 4, x += 16, b += 16) {
    const v = v128.load(x)
    s0 = multiplyAdd(v, v128.load(b), s0); s1 = multiplyAdd(v, v128.load(b + b1), s1)
    s2 = multiplyAdd(v, v128.load(b + b2), s2); s3 = multiplyAdd(v, v128.load(b + b3), s3)
  }
  if (k > 0) {
    const tail = laneMask(k)
    const v = v128.and(v128.load(x), tail)
    s0 = multiplyAdd(v, v128.and(v128.load(b), tail), s0); s1 = multiplyAdd(v, v128.and(v128.load(b + b1), tail), s1)
    s2 = multiplyAdd(v, v128.and(v128.load(b + b2), tail), s2); s3 = multiplyAdd(v, v128.and(v128.load(b + b3), tail), s3)
  }
  const bias = biasStep ? v128.load(start) : v128.load32_splat(start)
  storeLanes(y, f32x4.add(sumLanesOfFour(s0, s1, s2, s3), bias), n)
}

/** y [n] = start + B x, B's n columns contiguous along the depth; biasStep 4, or 0: one bias for all. */
function matrixVector(
  n: i32, k: i32, x: usize, b: usize, bColumn: usize, y: usize, start: usize, biasStep: usize, tile: usize,
): void {
  if ((k & 3) == 0 && k >= 32) {
    for (; n >= 8; n -= 8, b += bColumn << 3, y += 32, start += biasStep << 3) {
      eightDots(k, x, b, bColumn, tile)
      const low = sumLanesOfFour(v128.load(tile), v128.load(tile, 16), v128.load(tile, 32), v128.load(tile, 48))
      const high = sumLanesOfFour(v128.load(tile, 64), v128.load(tile, 80), v128.load(tile, 96), v128.load(tile, 112))
      v128.store(y, f32x4.add(low, biasStep ? v128.load(start) : v128.load32_splat(start)))
      v128.store(y, f32x4.add(high, biasStep ? v128.load(start, 16) : v128.load32_splat(start)), 16)
    }
  }
  for (; n > 0; n -= 4, b += bColumn << 2, y += 16, start += biasStep << 2) {
    fourDots(min(n, 4), k, x, b, bColumn, y, start, biasStep)
  }
}

/** GEMM for up to four columns, B [k, 4] at bDepth: four rows at a time, each in one vector. */
export function gemmNarrow(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize,
): void {
  const bias = v128.load(start)
  for (; m >= 4; m -= 4) {
    let c0 = bias, c1 = bias, c2 = bias, c3 = bias
    let at = a
    let from = b
    for (let i = 0; i < k; i++) {
      const v = v128.load(from)
      c0 = multiplyAdd(v128.load32_splat(at), v, c0)
      c1 = multiplyAdd(v128.load32_splat(at + aRow), v, c1)
      c2 = multiplyAdd(v128.load32_splat(at + aRow + aRow), v, c2)
      c3 = multiplyAdd(v128.load32_splat(at + aRow + aRow + aRow), v, c3)
      at += aDepth
      from += bDepth
    }
    storeLanes(c, c0, n)
    storeLanes(c + cRow, c1, n)
    storeLanes(c + cRow + cRow, c2, n)
    storeLanes(c + cRow + cRow + cRow, c3, n)
    a += aRow << 2
    c += cRow << 2
  }
  for (; m > 0; m--, a += aRow, c += cRow) {
    let sum = bias
    let at = a
    let from = b
    for (let i = 0; i < k; i++, at += aDepth, from += bDepth) sum = multiplyAdd(v128.load32_splat(at), v128.load(from), sum)
    storeLanes(c, sum, n)
  }
}

/** Sums the lanes of a tile of dot products, adds the remainder of the depth and the bias, and stores. */
function finishDots(
  rows: i32, k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, c: usize, cRow: usize, start: usize, hasSecond: bool, tile: usize,
): void {
  if (k & 3) {
    const rest = (<usize>(k & ~3)) << 2
    const tail = laneMask(k & 3)
    const b0 = v128.and(v128.load(b + rest), tail), b1 = v128.and(v128.load(b + rest + bColumn), tail)
    for (let row = 0, at = tile, from = a + rest; row < rows; row++, at += 32, from += aRow) {
      const x = v128.and(v128.load(from), tail)
      v128.store(at, multiplyAdd(x, b0, v128.load(at)))
      v128.store(at, multiplyAdd(x, b1, v128.load(at, 16)), 16)
    }
  }
  const from = v128.load64_splat(start)
  for (let row = 0; row < rows; row += 2, tile += 64) {
    const sums = f32x4.add(sumLanesOfFour(v128.load(tile), v128.load(tile, 16), v128.load(tile, 32), v128.load(tile, 48)), from)
    if (hasSecond) v128.store64_lane(c, sums, 0)
    else v128.store32_lane(c, sums, 0)
    c += cRow
    if (row + 1 < rows) {
      if (hasSecond) v128.store64_lane(c, sums, 1)
      else v128.store32_lane(c, sums, 2)
      c += cRow
    }
  }
}

/** Blocks of dot products; a block of rows of A stays in the L1 cache for all of B. */
export function dotProducts(m: i32, n: i32, k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, c: usize, cRow: usize, start: usize, tile: usize): void {
  const whole = k & ~3
  while (m > 0) {
    const rows = blockRows(m)
    for (let j = 0; j < n; j += 2) {
      const offset = (<usize>j) << 2
      const source = b + <usize>j * bColumn
      const hasSecond = j + 1 < n
      // Without a second column, use the first twice.
      const stride = hasSecond ? bColumn : 0
      switch (rows) {
        case 1: dotBlock1(whole, a, aRow, source, stride, tile); break
        case 2: dotBlock2(whole, a, aRow, source, stride, tile); break
        case 3: dotBlock3(whole, a, aRow, source, stride, tile); break
        case 4: dotBlock4(whole, a, aRow, source, stride, tile); break
        case 5: dotBlock5(whole, a, aRow, source, stride, tile); break
        default: dotBlock6(whole, a, aRow, source, stride, tile)
      }
      finishDots(rows, k, a, aRow, source, stride, c + offset, cRow, start == zeros ? zeros : start + offset, hasSecond, tile)
    }
    m -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
  }
}

/**
 * C [m, n] = bias + A [m, k] · B [k, n]. Strides in bytes; C is contiguous along its columns, B along its columns
 * (bColumn 4) or along its depth (bDepth 4). `bias`: the address of a row of n numbers, 0 for none.
 * Reads, but does not use, up to 28 bytes past the end of rows of B and of the bias.
 * Scratch: gemmScratch bytes, followed by packedRows × k floats when A is packed.
 */
export function gemm(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, bColumn: usize,
  c: usize, cRow: usize, bias: usize, scratch: usize,
): void {
  const start = bias ? bias : zeros
  const alongDepth = bColumn != 4 && aDepth == 4
  if (alongDepth && n == 1 && cRow == 4) {
    matrixVector(m, k, b, a, aRow, c, start, 0, scratch)
    return
  }
  if (alongDepth && m < 4) {
    for (; m > 0; m--, a += aRow, c += cRow) matrixVector(n, k, a, b, bColumn, c, start, bias ? 4 : 0, scratch)
    return
  }
  if (alongDepth && m < 48 && k >= 96) {
    dotProducts(m, n, k, a, aRow, b, bColumn, c, cRow, start, scratch)
    return
  }
  const panel = scratch + tileBytes
  if (n <= 4 && k <= panelDepth) {
    if (bColumn == 4) gemmNarrow(m, n, k, a, aRow, aDepth, b, bDepth, c, cRow, start)
    else {
      packBTransposed(panel, b, bColumn, k, n)
      gemmNarrow(m, n, k, a, aRow, aDepth, panel, 32, c, cRow, start)
    }
    return
  }
  if (aDepth != 4 && aRow == 4 && bColumn == 4 && m * k >= packFrom && n >= 64 && k <= panelDepth) {
    const whole = n & ~7
    const blocks = panel + panelBytes
    for (let i = 0; i < m; i += packedRows) {
      const rows = min(packedRows, m - i)
      packA(blocks, rows, k, a + ((<usize>i) << 2), aDepth)
      const to = c + <usize>i * cRow
      for (let j = 0; j < whole; j += 8) {
        const offset = (<usize>j) << 2
        packB(panel, b + offset, bDepth, k)
        packedPanelRows(rows, k, blocks, panel, to + offset, cRow, bias ? start + offset : zeros, 0)
      }
    }
    const done = (<usize>whole) << 2
    if (whole < n) gemm(m, n - whole, k, a, aRow, aDepth, b + done, bDepth, bColumn, c + done, cRow, bias ? bias + done : 0, scratch)
    return
  }
  const inPlace = bColumn == 4 && m < 16
  const step = inPlace ? k : min(k, panelDepth)
  for (let from = 0; from < k; from += step) {
    const depth = min(step, k - from)
    const left = a + <usize>from * aDepth
    for (let j = 0; j < n; j += 8) {
      const width = min(n - j, 8)
      const offset = (<usize>j) << 2
      let right = b + <usize>from * bDepth + <usize>j * bColumn
      let rightDepth = bDepth
      if (!inPlace) {
        if (bColumn == 4) packB(panel, right, bDepth, depth)
        else packBTransposed(panel, right, bColumn, depth, width)
        right = panel
        rightDepth = 32
      }
      const to = c + offset
      const rowStart = from ? to : bias ? start + offset : zeros
      const rowStartStride = from ? cRow : 0
      if (width == 8) panelRows(m, depth, left, aRow, aDepth, right, rightDepth, to, cRow, rowStart, rowStartStride)
      else narrowRows(m, width, depth, left, aRow, aDepth, right, rightDepth, to, cRow, rowStart, rowStartStride, scratch)
    }
  }
}
