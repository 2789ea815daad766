/** Packs panels of B and blocks of A in the order in which the micro-kernels read them. */
import { blockRows } from './gemm-blocks'

/** Packs k rows of eight columns of a row-major B to a panel [k, 8]. Columns past the width are read, never stored to C. */
export function packB(panel: usize, b: usize, bDepth: usize, k: i32): void {
  for (const end = panel + ((<usize>k) << 5); panel < end; panel += 32, b += bDepth) {
    v128.store(panel, v128.load(b))
    v128.store(panel, v128.load(b, 16), 16)
  }
}

/** Transposes up to eight columns of a column-major B to a panel [k, 8]. */
export function packBTransposed(panel: usize, b: usize, bColumn: usize, k: i32, width: i32): void {
  for (let half = 0; half < width; half += 4) {
    let b0 = b + <usize>half * bColumn
    // Missing columns repeat the last one; their results are never stored.
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
    if (i > 0) {
      const r0 = v128.load(b0), r1 = v128.load(b1), r2 = v128.load(b2), r3 = v128.load(b3)
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
      v128.store(p, v128.shuffle<f64>(low01, low23, 0, 2))
      if (i > 1) v128.store(p, v128.shuffle<f64>(low01, low23, 1, 3), 32)
      if (i > 2) v128.store(p, v128.shuffle<f64>(high01, high23, 0, 2), 64)
    }
  }
}

/** Packs m rows of a column-major A to blocks of blockRows(m) rows, each [k, rows]. */
export function packA(to: usize, m: i32, k: i32, a: usize, aDepth: usize): void {
  while (m > 0) {
    const rows = blockRows(m)
    let from = a
    for (let i = 0; i < k; i++, from += aDepth) {
      for (let row: usize = 0; row < <usize>rows << 2; row += 4) store<f32>(to + row, load<f32>(from + row))
      to += (<usize>rows) << 2
    }
    m -= rows
    a += (<usize>rows) << 2
  }
}
