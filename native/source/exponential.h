// e^x, ln, tanh, the logistic function and the normal distribution function of vectors, by polynomials fitted to these
// intervals. Errors are relative to the exact value.
#pragma once
#include "vector.h"

namespace descent {
namespace ISA {

/// e^x to 2 ulp for −87.3 ≤ x ≤ 88.7; below, the smallest normal number; above, +∞. NaN stays NaN.
inline Floats exponential(Floats x) {
  const Floats bounded = minimum(broadcast(89), maximum(broadcast(-87.33654f), x));
  const Floats n = rounded(bounded * broadcast(1.44269504f));
  // ln 2 in two parts; the product of n and the first part is exact.
  const Floats r = subtractProduct(n, broadcast(-2.12194440e-4f), subtractProduct(n, broadcast(0.693359375f), bounded));
  Floats p = multiplyAdd(broadcast(1.38145e-3f), r, broadcast(8.36878e-3f));
  p = multiplyAdd(p, r, broadcast(4.166839e-2f));
  p = multiplyAdd(p, r, broadcast(1.666652e-1f));
  p = multiplyAdd(p, r, broadcast(4.9999993e-1f));
  p = multiplyAdd(r * r, p, r) + broadcast(1);
  return timesPowerOfTwo(p, n);
}

/// 2 artanh s for |s| ≤ 1/3.
inline Floats twiceArtanh(Floats s) {
  const Floats square = s * s;
  Floats p = multiplyAdd(broadcast(0.14046358f), square, broadcast(0.13993144f));
  p = multiplyAdd(p, square, broadcast(0.20011208f));
  p = multiplyAdd(p, square, broadcast(0.33333201f));
  const Floats twice = s + s;
  return multiplyAdd(twice * square, p, twice);
}

/// ln x to 2 ulp of max(1, |ln x|) for normal x > 0.
inline Floats logarithm(Floats x) {
  const Words root = broadcastWord(0x3f3504f3u);
  const Words centred = minus(asWords(x), root);
  const Floats exponent = converted(shiftedRightSigned<23>(centred));
  const Floats mantissa = asFloats(plus(bothBits(centred, broadcastWord(0x007fffffu)), root));
  const Floats s = (mantissa - broadcast(1)) / (mantissa + broadcast(1));
  return multiplyAdd(exponent, broadcast(0.69314718f), twiceArtanh(s));
}

/// ln(1 + u) to 2 ulp for 0 ≤ u ≤ 1.
inline Floats logarithmOfOnePlus(Floats u) { return twiceArtanh(u / (u + broadcast(2))); }

/// Clamps x to the range where e^x and e^−x are normal numbers; NaN stays NaN.
inline Floats boundedExponent(Floats x) { return minimum(broadcast(87.33654f), maximum(broadcast(-87.33654f), x)); }

/**
 * 1/(1 + e^−x) to 4 ulp for bounded x. With −x·log₂e = n + f and 2^f = (a + b)/(a − b), a even and b odd in f, it is
 * (a − b)/((1 + 2^n)·a + (2^n − 1)·b). This form keeps the dependency chain after f short.
 */
inline Floats logisticOfBounded(Floats x) {
  const Floats magic = broadcast(12582912);
  const Floats shifted = subtractProduct(x, broadcast(1.44269502f), magic);
  const Floats f = subtractProduct(x, broadcast(1.44269502f), magic - shifted);
  // 2^n, and the remainder of log₂e beyond float32.
  const Floats power = powerOfTwo(shifted);
  const Floats rest = subtractProduct(x, broadcast(1.33497582e-8f), broadcast(1));
  const Floats below = multiplyAdd(power, rest, broadcast(-1));
  const Floats above = multiplyAdd(power, rest, broadcast(1));
  const Floats odd = f * below;
  const Floats square = f * f;
  const Floats constant = multiplyAdd(odd, broadcast(0.34657359f), above);
  const Floats quadratic = multiplyAdd(odd, broadcast(2.77520543e-3f), above * broadcast(4.80453014e-2f));
  const Floats sum = multiplyAdd(square, quadratic, constant);
  const Floats first = multiplyAdd(f, broadcast(4.80453014e-2f), broadcast(-0.34657359f));
  const Floats linear = subtractProduct(square, broadcast(2.77520543e-3f), first);
  const Floats top = multiplyAdd(f, linear, broadcast(1));
  return top / sum;
}

/// 1/(1 + e^−x) to 4 ulp where the result is a normal number, otherwise the smallest one; NaN stays NaN.
inline Floats logistic(Floats x) { return logisticOfBounded(boundedExponent(x)); }

/// logistic with less latency for x that need no clamping.
inline Floats logisticFast(Floats x) {
  if (__builtin_expect(countOf(greater(absolute(x), broadcast(87.33654f))) > 0, 0)) x = boundedExponent(x);
  return logisticOfBounded(x);
}

/// tanh x to 4 ulp.
inline Floats hyperbolicTangent(Floats x) {
  const Floats size = absolute(x);
  const Floats square = x * x;
  Floats p = multiplyAdd(broadcast(-5.60391e-3f), square, broadcast(2.055172e-2f));
  p = multiplyAdd(p, square, broadcast(-5.371411e-2f));
  p = multiplyAdd(p, square, broadcast(1.3331153e-1f));
  p = multiplyAdd(p, square, broadcast(-3.3333272e-1f));
  const Floats near = multiplyAdd(x * square, p, x);
  const Floats far = broadcast(1) - broadcast(2) / (broadcast(1) + exponential(size + size));
  return select(greaterOrEqual(size, broadcast(0.625f)), withSignOf(far, x), near);
}

/// e^(−x²/2).
inline Floats bell(Floats x) { return exponential(x * x * broadcast(-0.5f)); }

/// Φ(x) to 2e-7 absolute, given bell(x): a polynomial in 1/(1 + 0.4 u) for e^(u²)·erfc(u), u = |x|/√2, mirrored for x > 0.
inline Floats normalDistribution(Floats x, Floats bellOfX) {
  const Floats t = broadcast(1) / multiplyAdd(absolute(x), broadcast(0.282842712f), broadcast(1));
  Floats p = multiplyAdd(broadcast(7.23054136e-2f), t, broadcast(-3.88667432e-1f));
  p = multiplyAdd(p, t, broadcast(6.81468033e-1f));
  p = multiplyAdd(p, t, broadcast(-3.83212931e-1f));
  p = multiplyAdd(p, t, broadcast(4.25614431e-1f));
  p = multiplyAdd(p, t, broadcast(1.27107884e-1f));
  p = multiplyAdd(p, t, broadcast(2.41333826e-1f));
  p = multiplyAdd(p, t, broadcast(2.23971312e-1f));
  p = multiplyAdd(p, t, broadcast(7.93630315e-5f));
  const Floats tail = p * bellOfX * broadcast(0.5f);
  return select(greater(x, zeros()), broadcast(1) - tail, tail);
}

}  // namespace ISA
}  // namespace descent
