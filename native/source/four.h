// Four float32, whatever the widest vectors are: for batches of four rows.
#pragma once
#include "vector.h"

namespace descent {
namespace ISA {

#if defined(DESCENT_NEON)
struct Four {
  float32x4_t v;
};
inline Four load4(const float* from) { return {vld1q_f32(from)}; }
inline void store4(float* to, Four a) { vst1q_f32(to, a.v); }
inline Four every4(float value) { return {vdupq_n_f32(value)}; }
inline Four operator+(Four a, Four b) { return {vaddq_f32(a.v, b.v)}; }
inline Four operator-(Four a, Four b) { return {vsubq_f32(a.v, b.v)}; }
inline Four operator*(Four a, Four b) { return {vmulq_f32(a.v, b.v)}; }
inline Four operator/(Four a, Four b) { return {vdivq_f32(a.v, b.v)}; }
inline Four multiplyAdd(Four a, Four b, Four c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
inline Four subtractProduct(Four a, Four b, Four c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
inline Four larger(Four a, Four b) { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
inline Four smaller(Four a, Four b) { return {vbslq_f32(vcgtq_f32(b.v, a.v), a.v, b.v)}; }
/// 2^n from n + 1.5 · 2^23.
inline Four powerOfTwo(Four shifted) {
  const int32x4_t raised = vshlq_n_s32(vreinterpretq_s32_f32(shifted.v), 23);
  return {vreinterpretq_f32_s32(vaddq_s32(raised, vdupq_n_s32(0x3f800000)))};
}
/// Lane i: the sum of the lanes of the i-th.
inline Four sums(Four a, Four b, Four c, Four d) { return {vpaddq_f32(vpaddq_f32(a.v, b.v), vpaddq_f32(c.v, d.v))}; }
inline double wideSum(Four a) { return wideSum(a.v); }
/// The first `count` ≤ 4 lanes.
inline void storeFirst(float* to, Four a, int count) {
  if (count >= 4) return store4(to, a);
  float some[4];
  store4(some, a);
  for (int i = 0; i < count; i++) to[i] = some[i];
}
/// The first `count` ≤ 4 numbers, zeros behind.
inline Four loadFirst(const float* from, int count) {
  if (count >= 4) return load4(from);
  float some[4] = {0, 0, 0, 0};
  for (int i = 0; i < count; i++) some[i] = from[i];
  return load4(some);
}
#else
struct Four {
  __m128 v;
};
inline Four load4(const float* from) { return {_mm_loadu_ps(from)}; }
inline void store4(float* to, Four a) { _mm_storeu_ps(to, a.v); }
inline Four every4(float value) { return {_mm_set1_ps(value)}; }
inline Four operator+(Four a, Four b) { return {_mm_add_ps(a.v, b.v)}; }
inline Four operator-(Four a, Four b) { return {_mm_sub_ps(a.v, b.v)}; }
inline Four operator*(Four a, Four b) { return {_mm_mul_ps(a.v, b.v)}; }
inline Four operator/(Four a, Four b) { return {_mm_div_ps(a.v, b.v)}; }
inline Four multiplyAdd(Four a, Four b, Four c) { return {_mm_fmadd_ps(a.v, b.v, c.v)}; }
inline Four subtractProduct(Four a, Four b, Four c) { return {_mm_fnmadd_ps(a.v, b.v, c.v)}; }
inline Four larger(Four a, Four b) { return {_mm_max_ps(a.v, b.v)}; }
inline Four smaller(Four a, Four b) { return {_mm_min_ps(a.v, b.v)}; }
/// 2^n from n + 1.5 · 2^23.
inline Four powerOfTwo(Four shifted) {
  const __m128i raised = _mm_slli_epi32(_mm_castps_si128(shifted.v), 23);
  return {_mm_castsi128_ps(_mm_add_epi32(raised, _mm_set1_epi32(0x3f800000)))};
}
/// Lane i: the sum of the lanes of the i-th.
inline Four sums(Four a, Four b, Four c, Four d) {
  return {_mm_hadd_ps(_mm_hadd_ps(a.v, b.v), _mm_hadd_ps(c.v, d.v))};
}
inline double wideSum(Four a) {
  const __m256d four = _mm256_cvtps_pd(a.v);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
/// The first `count` ≤ 4 lanes.
inline void storeFirst(float* to, Four a, int count) {
  const __m128 high = _mm_movehl_ps(a.v, a.v);
  switch (count) {
    case 1: return _mm_store_ss(to, a.v);
    case 3: _mm_store_ss(to + 2, high); [[fallthrough]];
    case 2: return _mm_storel_pi(reinterpret_cast<__m64*>(to), a.v);
    default: store4(to, a);
  }
}
/// The first `count` ≤ 4 numbers, zeros behind.
inline Four loadFirst(const float* from, int count) {
  const auto two = [&] { return _mm_loadl_pi(_mm_setzero_ps(), reinterpret_cast<const __m64*>(from)); };
  switch (count) {
    case 1: return {_mm_load_ss(from)};
    case 2: return {two()};
    case 3: return {_mm_movelh_ps(two(), _mm_load_ss(from + 2))};
    default: return load4(from);
  }
}
#endif

/**
 * 1/(1 + e^−x) to 4 ulp where the result is a normal number; NaN stays NaN. With −x = n ln 2 + r the sum is
 * (1 + 2^n) + 2^n r + 2^n r² q(r): steps of small networks wait for one of these after another, so everything but r, r²,
 * q and a multiply-add is ready before the division needs it.
 */
inline Four logistic(Four x) {
  const Four magic = every4(12582912);
  // So far out n stays an integer; a number that is none comes second, and stays.
  const Four bounded = smaller(every4(1e6f), larger(every4(-1e6f), x));
  const Four shifted = subtractProduct(bounded, every4(1.44269504f), magic);
  const Four n = shifted - magic;
  const Four r = subtractProduct(n, every4(-2.12194440e-4f), subtractProduct(n, every4(0.693359375f), every4(0) - bounded));
  const Four square = r * r;
  const Four low = multiplyAdd(r, every4(1.666652e-1f), every4(4.9999993e-1f));
  const Four high = multiplyAdd(square, every4(1.38145e-3f), multiplyAdd(r, every4(8.36878e-3f), every4(4.166839e-2f)));
  const Four power = powerOfTwo(smaller(every4(12583038), larger(every4(12582788), shifted)));
  const Four sum = multiplyAdd(power, r, every4(1) + power);
  return every4(1) / multiplyAdd(power * square, multiplyAdd(high, square, low), sum);
}

}  // namespace ISA
}  // namespace descent
