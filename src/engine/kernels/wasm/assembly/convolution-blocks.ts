/**
 * Micro-kernels of convolutions. As in gemm-blocks.ts, they only multiply, load and store, and index.ts exports them
 * to prevent inlining.
 */
import { multiplyAdd } from './simd'

/**
 * `rows` (a constant at each call) filters × 8 adjacent outputs: c = start + Σ over k taps of a · image. `offsets` has,
 * for each tap, the byte offset of its eight cells from `image`.
 */
// @ts-ignore: decorator
@inline
function convolutionBlock(
  rows: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  let c00 = v128.load32_splat(start), c01 = c00
  let c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00
  if (rows > 1) { start += startRow; c10 = v128.load32_splat(start); c11 = c10 }
  if (rows > 2) { start += startRow; c20 = v128.load32_splat(start); c21 = c20 }
  if (rows > 3) { start += startRow; c30 = v128.load32_splat(start); c31 = c30 }
  if (rows > 4) { start += startRow; c40 = v128.load32_splat(start); c41 = c40 }
  if (rows > 5) { start += startRow; c50 = v128.load32_splat(start); c51 = c50 }
  const twoRows = aRow + aRow
  let lower = a + twoRows + aRow
  for (let i = 0; i < k; i++) {
    const cells = image + load<u32>(offsets)
    const b0 = v128.load(cells), b1 = v128.load(cells, 16)
    let x = v128.load32_splat(a)
    c00 = multiplyAdd(x, b0, c00); c01 = multiplyAdd(x, b1, c01)
    if (rows > 1) { x = v128.load32_splat(a + aRow); c10 = multiplyAdd(x, b0, c10); c11 = multiplyAdd(x, b1, c11) }
    if (rows > 2) { x = v128.load32_splat(a + twoRows); c20 = multiplyAdd(x, b0, c20); c21 = multiplyAdd(x, b1, c21) }
    if (rows > 3) { x = v128.load32_splat(lower); c30 = multiplyAdd(x, b0, c30); c31 = multiplyAdd(x, b1, c31) }
    if (rows > 4) { x = v128.load32_splat(lower + aRow); c40 = multiplyAdd(x, b0, c40); c41 = multiplyAdd(x, b1, c41) }
    if (rows > 5) { x = v128.load32_splat(lower + twoRows); c50 = multiplyAdd(x, b0, c50); c51 = multiplyAdd(x, b1, c51) }
    a += 4
    if (rows > 3) lower += 4
    offsets += 4
  }
  v128.store(c, c00); v128.store(c, c01, 16)
  if (rows > 1) { c += cRow; v128.store(c, c10); v128.store(c, c11, 16) }
  if (rows > 2) { c += cRow; v128.store(c, c20); v128.store(c, c21, 16) }
  if (rows > 3) { c += cRow; v128.store(c, c30); v128.store(c, c31, 16) }
  if (rows > 4) { c += cRow; v128.store(c, c40); v128.store(c, c41, 16) }
  if (rows > 5) { c += cRow; v128.store(c, c50); v128.store(c, c51, 16) }
}

export function convolutionBlock1(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(1, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function convolutionBlock2(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(2, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function convolutionBlock3(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(3, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function convolutionBlock4(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(4, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function convolutionBlock5(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(5, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function convolutionBlock6(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  convolutionBlock(6, k, a, aRow, image, offsets, c, cRow, start, startRow)
}

/** convolutionBlock for 4 or 8 filters × 4 adjacent outputs, for the remainder of a row. */
// @ts-ignore: decorator
@inline
function narrowBlock(
  rows: i32, k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  let c0 = v128.load32_splat(start)
  let c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0
  start += startRow; c1 = v128.load32_splat(start)
  start += startRow; c2 = v128.load32_splat(start)
  start += startRow; c3 = v128.load32_splat(start)
  if (rows > 4) {
    start += startRow; c4 = v128.load32_splat(start)
    start += startRow; c5 = v128.load32_splat(start)
    start += startRow; c6 = v128.load32_splat(start)
    start += startRow; c7 = v128.load32_splat(start)
  }
  const twoRows = aRow + aRow
  const threeRows = twoRows + aRow
  let lower = a + twoRows + twoRows
  for (let i = 0; i < k; i++) {
    const b = v128.load(image + load<u32>(offsets))
    c0 = multiplyAdd(v128.load32_splat(a), b, c0)
    c1 = multiplyAdd(v128.load32_splat(a + aRow), b, c1)
    c2 = multiplyAdd(v128.load32_splat(a + twoRows), b, c2)
    c3 = multiplyAdd(v128.load32_splat(a + threeRows), b, c3)
    if (rows > 4) {
      c4 = multiplyAdd(v128.load32_splat(lower), b, c4)
      c5 = multiplyAdd(v128.load32_splat(lower + aRow), b, c5)
      c6 = multiplyAdd(v128.load32_splat(lower + twoRows), b, c6)
      c7 = multiplyAdd(v128.load32_splat(lower + threeRows), b, c7)
      lower += 4
    }
    a += 4
    offsets += 4
  }
  v128.store(c, c0)
  c += cRow; v128.store(c, c1)
  c += cRow; v128.store(c, c2)
  c += cRow; v128.store(c, c3)
  if (rows > 4) {
    c += cRow; v128.store(c, c4)
    c += cRow; v128.store(c, c5)
    c += cRow; v128.store(c, c6)
    c += cRow; v128.store(c, c7)
  }
}

export function narrowBlock4(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  narrowBlock(4, k, a, aRow, image, offsets, c, cRow, start, startRow)
}
export function narrowBlock8(k: i32, a: usize, aRow: usize, image: usize, offsets: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  narrowBlock(8, k, a, aRow, image, offsets, c, cRow, start, startRow)
}

/**
 * `rows` taps × 2 filters of the weight gradient: writes [tap][filter] vectors of partial sums to the tile. `places` has,
 * for each four adjacent outputs, the byte offsets of their cells from a and of their gradients from b.
 */
// @ts-ignore: decorator
@inline
function tapBlock(rows: i32, count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  let c00 = f32x4.splat(0)
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00
  const twoRows = aRow + aRow
  const threeRows = twoRows + aRow
  for (let i = 0; i < count; i++) {
    const from = b + load<u32>(places, 4)
    const b0 = v128.load(from), b1 = v128.load(from + bFilter)
    const p = a + load<u32>(places)
    let x = v128.load(p)
    c00 = multiplyAdd(x, b0, c00); c01 = multiplyAdd(x, b1, c01)
    if (rows > 1) { x = v128.load(p + aRow); c10 = multiplyAdd(x, b0, c10); c11 = multiplyAdd(x, b1, c11) }
    if (rows > 2) { x = v128.load(p + twoRows); c20 = multiplyAdd(x, b0, c20); c21 = multiplyAdd(x, b1, c21) }
    if (rows > 3) { x = v128.load(p + threeRows); c30 = multiplyAdd(x, b0, c30); c31 = multiplyAdd(x, b1, c31) }
    if (rows > 4) { x = v128.load(p + threeRows + aRow); c40 = multiplyAdd(x, b0, c40); c41 = multiplyAdd(x, b1, c41) }
    if (rows > 5) { x = v128.load(p + threeRows + twoRows); c50 = multiplyAdd(x, b0, c50); c51 = multiplyAdd(x, b1, c51) }
    places += 8
  }
  v128.store(tile, c00); v128.store(tile, c01, 16)
  if (rows > 1) { v128.store(tile, c10, 32); v128.store(tile, c11, 48) }
  if (rows > 2) { v128.store(tile, c20, 64); v128.store(tile, c21, 80) }
  if (rows > 3) { v128.store(tile, c30, 96); v128.store(tile, c31, 112) }
  if (rows > 4) { v128.store(tile, c40, 128); v128.store(tile, c41, 144) }
  if (rows > 5) { v128.store(tile, c50, 160); v128.store(tile, c51, 176) }
}

export function tapBlock1(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(1, count, places, a, aRow, b, bFilter, tile)
}
export function tapBlock2(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(2, count, places, a, aRow, b, bFilter, tile)
}
export function tapBlock3(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(3, count, places, a, aRow, b, bFilter, tile)
}
export function tapBlock4(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(4, count, places, a, aRow, b, bFilter, tile)
}
export function tapBlock5(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(5, count, places, a, aRow, b, bFilter, tile)
}
export function tapBlock6(count: i32, places: usize, a: usize, aRow: usize, b: usize, bFilter: usize, tile: usize): void {
  tapBlock(6, count, places, a, aRow, b, bFilter, tile)
}
