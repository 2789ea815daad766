// The vector type of all kernels, selected by a macro in the file that compiles the kernels. All instruction sets have
// the same functions: loads and stores (a mask selects the first lanes), arithmetic operators,
// multiplyAdd(a, b, c) = a·b + c, subtractProduct(a, b, c) = c − a·b, comparisons that return masks, and 32-bit words.
#pragma once

#if defined(DESCENT_AVX512)
#define ISA avx512
#include "vector-avx512.h"
#elif defined(DESCENT_AVX2)
#define ISA avx2
#include "vector-avx2.h"
#elif defined(DESCENT_NEON)
#define ISA neon
#include "vector-neon.h"
#else
#error "define DESCENT_AVX512, DESCENT_AVX2 or DESCENT_NEON"
#endif

namespace descent {
namespace ISA {

template <typename Number> constexpr Number min(Number a, Number b) { return a < b ? a : b; }
template <typename Number> constexpr Number max(Number a, Number b) { return a > b ? a : b; }
constexpr int ceilDivide(int a, int b) { return (a + b - 1) / b; }

/// 1/a for normal a: the estimate and one Newton step, relative error below 4e-7.
inline Floats inverse(Floats a) {
  const Floats guess = inverseEstimate(a);
  return multiplyAdd(guess, subtractProduct(a, guess, broadcast(1)), guess);
}

/// A mask of all lanes, which selects unmasked loads and stores.
struct AllLanes {
  operator Mask() const { return firstLanes(lanes); }
};
inline Floats load(const float* from, AllLanes) { return load(from); }
inline void store(float* to, Floats value, AllLanes) { store(to, value); }

/// Calls work(offset, mask) for vectors over `count` floats; the mask is AllLanes except for a partial last vector.
template <typename Work> inline void forEachVector(int64_t count, Work work) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) work(i, AllLanes{});
  if (i < count) work(i, firstLanes(static_cast<int>(count - i)));
}

}  // namespace ISA
}  // namespace descent
