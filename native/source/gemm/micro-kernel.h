// The micro-kernel: broadcasts elements of A and loads vectors of B along j, while the sums of a block of C stay in registers
// over the depth.
#pragma once
#include "epilogue.h"
#include "plan.h"

namespace descent {
namespace ISA {

/// sum(i, j) = Σ_k A(i, k) · B(k, j), with all sums in registers.
template <int height, int width, AccessA left, bool hasOffsets, bool masked>
[[gnu::always_inline]] inline void accumulate(const Block& t, Floats (&sum)[height][width]) {
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) sum[i][v] = zeros();
  const Mask last = t.last;
  const float* b = t.b;
  const float* a = t.a;
  // One pointer addresses three rows, so that all pointers fit in registers.
  constexpr int bases = (height + 2) / 3;
  const char* base[bases];
  const ptrdiff_t stride = t.aStride * static_cast<ptrdiff_t>(sizeof(float));
  if (left == AccessA::rows)
    for (int i = 0; i < bases; i++) base[i] = reinterpret_cast<const char*>(a) + 3 * i * stride;
  for (int k = 0; k < t.depth; k++) {
    const float* from = hasOffsets ? b + t.bOffsets[k] : b;
    Floats right[width];
#pragma GCC unroll 4
    for (int v = 0; v < width; v++)
      right[v] = masked && v == width - 1 ? load(from + v * lanes, last) : load(from + v * lanes);
    const float* row = left == AccessA::offsets ? a + t.aOffsets[k] : a;
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      const Floats one = left == AccessA::rows
                             ? broadcast(*reinterpret_cast<const float*>(base[i / 3] + (i % 3) * stride))
                             : broadcast(row[i]);
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) sum[i][v] = multiplyAdd(one, right[v], sum[i][v]);
    }
    if (!hasOffsets) b += t.bStride;
    if (left == AccessA::contiguous) a += t.aStride;
    if (left == AccessA::rows)
#pragma GCC unroll 8
      for (int i = 0; i < bases; i++) base[i] += sizeof(float);
  }
}

/// Computes and stores one block of `height` rows and `width` vectors.
template <int height, int width, AccessA left, bool hasOffsets, bool masked>
void microKernel(const Block& t) {
  Floats sum[height][width];
  accumulate<height, width, left, hasOffsets, masked>(t, sum);
  if constexpr (hasOffsets)
    if (t.segments) return storeSegments(t, sum);
  storeRows(t, sum);
}

using MicroKernel = void (*)(const Block&);

/// The micro-kernels for one access to A and B, by height and vectors.
template <AccessA left, bool hasOffsets, bool masked> struct MicroKernels {
  MicroKernel table[MR + 1][blockVectors + 2];
  constexpr MicroKernels() : table() { fill<MR>(); }
  template <int height> constexpr void fill() {
    if constexpr (height > 0) {
      table[height][1] = microKernel<height, 1, left, hasOffsets, masked>;
      table[height][2] = microKernel<height, 2, left, hasOffsets, masked>;
      if constexpr (hasOffsets && height <= wideBlockMR) table[height][3] = microKernel<height, 3, left, hasOffsets, masked>;
      fill<height - 1>();
    }
  }
};

template <AccessA left, bool hasOffsets, bool masked>
inline MicroKernel findMicroKernel(int height, int width) {
  static constexpr MicroKernels<left, hasOffsets, masked> blocks;
  return blocks.table[height][width];
}

inline MicroKernel selectMicroKernel(AccessA left, bool hasOffsets, bool whole, int height, int width) {
  if (hasOffsets) return findMicroKernel<AccessA::contiguous, true, true>(height, width);
  switch (left) {
    case AccessA::offsets:
      return findMicroKernel<AccessA::offsets, false, false>(height, width);
    case AccessA::rows:
      return whole ? findMicroKernel<AccessA::rows, false, false>(height, width)
                   : findMicroKernel<AccessA::rows, false, true>(height, width);
    default:
      return whole ? findMicroKernel<AccessA::contiguous, false, false>(height, width)
                   : findMicroKernel<AccessA::contiguous, false, true>(height, width);
  }
}

}  // namespace ISA
}  // namespace descent
