// Sixteen float32 in AVX-512 registers; see vector.h for the functions.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace descent {
namespace ISA {

using Floats = __m512;
using Words = __m512i;
using Mask = __mmask16;
constexpr int lanes = 16;
constexpr int registers = 32;
/// Whether masked loads and stores are as fast as unmasked ones.
constexpr bool masksAreFree = true;

inline Mask firstLanes(int count) { return static_cast<Mask>(count >= 16 ? 0xffff : (1u << count) - 1); }
inline Floats load(const float* from) { return _mm512_loadu_ps(from); }
inline Floats load(const float* from, Mask mask) { return _mm512_maskz_loadu_ps(mask, from); }
inline void store(float* to, Floats value) { _mm512_storeu_ps(to, value); }
inline void store(float* to, Floats value, Mask mask) { _mm512_mask_storeu_ps(to, mask, value); }
inline Floats broadcast(float value) { return _mm512_set1_ps(value); }
inline Floats zeros() { return _mm512_setzero_ps(); }
inline Floats multiplyAdd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats subtractProduct(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }
inline Floats maximum(Floats a, Floats b) { return _mm512_max_ps(a, b); }
inline Floats minimum(Floats a, Floats b) { return _mm512_min_ps(a, b); }
inline Floats rounded(Floats a) { return _mm512_roundscale_ps(a, 8); }
inline Floats timesPowerOfTwo(Floats a, Floats exponent) { return _mm512_scalef_ps(a, exponent); }
inline Floats squareRoot(Floats a) { return _mm512_sqrt_ps(a); }
inline Floats inverseEstimate(Floats a) { return _mm512_rcp14_ps(a); }

inline Mask greater(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
inline Mask greaterOrEqual(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
inline Mask equal(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Mask andNot(Mask a, Mask b) { return static_cast<Mask>(a & ~b); }
inline Mask orMask(Mask a, Mask b) { return static_cast<Mask>(a | b); }
inline Floats select(Mask mask, Floats yes, Floats no) { return _mm512_mask_blend_ps(mask, no, yes); }
inline Floats selectOrZero(Mask mask, Floats value) { return _mm512_maskz_mov_ps(mask, value); }

inline Words broadcastWord(uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }
inline Words laneIndices() { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
inline Words plus(Words a, Words b) { return _mm512_add_epi32(a, b); }
inline Words minus(Words a, Words b) { return _mm512_sub_epi32(a, b); }
inline Words exclusiveOr(Words a, Words b) { return _mm512_xor_si512(a, b); }
inline Words bothBits(Words a, Words b) { return _mm512_and_si512(a, b); }
template <int bits> inline Words rotated(Words a) { return _mm512_rol_epi32(a, bits); }
template <int bits> inline Words shiftedRightSigned(Words a) { return _mm512_srai_epi32(a, bits); }
inline Floats asFloats(Words a) { return _mm512_castsi512_ps(a); }
inline Words asWords(Floats a) { return _mm512_castps_si512(a); }
inline Floats converted(Words a) { return _mm512_cvtepi32_ps(a); }
inline void storeWords(uint32_t* to, Words value) { _mm512_storeu_si512(to, value); }
inline Words loadWords(const uint32_t* from) { return _mm512_loadu_si512(from); }
inline Mask notBelow(Words a, Words b) { return _mm512_cmpge_epu32_mask(a, b); }

inline Floats absolute(Floats a) { return _mm512_abs_ps(a); }
inline Floats withSignOf(Floats a, Floats sign) {
  const Words bit = broadcastWord(0x80000000u);
  return asFloats(_mm512_or_si512(_mm512_andnot_si512(bit, asWords(a)), _mm512_and_si512(bit, asWords(sign))));
}
inline float sum(Floats a) { return _mm512_reduce_add_ps(a); }
inline float largest(Floats a) { return _mm512_reduce_max_ps(a); }
/// The sum in float64.
inline double wideSum(Floats a) {
  const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(a));
  const __m512d high = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)));
  return _mm512_reduce_add_pd(_mm512_add_pd(low, high));
}

/// Gathers `count` values `stride` apart; the other lanes are zero.
inline Floats gather(const float* from, std::ptrdiff_t stride, int count) {
  // The gather instruction is slow on some processors.
  if (count <= 4) {
    const auto lane = [&](int i) { return i < count ? from[i * stride] : 0; };
    return _mm512_zextps128_ps512(_mm_setr_ps(from[0], lane(1), lane(2), lane(3)));
  }
  const Words at = _mm512_mullo_epi32(laneIndices(), _mm512_set1_epi32(static_cast<int>(stride)));
  return _mm512_mask_i32gather_ps(zeros(), firstLanes(count), at, from, 4);
}

/// Lanes low … high − 1; the others load as zero and are not stored.
using Window = Mask;
inline Window lanesBetween(int low, int high) { return static_cast<Mask>(firstLanes(high) & ~firstLanes(low)); }
inline Floats loadWindow(const float* from, Window window) { return load(from, window); }
inline void storeWindow(float* to, Floats value, Window window) { store(to, value, window); }

/// The even and the odd lanes of the concatenation of a and b, in the lane order of `separated`.
inline void deinterleave(Floats a, Floats b, Floats& even, Floats& odd) {
  const Words evens = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  even = _mm512_permutex2var_ps(a, evens, b);
  odd = _mm512_permutex2var_ps(a, plus(evens, broadcastWord(1)), b);
}
/// The inverse of `separate`.
inline void interleave(Floats even, Floats odd, Floats& a, Floats& b) {
  const Words first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  a = _mm512_permutex2var_ps(even, first, odd);
  b = _mm512_permutex2var_ps(even, plus(first, broadcastWord(8)), odd);
}
/// Converts to this lane order or back; here it is the order in memory.
inline Floats separated(Floats a) { return a; }

/// Number of lanes in a mask.
inline int countOf(Mask mask) { return __builtin_popcount(mask); }
/// 2^n, −126 ≤ n ≤ 127, from n + 1.5 · 2^23.
inline Floats powerOfTwo(Floats shifted) {
  return asFloats(plus(_mm512_slli_epi32(asWords(shifted), 23), broadcastWord(0x3f800000)));
}

// Functions on groups of four lanes ("fours").
/// Broadcasts four values to all fours.
inline Floats broadcastFour(const float* from) { return _mm512_broadcast_f32x4(_mm_loadu_ps(from)); }
/// Broadcasts lane i of each four within the four.
template <int i> inline Floats spread(Floats a) { return _mm512_permute_ps(a, i * 0x55); }
/// Broadcasts the i-th value to all lanes of the i-th four.
inline Floats spreadOut(const float* from) {
  return _mm512_permutevar_ps(broadcastFour(from), _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
}
/// In each four: the sums of the fours of a, b, c and d, one per lane.
inline Floats sumsOfFours(Floats a, Floats b, Floats c, Floats d) {
  const __m512d one = _mm512_castps_pd(_mm512_unpacklo_ps(a, b) + _mm512_unpackhi_ps(a, b));
  const __m512d two = _mm512_castps_pd(_mm512_unpacklo_ps(c, d) + _mm512_unpackhi_ps(c, d));
  return _mm512_castpd_ps(_mm512_unpacklo_pd(one, two)) + _mm512_castpd_ps(_mm512_unpackhi_pd(one, two));
}
/// sumInFours broadcasts the sum of each four; sumOverFours adds the fours lane by lane and broadcasts the result.
inline Floats sumInFours(Floats a) {
  const Floats two = a + _mm512_permute_ps(a, 0x4e);
  return two + _mm512_permute_ps(two, 0xb1);
}
inline Floats sumOverFours(Floats a) {
  const Floats two = a + _mm512_shuffle_f32x4(a, a, 0x4e);
  return two + _mm512_shuffle_f32x4(two, two, 0xb1);
}
/// The sum of the first four in float64.
inline double wideSumOfFour(Floats a) {
  const __m256d four = _mm256_cvtps_pd(_mm512_castps512_ps128(a));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

/// Transposes a square block.
inline void transpose(Floats (&row)[lanes]) {
  Floats t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(row[2 * i], row[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(row[2 * i], row[2 * i + 1]);
  }
  Floats s[16];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const auto wide = [](Floats x) { return _mm512_castps_pd(x); };
    s[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(t[4 * i]), wide(t[4 * i + 2])));
    s[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(t[4 * i]), wide(t[4 * i + 2])));
    s[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(t[4 * i + 1]), wide(t[4 * i + 3])));
    s[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(t[4 * i + 1]), wide(t[4 * i + 3])));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const Floats low = _mm512_shuffle_f32x4(s[i], s[i + 4], 0x88);
    const Floats high = _mm512_shuffle_f32x4(s[i + 8], s[i + 12], 0x88);
    const Floats lowOdd = _mm512_shuffle_f32x4(s[i], s[i + 4], 0xdd);
    const Floats highOdd = _mm512_shuffle_f32x4(s[i + 8], s[i + 12], 0xdd);
    row[i] = _mm512_shuffle_f32x4(low, high, 0x88);
    row[i + 8] = _mm512_shuffle_f32x4(low, high, 0xdd);
    row[i + 4] = _mm512_shuffle_f32x4(lowOdd, highOdd, 0x88);
    row[i + 12] = _mm512_shuffle_f32x4(lowOdd, highOdd, 0xdd);
  }
}

}  // namespace ISA
}  // namespace descent
