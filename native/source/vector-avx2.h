// Eight float32 in AVX2 registers with fused multiply-add; see vector.h for the functions.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace descent {
namespace ISA {

using Floats = __m256;
using Words = __m256i;
/// All bits of a lane are set or clear.
using Mask = __m256i;
constexpr int lanes = 8;
constexpr int registers = 16;
/// Masked stores are split.
constexpr bool masksAreFree = false;

inline Words broadcastWord(uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }
inline Words laneIndices() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
inline Mask firstLanes(int count) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), laneIndices()); }
inline Floats load(const float* from) { return _mm256_loadu_ps(from); }
inline Floats load(const float* from, Mask mask) { return _mm256_maskload_ps(from, mask); }
inline void store(float* to, Floats value) { _mm256_storeu_ps(to, value); }
/// Stores the first lanes of four, given as a bit mask.
inline void storeFirst(float* to, __m128 value, int bits) {
  if (bits & 8) return _mm_storeu_ps(to, value);
  if (bits & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(to), value);
    value = _mm_movehl_ps(value, value);
    to += 2;
    bits >>= 2;
  }
  if (bits & 1) _mm_store_ss(to, value);
}
/// Split, because masked stores are slow on some processors, even with all lanes.
inline void store(float* to, Floats value, Mask mask) {
  const int bits = _mm256_movemask_ps(_mm256_castsi256_ps(mask));
  if (bits == 255) return _mm256_storeu_ps(to, value);
  if (!(bits & 8)) return storeFirst(to, _mm256_castps256_ps128(value), bits);
  _mm_storeu_ps(to, _mm256_castps256_ps128(value));
  storeFirst(to + 4, _mm256_extractf128_ps(value, 1), bits >> 4);
}
inline Floats broadcast(float value) { return _mm256_set1_ps(value); }
inline Floats zeros() { return _mm256_setzero_ps(); }
inline Floats multiplyAdd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline Floats subtractProduct(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
inline Floats maximum(Floats a, Floats b) { return _mm256_max_ps(a, b); }
inline Floats minimum(Floats a, Floats b) { return _mm256_min_ps(a, b); }
inline Floats rounded(Floats a) { return _mm256_round_ps(a, 8); }
inline Floats squareRoot(Floats a) { return _mm256_sqrt_ps(a); }
inline Floats inverseEstimate(Floats a) { return _mm256_rcp_ps(a); }
inline Floats asFloats(Words a) { return _mm256_castsi256_ps(a); }
inline Words asWords(Floats a) { return _mm256_castps_si256(a); }
inline Floats converted(Words a) { return _mm256_cvtepi32_ps(a); }

inline Mask greater(Floats a, Floats b) { return asWords(_mm256_cmp_ps(a, b, _CMP_GT_OQ)); }
inline Mask greaterOrEqual(Floats a, Floats b) { return asWords(_mm256_cmp_ps(a, b, _CMP_GE_OQ)); }
inline Mask equal(Floats a, Floats b) { return asWords(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)); }
inline Mask andNot(Mask a, Mask b) { return _mm256_andnot_si256(b, a); }
inline Mask orMask(Mask a, Mask b) { return _mm256_or_si256(a, b); }
inline Floats select(Mask mask, Floats yes, Floats no) { return _mm256_blendv_ps(no, yes, asFloats(mask)); }
inline Floats selectOrZero(Mask mask, Floats value) { return _mm256_and_ps(asFloats(mask), value); }

inline Words plus(Words a, Words b) { return _mm256_add_epi32(a, b); }
inline Words minus(Words a, Words b) { return _mm256_sub_epi32(a, b); }
inline Words exclusiveOr(Words a, Words b) { return _mm256_xor_si256(a, b); }
inline Words bothBits(Words a, Words b) { return _mm256_and_si256(a, b); }
template <int bits> inline Words rotated(Words a) {
  return _mm256_or_si256(_mm256_slli_epi32(a, bits), _mm256_srli_epi32(a, 32 - bits));
}
template <int bits> inline Words shiftedRightSigned(Words a) { return _mm256_srai_epi32(a, bits); }
inline void storeWords(uint32_t* to, Words value) { _mm256_storeu_si256(reinterpret_cast<Words*>(to), value); }
inline Words loadWords(const uint32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const Words*>(from)); }
inline Mask notBelow(Words a, Words b) { return _mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a); }

/// In two factors, because 2^128 is out of range.
inline Floats timesPowerOfTwo(Floats a, Floats exponent) {
  const Words whole = _mm256_cvtps_epi32(exponent);
  const Words half = _mm256_srai_epi32(whole, 1);
  const Words bias = broadcastWord(127);
  const Floats first = asFloats(_mm256_slli_epi32(plus(half, bias), 23));
  const Floats second = asFloats(_mm256_slli_epi32(plus(minus(whole, half), bias), 23));
  return a * first * second;
}

inline Floats absolute(Floats a) { return _mm256_andnot_ps(asFloats(broadcastWord(0x80000000u)), a); }
inline Floats withSignOf(Floats a, Floats sign) {
  const Floats bit = asFloats(broadcastWord(0x80000000u));
  return _mm256_or_ps(_mm256_andnot_ps(bit, a), _mm256_and_ps(bit, sign));
}
inline float sum(Floats a) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
inline float largest(Floats a) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}
/// The sum in float64.
inline double wideSum(Floats a) {
  const __m256d four =
      _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

/// Gathers `count` values `stride` apart; the other lanes are zero.
inline Floats gather(const float* from, std::ptrdiff_t stride, int count) {
  // The gather instruction is slow on some processors.
  if (count <= 4) {
    const auto lane = [&](int i) { return i < count ? from[i * stride] : 0; };
    return _mm256_zextps128_ps256(_mm_setr_ps(from[0], lane(1), lane(2), lane(3)));
  }
  const Words at = _mm256_mullo_epi32(laneIndices(), _mm256_set1_epi32(static_cast<int>(stride)));
  return _mm256_mask_i32gather_ps(zeros(), from, at, asFloats(firstLanes(count)), 4);
}

/// Lanes low … high − 1; the others load as zero and are not stored.
using Window = Mask;
inline Window lanesBetween(int low, int high) { return _mm256_andnot_si256(firstLanes(low), firstLanes(high)); }
inline Floats loadWindow(const float* from, Window window) { return load(from, window); }
inline void storeWindow(float* to, Floats value, Window window) {
  const int bits = _mm256_movemask_ps(_mm256_castsi256_ps(window));
  if (bits & 1) store(to, value, window);
  else if (bits == 0xf0) _mm_storeu_ps(to + 4, _mm256_extractf128_ps(value, 1));
  else _mm256_maskstore_ps(to, window, value);
}

/// The even and the odd lanes of the concatenation of a and b, in the lane order of `separated`.
inline void deinterleave(Floats a, Floats b, Floats& even, Floats& odd) {
  even = _mm256_shuffle_ps(a, b, 0x88);
  odd = _mm256_shuffle_ps(a, b, 0xdd);
}
/// The inverse of `separate`.
inline void interleave(Floats even, Floats odd, Floats& a, Floats& b) {
  a = _mm256_unpacklo_ps(even, odd);
  b = _mm256_unpackhi_ps(even, odd);
}
/// Converts to this lane order or back: swaps the second and third pair of lanes.
inline Floats separated(Floats a) { return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(a), 0xd8)); }

/// Number of lanes in a mask.
inline int countOf(Mask mask) { return __builtin_popcount(static_cast<unsigned>(_mm256_movemask_ps(asFloats(mask)))); }
/// 2^n, −126 ≤ n ≤ 127, from n + 1.5 · 2^23.
inline Floats powerOfTwo(Floats shifted) {
  return asFloats(plus(_mm256_slli_epi32(asWords(shifted), 23), broadcastWord(0x3f800000)));
}

// Functions on groups of four lanes ("fours").
/// Broadcasts four values to all fours.
inline Floats broadcastFour(const float* from) { return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(from)); }
/// Broadcasts lane i of each four within the four.
template <int i> inline Floats spread(Floats a) { return _mm256_permute_ps(a, i * 0x55); }
/// Broadcasts the i-th value to all lanes of the i-th four.
inline Floats spreadOut(const float* from) {
  const __m128 two = _mm_loadl_pi(_mm_setzero_ps(), reinterpret_cast<const __m64*>(from));
  const Floats both = _mm256_castpd_ps(_mm256_broadcastsd_pd(_mm_castps_pd(two)));
  return _mm256_permutevar_ps(both, _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}
/// In each four: the sums of the fours of a, b, c and d, one per lane.
inline Floats sumsOfFours(Floats a, Floats b, Floats c, Floats d) {
  const __m256d one = _mm256_castps_pd(_mm256_unpacklo_ps(a, b) + _mm256_unpackhi_ps(a, b));
  const __m256d two = _mm256_castps_pd(_mm256_unpacklo_ps(c, d) + _mm256_unpackhi_ps(c, d));
  return _mm256_castpd_ps(_mm256_unpacklo_pd(one, two)) + _mm256_castpd_ps(_mm256_unpackhi_pd(one, two));
}
/// sumInFours broadcasts the sum of each four; sumOverFours adds the fours lane by lane and broadcasts the result.
inline Floats sumInFours(Floats a) {
  const Floats two = a + _mm256_permute_ps(a, 0x4e);
  return two + _mm256_permute_ps(two, 0xb1);
}
inline Floats sumOverFours(Floats a) { return a + _mm256_permute2f128_ps(a, a, 1); }
/// The sum of the first four in float64.
inline double wideSumOfFour(Floats a) {
  const __m256d four = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

/// Transposes a square block.
inline void transpose(Floats (&row)[lanes]) {
  Floats t[8];
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(row[2 * i], row[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(row[2 * i], row[2 * i + 1]);
  }
  Floats s[8];
  for (int i = 0; i < 2; i++) {
    s[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    s[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    s[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    s[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    row[i] = _mm256_permute2f128_ps(s[i], s[i + 4], 0x20);
    row[i + 4] = _mm256_permute2f128_ps(s[i], s[i + 4], 0x31);
  }
}

}  // namespace ISA
}  // namespace descent
