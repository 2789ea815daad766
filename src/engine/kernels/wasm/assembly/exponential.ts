/**
 * exp, log, tanh, the logistic function and the normal distribution function of four float32.
 * The coefficients are weighted minimax fits for these intervals. Errors are relative to the exact value.
 */
import { multiplyAdd, multiplySubtract } from './simd'

/** Constants of the functions below, in order of use. A broadcast load is one instruction, an inline constant several. */
const table: usize = memory.data<f32>([
  88.3, -86.6, 12582912, 1.44269504, -2.12194440e-4, 0.693359375, 1.666652e-1, 4.9999993e-1,
  1.38145e-3, 8.36878e-3, 4.166839e-2, 1, Infinity, 0.69314718, 2, 0.14046358,
  0.13993144, 0.20011208, 0.33333201, -5.60391e-3, 2.055172e-2, -5.371411e-2, 1.3331153e-1, -3.3333272e-1,
  0.625, -0.5, 0.282842712, 7.23054136e-2, -3.88667432e-1, 6.81468033e-1, -3.83212931e-1, 4.25614431e-1,
  1.27107884e-1, 2.41333826e-1, 2.23971312e-1, 7.93630315e-5, 0.5, 87.3, 12582788, 12583038, 1e6,
])

/** Broadcasts entry `index` of the table; `value` repeats the entry for the reader. */
// @ts-ignore: decorator
@inline
function constant(index: usize, value: f32): v128 {
  return v128.load32_splat(table + (index << 2))
}

/** The integer n nearest to x / ln 2, plus 1.5 · 2^23; the addition rounds, and n is in the lowest bits of the sum. */
// @ts-ignore: decorator
@inline
function shiftedExponent(x: v128): v128 {
  return multiplyAdd(x, constant(3, 1.44269504), constant(2, 12582912))
}

/** e^(x − n ln 2) − 1. */
// @ts-ignore: decorator
@inline
function mantissaLessOne(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, constant(2, 12582912))
  // ln 2 in two parts; the product of n and the first part is exact.
  const r = multiplySubtract(n, constant(4, -2.12194440e-4), multiplySubtract(n, constant(5, 0.693359375), x))
  const square = f32x4.mul(r, r)
  const low = multiplyAdd(r, constant(6, 1.666652e-1), constant(7, 4.9999993e-1))
  const high = multiplyAdd(square, constant(8, 1.38145e-3), multiplyAdd(r, constant(9, 8.36878e-3), constant(10, 4.166839e-2)))
  return multiplyAdd(multiplyAdd(high, square, low), square, r)
}

/** e^x to 2 ulp for −86.6 ≤ x ≤ 88.3; below, e^−86.6, which avoids denormals; above, +∞. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const largest = constant(0, 88.3)
  const bounded = f32x4.pmin(f32x4.pmax(x, constant(1, -86.6)), largest)
  const shifted = shiftedExponent(bounded)
  const p = f32x4.add(mantissaLessOne(bounded, shifted), constant(11, 1))
  const result = i32x4.add(p, i32x4.shl(shifted, 23))
  return v128.bitselect(constant(12, Infinity), result, f32x4.gt(x, largest))
}

/** ln x to 2 ulp of max(1, |ln x|) for normal x > 0. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const centred = i32x4.sub(x, i32x4.splat(0x3f3504f3))
  const exponent = i32x4.shr_s(centred, 23)
  const mantissa = i32x4.add(v128.and(centred, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3))
  const one = constant(11, 1)
  const s = f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one))
  return multiplyAdd(f32x4.convert_i32x4_s(exponent), constant(13, 0.69314718), twiceAtanh(s))
}

/** ln(1 + u) to 2 ulp for 0 ≤ u ≤ 1. */
// @ts-ignore: decorator
@inline
export function log1p(u: v128): v128 {
  return twiceAtanh(f32x4.div(u, f32x4.add(u, constant(14, 2))))
}

/** 2 artanh s for |s| ≤ 1/3. */
// @ts-ignore: decorator
@inline
function twiceAtanh(s: v128): v128 {
  const square = f32x4.mul(s, s)
  let p = multiplyAdd(constant(15, 0.14046358), square, constant(16, 0.13993144))
  p = multiplyAdd(p, square, constant(17, 0.20011208))
  p = multiplyAdd(p, square, constant(18, 0.33333201))
  const twice = f32x4.add(s, s)
  return multiplyAdd(f32x4.mul(twice, square), p, twice)
}

/**
 * 1 / (1 + e^−x), to 4 ulp where the result is a normal number, otherwise the smallest ones; NaN stays NaN.
 * With −x = n ln 2 − s the denominator is (1 + 2^n) − 2^n s + 2^n s² p(s). This form shortens the dependency chain before
 * the division: only s, s², p and one multiply-add are on it.
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const magic = constant(2, 12582912)
  const one = constant(11, 1)
  const shifted = multiplySubtract(x, constant(3, 1.44269504), magic)
  const n = f32x4.sub(shifted, magic)
  const s = multiplyAdd(n, constant(4, -2.12194440e-4), multiplyAdd(n, constant(5, 0.693359375), x))
  const square = f32x4.mul(s, s)
  const low = multiplySubtract(s, constant(6, 1.666652e-1), constant(7, 4.9999993e-1))
  const high = multiplyAdd(square, constant(8, 1.38145e-3), multiplySubtract(s, constant(9, 8.36878e-3), constant(10, 4.166839e-2)))
  const bounded = f32x4.pmin(f32x4.pmax(shifted, constant(38, 12582788)), constant(39, 12583038))
  const power = i32x4.add(i32x4.shl(bounded, 23), one)
  const sum = multiplySubtract(power, s, f32x4.add(power, one))
  const y = f32x4.div(one, multiplyAdd(f32x4.mul(power, square), multiplyAdd(high, square, low), sum))
  // For larger |x|, n is no longer an integer.
  const out = f32x4.gt(f32x4.abs(x), constant(40, 1e6))
  return v128.bitselect(v128.and(f32x4.gt(x, f32x4.splat(0)), one), y, out)
}

/** tanh x, to 4 ulp. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x)
  const square = f32x4.mul(x, x)
  let p = multiplyAdd(constant(19, -5.60391e-3), square, constant(20, 2.055172e-2))
  p = multiplyAdd(p, square, constant(21, -5.371411e-2))
  p = multiplyAdd(p, square, constant(22, 1.3331153e-1))
  p = multiplyAdd(p, square, constant(23, -3.3333272e-1))
  const near = multiplyAdd(f32x4.mul(x, square), p, x)
  const one = constant(11, 1)
  const far = f32x4.sub(one, f32x4.div(constant(14, 2), f32x4.add(one, exp(f32x4.add(size, size)))))
  const sign = v128.and(x, i32x4.splat(0x80000000))
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(size, constant(24, 0.625)))
}

/** φ(x)·√(2π) = e^(−x²/2). */
// @ts-ignore: decorator
@inline
export function bell(x: v128): v128 {
  return exp(f32x4.mul(f32x4.mul(x, x), constant(25, -0.5)))
}

/**
 * The normal distribution function Φ(x), to 2e-7 absolute, given bell(x): a polynomial in 1/(1 + 0.4 u) for
 * e^(u²)·erfc(u), u = |x|/√2, mirrored for x > 0.
 */
// @ts-ignore: decorator
@inline
export function normalDistribution(x: v128, bellOfX: v128): v128 {
  const one = constant(11, 1)
  const t = f32x4.div(one, multiplyAdd(f32x4.abs(x), constant(26, 0.282842712), one))
  let p = multiplyAdd(constant(27, 7.23054136e-2), t, constant(28, -3.88667432e-1))
  p = multiplyAdd(p, t, constant(29, 6.81468033e-1))
  p = multiplyAdd(p, t, constant(30, -3.83212931e-1))
  p = multiplyAdd(p, t, constant(31, 4.25614431e-1))
  p = multiplyAdd(p, t, constant(32, 1.27107884e-1))
  p = multiplyAdd(p, t, constant(33, 2.41333826e-1))
  p = multiplyAdd(p, t, constant(34, 2.23971312e-1))
  p = multiplyAdd(p, t, constant(35, 7.93630315e-5))
  const tail = f32x4.mul(f32x4.mul(p, bellOfX), constant(36, 0.5))
  return v128.bitselect(f32x4.sub(one, tail), tail, f32x4.gt(x, f32x4.splat(0)))
}
