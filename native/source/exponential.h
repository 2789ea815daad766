// e^x, ln, tanh, the logistic and the normal distribution function of vectors, by polynomials fitted for these
// intervals; errors are relative to the exact value.
#pragma once
#include "vector.h"

namespace descent {
namespace ISA {

/// e^x to 2 ulp for −87.3 ≤ x ≤ 88.7; beyond, the smallest normal number and +∞; NaN stays NaN.
inline Floats exponential(Floats x) {
  const Floats bounded = smaller(every(89), larger(every(-87.33654f), x));
  const Floats n = rounded(bounded * every(1.44269504f));
  // ln 2 in two parts, the first with few enough bits that n times it is exact.
  const Floats r = subtractProduct(n, every(-2.12194440e-4f), subtractProduct(n, every(0.693359375f), bounded));
  Floats p = multiplyAdd(every(1.38145e-3f), r, every(8.36878e-3f));
  p = multiplyAdd(p, r, every(4.166839e-2f));
  p = multiplyAdd(p, r, every(1.666652e-1f));
  p = multiplyAdd(p, r, every(4.9999993e-1f));
  p = multiplyAdd(r * r, p, r) + every(1);
  return timesPowerOfTwo(p, n);
}

/// 2 artanh s for |s| ≤ 1/3.
inline Floats twiceArtanh(Floats s) {
  const Floats square = s * s;
  Floats p = multiplyAdd(every(0.14046358f), square, every(0.13993144f));
  p = multiplyAdd(p, square, every(0.20011208f));
  p = multiplyAdd(p, square, every(0.33333201f));
  const Floats twice = s + s;
  return multiplyAdd(twice * square, p, twice);
}

/// ln x to 2 ulp of max(1, |ln x|) for normal x > 0.
inline Floats logarithm(Floats x) {
  const Words root = everyWord(0x3f3504f3u);
  const Words centred = minus(asWords(x), root);
  const Floats exponent = converted(shiftedRightSigned<23>(centred));
  const Floats mantissa = asFloats(plus(bothBits(centred, everyWord(0x007fffffu)), root));
  const Floats s = (mantissa - every(1)) / (mantissa + every(1));
  return multiplyAdd(exponent, every(0.69314718f), twiceArtanh(s));
}

/// ln(1 + u) to 2 ulp for 0 ≤ u ≤ 1.
inline Floats logarithmOfOnePlus(Floats u) { return twiceArtanh(u / (u + every(2))); }

/// x where e^x and e^−x are normal numbers, else the end of that range; NaN stays NaN.
inline Floats boundedExponent(Floats x) { return smaller(every(87.33654f), larger(every(-87.33654f), x)); }

/**
 * 1/(1 + e^−x) to 4 ulp for bounded x. With −x·log₂e = n + f and 2^f = (a + b)/(a − b), a even and b odd in f, it is
 * (a − b)/((1 + 2^n)·a + (2^n − 1)·b): what does not need f is ready before it, and little comes after it.
 */
inline Floats logisticOfBounded(Floats x) {
  const Floats magic = every(12582912);
  const Floats shifted = subtractProduct(x, every(1.44269502f), magic);
  const Floats f = subtractProduct(x, every(1.44269502f), magic - shifted);
  // 2^n, and what log₂e has beyond float32.
  const Floats power = powerOfTwo(shifted);
  const Floats rest = subtractProduct(x, every(1.33497582e-8f), every(1));
  const Floats below = multiplyAdd(power, rest, every(-1));
  const Floats above = multiplyAdd(power, rest, every(1));
  const Floats odd = f * below;
  const Floats square = f * f;
  const Floats constant = multiplyAdd(odd, every(0.34657359f), above);
  const Floats quadratic = multiplyAdd(odd, every(2.77520543e-3f), above * every(4.80453014e-2f));
  const Floats sum = multiplyAdd(square, quadratic, constant);
  const Floats first = multiplyAdd(f, every(4.80453014e-2f), every(-0.34657359f));
  const Floats linear = subtractProduct(square, every(2.77520543e-3f), first);
  const Floats top = multiplyAdd(f, linear, every(1));
  return top / sum;
}

/// 1/(1 + e^−x) to 4 ulp where the result is a normal number, else the smallest; NaN stays NaN.
inline Floats logistic(Floats x) { return logisticOfBounded(boundedExponent(x)); }

/// The same, sooner for x that need no bounds.
inline Floats logisticSooner(Floats x) {
  if (__builtin_expect(countOf(greater(magnitude(x), every(87.33654f))) > 0, 0)) x = boundedExponent(x);
  return logisticOfBounded(x);
}

/// tanh x to 4 ulp.
inline Floats hyperbolicTangent(Floats x) {
  const Floats size = magnitude(x);
  const Floats square = x * x;
  Floats p = multiplyAdd(every(-5.60391e-3f), square, every(2.055172e-2f));
  p = multiplyAdd(p, square, every(-5.371411e-2f));
  p = multiplyAdd(p, square, every(1.3331153e-1f));
  p = multiplyAdd(p, square, every(-3.3333272e-1f));
  const Floats near = multiplyAdd(x * square, p, x);
  const Floats far = every(1) - every(2) / (every(1) + exponential(size + size));
  return choose(greaterOrEqual(size, every(0.625f)), withSignOf(far, x), near);
}

/// e^(−x²/2).
inline Floats bell(Floats x) { return exponential(x * x * every(-0.5f)); }

/// Φ(x) to 2e-7 absolute, given bell(x): half of e^(u²)·erfc(u) with u = |x|/√2, a polynomial in 1/(1 + 0.4 u), mirrored for x > 0.
inline Floats normalDistribution(Floats x, Floats bellOfX) {
  const Floats t = every(1) / multiplyAdd(magnitude(x), every(0.282842712f), every(1));
  Floats p = multiplyAdd(every(7.23054136e-2f), t, every(-3.88667432e-1f));
  p = multiplyAdd(p, t, every(6.81468033e-1f));
  p = multiplyAdd(p, t, every(-3.83212931e-1f));
  p = multiplyAdd(p, t, every(4.25614431e-1f));
  p = multiplyAdd(p, t, every(1.27107884e-1f));
  p = multiplyAdd(p, t, every(2.41333826e-1f));
  p = multiplyAdd(p, t, every(2.23971312e-1f));
  p = multiplyAdd(p, t, every(7.93630315e-5f));
  const Floats tail = p * bellOfX * every(0.5f);
  return choose(greater(x, zeros()), every(1) - tail, tail);
}

}  // namespace ISA
}  // namespace descent
