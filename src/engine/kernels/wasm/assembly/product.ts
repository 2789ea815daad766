/**
 * C = A·B, plus a bias or what C held before. One register block of up to six rows and eight columns does all forms:
 * A is read one element at a time at any strides, B eight columns at a time, in place or from a packed panel.
 * Where both are contiguous along the depth and there are few rows, blocks of dot products need no packing.
 */
import { laneMask, multiplyAdd, storeLanes, sumLanesOfFour } from './simd'

/** Depth of a packed panel: 8 columns × 512 × 4 bytes are half of a first-level cache. */
const panelDepth: i32 = 512
/** Bytes of scratch memory a product may use. */
export const productScratch: usize = 512 * 32

// @ts-expect-error: decorator
@inline
const columns: i32 = 8

/** How many rows the next block takes: six keep both multipliers busy where multiply-add is one operation, four elsewhere. */
// @ts-expect-error: decorator
@inline
function blockRows(left: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return left >= 11 ? 6 : left > 8 ? 5 : left > 6 ? 4 : left
  return left >= 4 ? 4 : left
}

// @ts-expect-error: decorator
@inline
function writeRow(c: usize, low: v128, high: v128, floor: v128, width: i32): void {
  if (width == columns) {
    v128.store(c, f32x4.pmax(low, floor))
    v128.store(c, f32x4.pmax(high, floor), 16)
  } else if (width > 4) {
    v128.store(c, f32x4.pmax(low, floor))
    storeLanes(c + 16, f32x4.pmax(high, floor), width - 4)
  } else storeLanes(c, f32x4.pmax(low, floor), width)
}

/** `rows` × 8 block; `start` gives the values to begin with (a bias, zeros, or C itself) and `startRow` their row stride. */
// @ts-expect-error: decorator
@inline
function block(
  rows: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize,
  c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32,
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
  const f = f32x4.splat(floor)
  writeRow(c, c00, c01, f, width)
  if (rows > 1) { c += cRow; writeRow(c, c10, c11, f, width) }
  if (rows > 2) { c += cRow; writeRow(c, c20, c21, f, width) }
  if (rows > 3) { c += cRow; writeRow(c, c30, c31, f, width) }
  if (rows > 4) { c += cRow; writeRow(c, c40, c41, f, width) }
  if (rows > 5) { c += cRow; writeRow(c, c50, c51, f, width) }
}

function block1(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(1, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}
function block2(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(2, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}
function block3(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(3, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}
function block4(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(4, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}
function block5(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(5, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}
function block6(k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  block(6, k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
}

/** All rows of C for up to eight columns. */
function panelRows(m: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, width: i32): void {
  while (m > 0) {
    const rows = blockRows(m)
    switch (rows) {
      case 1: block1(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width); break
      case 2: block2(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width); break
      case 3: block3(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width); break
      case 4: block4(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width); break
      case 5: block5(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width); break
      default: block6(k, a, aRow, aDepth, b, bDepth, c, cRow, start, startRow, floor, width)
    }
    m -= rows
    a += <usize>rows * aRow
    c += <usize>rows * cRow
    start += <usize>rows * startRow
  }
}

/** Copies k rows of eight columns (B contiguous along its columns) into a panel [k, 8]; reads past the width are harmless. */
function packRows(panel: usize, b: usize, bDepth: usize, k: i32): void {
  for (let end = panel + ((<usize>k) << 5); panel < end; panel += 32, b += bDepth) {
    v128.store(panel, v128.load(b))
    v128.store(panel, v128.load(b, 16), 16)
  }
}

/** Transposes up to eight columns (each contiguous along k) into a panel [k, 8]. */
function packColumns(panel: usize, b: usize, bColumn: usize, k: i32, width: i32): void {
  for (let half = 0; half < 8 && half < width; half += 4) {
    let b0 = b + <usize>half * bColumn
    // A column that does not exist repeats the last one: its products are never stored.
    const last = b + <usize>(width - 1) * bColumn
    let b1 = min(b0 + bColumn, last), b2 = min(b0 + 2 * bColumn, last), b3 = min(b0 + 3 * bColumn, last)
    let p = panel + ((<usize>half) << 2)
    let i = k
    for (; i >= 4; i -= 4) {
      const r0 = v128.load(b0), r1 = v128.load(b1), r2 = v128.load(b2), r3 = v128.load(b3)
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
      v128.store(p, v128.shuffle<f64>(low01, low23, 0, 2))
      v128.store(p, v128.shuffle<f64>(low01, low23, 1, 3), 32)
      v128.store(p, v128.shuffle<f64>(high01, high23, 0, 2), 64)
      v128.store(p, v128.shuffle<f64>(high01, high23, 1, 3), 96)
      p += 128
      b0 += 16; b1 += 16; b2 += 16; b3 += 16
    }
    for (; i > 0; i--) {
      store<f32>(p, load<f32>(b0))
      store<f32>(p, load<f32>(b1), 4)
      store<f32>(p, load<f32>(b2), 8)
      store<f32>(p, load<f32>(b3), 12)
      p += 32
      b0 += 4; b1 += 4; b2 += 4; b3 += 4
    }
  }
}

/**
 * C [m, n] = start + A [m, k] · B [k, n], then the larger of that and `floor` (0 for relu, −∞ otherwise). All strides are in bytes.
 * `start`: the address of a row of n biases with startRow 0, or C itself with its own row stride, to add to it.
 * B must be contiguous along its columns (bColumn 4) or along its depth (bDepth 4).
 */
export function product(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aDepth: usize, b: usize, bDepth: usize, bColumn: usize,
  c: usize, cRow: usize, start: usize, startRow: usize, floor: f32, scratch: usize,
): void {
  const transposed = bColumn != 4
  if (!transposed && m < 16) {
    for (let j = 0; j < n; j += columns) {
      const offset = (<usize>j) << 2
      panelRows(m, k, a, aRow, aDepth, b + offset, bDepth, c + offset, cRow, start + (startRow ? offset : min(offset, offset)), startRow, floor, min(n - j, columns))
    }
    return
  }
  const blocks = (k + panelDepth - 1) / panelDepth
  const step = (k + blocks - 1) / blocks
  for (let from = 0; from < k; from += step) {
    const depth = min(step, k - from)
    const last = from + depth == k
    for (let j = 0; j < n; j += columns) {
      const width = min(n - j, columns)
      const offset = (<usize>j) << 2
      const source = b + <usize>from * bDepth + <usize>j * bColumn
      if (transposed) packColumns(scratch, source, bColumn, depth, width)
      else packRows(scratch, source, bDepth, depth)
      panelRows(
        m, depth, a + <usize>from * aDepth, aRow, aDepth, scratch, 32, c + offset, cRow,
        from ? c + offset : start + offset, from ? cRow : startRow, last ? floor : -Infinity, width,
      )
    }
  }
}
