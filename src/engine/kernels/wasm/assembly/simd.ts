/** Basic operations on four float32 lanes. */

/** a·b + c, rounded once in the relaxed SIMD build, twice in the plain build. */
// @ts-expect-error: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** c − a·b, rounded like multiplyAdd. */
// @ts-expect-error: decorator
@inline
export function multiplySubtract(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c)
  return f32x4.sub(c, f32x4.mul(a, b))
}

/**
 * a·b + c with values far below `size` rounded to zero, by adding and subtracting `size`. Avoids denormals, which are
 * slow and which WebAssembly cannot flush.
 */
// @ts-expect-error: decorator
@inline
export function multiplyAddFlushed(a: v128, b: v128, c: v128, size: v128): v128 {
  return f32x4.sub(multiplyAdd(a, b, f32x4.add(c, size)), size)
}

/** Stores the first `count` (1 to 4) lanes. */
// @ts-expect-error: decorator
@inline
export function storeLanes(address: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(address, value)
  else {
    if (count >= 2) {
      v128.store64_lane(address, value, 0)
      if (count == 3) v128.store32_lane(address, value, 2, 8)
    } else v128.store32_lane(address, value, 0)
  }
}

/** All bits of the first `count` (0 to 4) lanes set, the others clear. */
// @ts-expect-error: decorator
@inline
export function laneMask(count: i32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3))
}

/** [Σ a, Σ b, Σ c, Σ d] over the lanes of each. */
// @ts-expect-error: decorator
@inline
export function sumLanesOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3))
}

/** Σ over the lanes: (0 + 2) + (1 + 3). */
// @ts-expect-error: decorator
@inline
export function sumLanes(a: v128): f32 {
  const pairs = f32x4.add(a, v128.shuffle<f64>(a, a, 1, 0))
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1)
}
