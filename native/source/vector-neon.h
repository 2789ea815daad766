// Four float32 in the registers of arm64; see vector.h for the functions.
#pragma once
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace descent {
namespace ISA {

using Floats = float32x4_t;
using Words = uint32x4_t;
/// All bits of a lane are set or clear.
using Mask = uint32x4_t;
constexpr int lanes = 4;
constexpr int registers = 32;
/// Masked loads and stores are scalar.
constexpr bool masksAreFree = false;

inline Words broadcastWord(uint32_t value) { return vdupq_n_u32(value); }
inline Words laneIndices() {
  const uint32_t first[4] = {0, 1, 2, 3};
  return vld1q_u32(first);
}
inline Mask firstLanes(int count) { return vcltq_u32(laneIndices(), vdupq_n_u32(static_cast<uint32_t>(count))); }
inline Floats load(const float* from) { return vld1q_f32(from); }
/// Number of lanes in a mask.
inline int countOf(Mask mask) { return static_cast<int>(vaddvq_u32(vshrq_n_u32(mask, 31))); }
inline Floats load(const float* from, Mask mask) {
  float buffer[4] = {0, 0, 0, 0};
  const int count = countOf(mask);
  if (count == 4) return vld1q_f32(from);
  for (int i = 0; i < count; i++) buffer[i] = from[i];
  return vld1q_f32(buffer);
}
inline void store(float* to, Floats value) { vst1q_f32(to, value); }
inline void store(float* to, Floats value, Mask mask) {
  float buffer[4];
  const int count = countOf(mask);
  if (count == 4) return vst1q_f32(to, value);
  vst1q_f32(buffer, value);
  for (int i = 0; i < count; i++) to[i] = buffer[i];
}
inline Floats broadcast(float value) { return vdupq_n_f32(value); }
inline Floats zeros() { return vdupq_n_f32(0); }
inline Floats multiplyAdd(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
inline Floats subtractProduct(Floats a, Floats b, Floats c) { return vfmsq_f32(c, a, b); }
inline Mask greater(Floats a, Floats b) { return vcgtq_f32(a, b); }
inline Mask greaterOrEqual(Floats a, Floats b) { return vcgeq_f32(a, b); }
inline Mask equal(Floats a, Floats b) { return vceqq_f32(a, b); }
inline Mask andNot(Mask a, Mask b) { return vbicq_u32(a, b); }
inline Mask orMask(Mask a, Mask b) { return vorrq_u32(a, b); }
inline Floats select(Mask mask, Floats yes, Floats no) { return vbslq_f32(mask, yes, no); }
/// As on x86: b if either is NaN.
inline Floats maximum(Floats a, Floats b) { return select(greater(a, b), a, b); }
inline Floats minimum(Floats a, Floats b) { return select(greater(b, a), a, b); }
inline Floats rounded(Floats a) { return vrndnq_f32(a); }
inline Floats squareRoot(Floats a) { return vsqrtq_f32(a); }
inline Floats inverseEstimate(Floats a) {
  const Floats estimate = vrecpeq_f32(a);
  return estimate * vrecpsq_f32(a, estimate);
}
inline Floats asFloats(Words a) { return vreinterpretq_f32_u32(a); }
inline Words asWords(Floats a) { return vreinterpretq_u32_f32(a); }
inline Floats converted(Words a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
inline Floats selectOrZero(Mask mask, Floats value) { return asFloats(vandq_u32(mask, asWords(value))); }

inline Words plus(Words a, Words b) { return vaddq_u32(a, b); }
inline Words minus(Words a, Words b) { return vsubq_u32(a, b); }
inline Words exclusiveOr(Words a, Words b) { return veorq_u32(a, b); }
inline Words bothBits(Words a, Words b) { return vandq_u32(a, b); }
template <int bits> inline Words rotated(Words a) { return vorrq_u32(vshlq_n_u32(a, bits), vshrq_n_u32(a, 32 - bits)); }
template <int bits> inline Words shiftedRightSigned(Words a) {
  return vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(a), bits));
}
inline void storeWords(uint32_t* to, Words value) { vst1q_u32(to, value); }
inline Words loadWords(const uint32_t* from) { return vld1q_u32(from); }
inline Mask notBelow(Words a, Words b) { return vcgeq_u32(a, b); }

/// In two factors, because 2^128 is out of range.
inline Floats timesPowerOfTwo(Floats a, Floats exponent) {
  const int32x4_t whole = vcvtnq_s32_f32(exponent);
  const int32x4_t half = vshrq_n_s32(whole, 1);
  const int32x4_t bias = vdupq_n_s32(127);
  const Floats first = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, bias), 23));
  const Floats second = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vsubq_s32(whole, half), bias), 23));
  return a * first * second;
}

inline Floats absolute(Floats a) { return vabsq_f32(a); }
inline Floats withSignOf(Floats a, Floats sign) { return vbslq_f32(broadcastWord(0x80000000u), sign, a); }
inline float sum(Floats a) { return vaddvq_f32(a); }
inline float largest(Floats a) { return vmaxvq_f32(a); }
/// The sum in float64.
inline double wideSum(Floats a) {
  return vaddvq_f64(vaddq_f64(vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a)));
}

/// Gathers `count` values `stride` apart; the other lanes are zero.
inline Floats gather(const float* from, std::ptrdiff_t stride, int count) {
  float buffer[4] = {0, 0, 0, 0};
  for (int i = 0; i < count && i < 4; i++) buffer[i] = from[i * stride];
  return vld1q_f32(buffer);
}

/// Lanes low … high − 1; the others load as zero and are not stored.
struct Window {
  int low;
  int high;
};
inline Window lanesBetween(int low, int high) { return {low, high}; }
inline Floats loadWindow(const float* from, Window window) {
  float buffer[4] = {0, 0, 0, 0};
  if (window.low == 0 && window.high == 4) return vld1q_f32(from);
  for (int i = window.low; i < window.high; i++) buffer[i] = from[i];
  return vld1q_f32(buffer);
}
inline void storeWindow(float* to, Floats value, Window window) {
  float buffer[4];
  vst1q_f32(buffer, value);
  for (int i = window.low; i < window.high; i++) to[i] = buffer[i];
}

/// The even and the odd lanes of the concatenation of a and b, in the lane order of `separated`.
inline void deinterleave(Floats a, Floats b, Floats& even, Floats& odd) {
  even = vuzp1q_f32(a, b);
  odd = vuzp2q_f32(a, b);
}
/// The inverse of `separate`.
inline void interleave(Floats even, Floats odd, Floats& a, Floats& b) {
  a = vzip1q_f32(even, odd);
  b = vzip2q_f32(even, odd);
}
/// Converts to this lane order or back; here it is the order in memory.
inline Floats separated(Floats a) { return a; }

/// 2^n, −126 ≤ n ≤ 127, from n + 1.5 · 2^23.
inline Floats powerOfTwo(Floats shifted) {
  return asFloats(plus(vshlq_n_u32(asWords(shifted), 23), broadcastWord(0x3f800000)));
}

// Functions on groups of four lanes; here the vector is one group.
/// Broadcasts four values to all fours.
inline Floats broadcastFour(const float* from) { return vld1q_f32(from); }
/// Broadcasts lane i of each four within the four.
template <int i> inline Floats spread(Floats a) { return vdupq_laneq_f32(a, i); }
/// Broadcasts the i-th value to all lanes of the i-th four.
inline Floats spreadOut(const float* from) { return vld1q_dup_f32(from); }
/// In each four: the sums of the fours of a, b, c and d, one per lane.
inline Floats sumsOfFours(Floats a, Floats b, Floats c, Floats d) {
  return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d));
}
/// sumInFours broadcasts the sum of each four; sumOverFours adds the fours lane by lane and broadcasts the result.
inline Floats sumInFours(Floats a) {
  const Floats two = vpaddq_f32(a, a);
  return vpaddq_f32(two, two);
}
inline Floats sumOverFours(Floats a) { return a; }
/// The sum of the first four in float64.
inline double wideSumOfFour(Floats a) { return wideSum(a); }

/// Transposes a square block.
inline void transpose(Floats (&row)[lanes]) {
  const Floats a = vzip1q_f32(row[0], row[2]);
  const Floats b = vzip2q_f32(row[0], row[2]);
  const Floats c = vzip1q_f32(row[1], row[3]);
  const Floats d = vzip2q_f32(row[1], row[3]);
  row[0] = vzip1q_f32(a, c);
  row[1] = vzip2q_f32(a, c);
  row[2] = vzip1q_f32(b, d);
  row[3] = vzip2q_f32(b, d);
}

}  // namespace ISA
}  // namespace descent
