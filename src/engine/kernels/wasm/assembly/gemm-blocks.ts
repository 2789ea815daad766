/**
 * Micro-kernels of matrix products. They only multiply, load and store: other vector code after the loop makes V8's
 * register allocator spill the accumulators inside it. The remaining work (odd widths, sums over lanes) goes through a
 * tile of scratch memory, and index.ts exports the micro-kernels to prevent inlining.
 */
import { multiplyAdd } from './simd'

/** MR of the next block: up to six rows with fused multiply-add, four without. */
// @ts-expect-error: decorator
@inline
export function blockRows(left: i32): i32 {
  // Seven to nine remaining rows are faster as blocks of four and five.
  if (ASC_FEATURE_RELAXED_SIMD) return left == 9 ? 5 : left == 8 || left == 7 ? 4 : min(left, 6)
  return left >= 4 ? 4 : left
}

/** `rows` (a constant at each call) × 8 elements of C, initialized from `start` (row stride startRow; 0 repeats a row). */
// @ts-expect-error: decorator
@inline
function block(
  rows: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize,
  c: usize, cRow: usize, start: usize, startRow: usize,
): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16)
  let c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00
  if (rows > 1) { start += startRow; c10 = v128.load(start); c11 = v128.load(start, 16) }
  if (rows > 2) { start += startRow; c20 = v128.load(start); c21 = v128.load(start, 16) }
  if (rows > 3) { start += startRow; c30 = v128.load(start); c31 = v128.load(start, 16) }
  if (rows > 4) { start += startRow; c40 = v128.load(start); c41 = v128.load(start, 16) }
  if (rows > 5) { start += startRow; c50 = v128.load(start); c51 = v128.load(start, 16) }
  const twoRows = aRow + aRow
  let lower = a + twoRows + aRow
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    let x = v128.load32_splat(a)
    c00 = multiplyAdd(x, b0, c00); c01 = multiplyAdd(x, b1, c01)
    if (rows > 1) { x = v128.load32_splat(a + aRow); c10 = multiplyAdd(x, b0, c10); c11 = multiplyAdd(x, b1, c11) }
    if (rows > 2) { x = v128.load32_splat(a + twoRows); c20 = multiplyAdd(x, b0, c20); c21 = multiplyAdd(x, b1, c21) }
    if (rows > 3) { x = v128.load32_splat(lower); c30 = multiplyAdd(x, b0, c30); c31 = multiplyAdd(x, b1, c31) }
    if (rows > 4) { x = v128.load32_splat(lower + aRow); c40 = multiplyAdd(x, b0, c40); c41 = multiplyAdd(x, b1, c41) }
    if (rows > 5) { x = v128.load32_splat(lower + twoRows); c50 = multiplyAdd(x, b0, c50); c51 = multiplyAdd(x, b1, c51) }
    a += aDepth
    if (rows > 3) lower += aDepth
    b += bDepth
  }
  v128.store(c, c00); v128.store(c, c01, 16)
  if (rows > 1) { c += cRow; v128.store(c, c10); v128.store(c, c11, 16) }
  if (rows > 2) { c += cRow; v128.store(c, c20); v128.store(c, c21, 16) }
  if (rows > 3) { c += cRow; v128.store(c, c30); v128.store(c, c31, 16) }
  if (rows > 4) { c += cRow; v128.store(c, c40); v128.store(c, c41, 16) }
  if (rows > 5) { c += cRow; v128.store(c, c50); v128.store(c, c51, 16) }
}

export function block1(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(1, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}
export function block2(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(2, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}
export function block3(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(3, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}
export function block4(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(4, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}
export function block5(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(5, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}
export function block6(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize): void {
  block(6, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow)
}

/** Dot products of x with eight columns of B; writes vectors of partial sums to the tile. */
export function eightDots(k: i32, x: usize, b: usize, bColumn: usize, tile: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0
  const twice = bColumn + bColumn
  let middle = b + twice + bColumn
  let last = middle + twice + bColumn
  for (let i = 0; i < k; i += 4) {
    const v = v128.load(x)
    s0 = multiplyAdd(v, v128.load(b), s0); s1 = multiplyAdd(v, v128.load(b + bColumn), s1); s2 = multiplyAdd(v, v128.load(b + twice), s2)
    s3 = multiplyAdd(v, v128.load(middle), s3); s4 = multiplyAdd(v, v128.load(middle + bColumn), s4); s5 = multiplyAdd(v, v128.load(middle + twice), s5)
    s6 = multiplyAdd(v, v128.load(last), s6); s7 = multiplyAdd(v, v128.load(last + bColumn), s7)
    x += 16; b += 16; middle += 16; last += 16
  }
  v128.store(tile, s0); v128.store(tile, s1, 16); v128.store(tile, s2, 32); v128.store(tile, s3, 48)
  v128.store(tile, s4, 64); v128.store(tile, s5, 80); v128.store(tile, s6, 96); v128.store(tile, s7, 112)
}

/** `rows` × 2 dot products over k, a multiple of 4; writes [row][column] vectors of partial sums to the tile. */
// @ts-expect-error: decorator
@inline
function dotBlock(rows: i32, k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  let c00 = f32x4.splat(0)
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00
  const twoRows = aRow + aRow
  let lower = a + twoRows + aRow
  for (let i = 0; i < k; i += 4) {
    const b0 = v128.load(b), b1 = v128.load(b + bColumn)
    let x = v128.load(a)
    c00 = multiplyAdd(x, b0, c00); c01 = multiplyAdd(x, b1, c01)
    if (rows > 1) { x = v128.load(a + aRow); c10 = multiplyAdd(x, b0, c10); c11 = multiplyAdd(x, b1, c11) }
    if (rows > 2) { x = v128.load(a + twoRows); c20 = multiplyAdd(x, b0, c20); c21 = multiplyAdd(x, b1, c21) }
    if (rows > 3) { x = v128.load(lower); c30 = multiplyAdd(x, b0, c30); c31 = multiplyAdd(x, b1, c31) }
    if (rows > 4) { x = v128.load(lower + aRow); c40 = multiplyAdd(x, b0, c40); c41 = multiplyAdd(x, b1, c41) }
    if (rows > 5) { x = v128.load(lower + twoRows); c50 = multiplyAdd(x, b0, c50); c51 = multiplyAdd(x, b1, c51) }
    a += 16
    if (rows > 3) lower += 16
    b += 16
  }
  v128.store(tile, c00); v128.store(tile, c01, 16)
  if (rows > 1) { v128.store(tile, c10, 32); v128.store(tile, c11, 48) }
  if (rows > 2) { v128.store(tile, c20, 64); v128.store(tile, c21, 80) }
  if (rows > 3) { v128.store(tile, c30, 96); v128.store(tile, c31, 112) }
  if (rows > 4) { v128.store(tile, c40, 128); v128.store(tile, c41, 144) }
  if (rows > 5) { v128.store(tile, c50, 160); v128.store(tile, c51, 176) }
}

export function dotBlock1(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(1, k, a, aRow, b, bColumn, tile)
}
export function dotBlock2(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(2, k, a, aRow, b, bColumn, tile)
}
export function dotBlock3(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(3, k, a, aRow, b, bColumn, tile)
}
export function dotBlock4(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(4, k, a, aRow, b, bColumn, tile)
}
export function dotBlock5(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(5, k, a, aRow, b, bColumn, tile)
}
export function dotBlock6(k: i32, a: usize, aRow: usize, b: usize, bColumn: usize, tile: usize): void {
  dotBlock(6, k, a, aRow, b, bColumn, tile)
}
