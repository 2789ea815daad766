// Products without blocking: of few elements, and of one row.
#pragma once
#include "matrix.h"

namespace descent {
namespace ISA {

/// Whether the sizes are too small for blocking: one vector per row of C, A and B unpacked.
inline bool isSmall(int m, int n, int depth) { return n <= lanes && depth <= 16 && m * depth <= 64; }

/// gemmSmall for a constant depth, so that B stays in registers.
template <int depth>
inline void gemmSmallDepth(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, const Epilogue& epilogue) {
  const Mask mask = firstLanes(n);
  Floats right[depth];
#pragma GCC unroll 16
  for (int k = 0; k < depth; k++)
    right[k] = b.column == 1 ? load(b.at + k * b.row, mask) : gather(b.at + k, b.column, n);
  const Floats bias = epilogue.alongColumns ? load(epilogue.alongColumns, mask) : zeros();
  const float* row = a.at;
  float* to = out.at;
  float* sums = out.sums;
  for (int i = 0; i < m; i++, row += a.row, to += out.stride) {
    const float* from = row;
    Floats value = bias;
#pragma GCC unroll 16
    for (int k = 0; k < depth; k++, from += a.column) value = multiplyAdd(broadcast(*from), right[k], value);
    if (sums) {
      store(sums, value, mask);
      sums += out.stride;
    }
    if (epilogue.relu) value = maximum(zeros(), value);
    store(to, value, mask);
  }
}

/// gemm for small sizes (isSmall), without offsets or a transposed result.
inline void gemmSmall(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, int depth,
                      const Epilogue& epilogue) {
  using Multiply = void (*)(const MatrixA&, const MatrixB&, const MatrixC&, int, int, const Epilogue&);
  static constexpr Multiply byDepth[] = {
      nullptr,           gemmSmallDepth<1>,  gemmSmallDepth<2>,  gemmSmallDepth<3>,  gemmSmallDepth<4>,  gemmSmallDepth<5>,
      gemmSmallDepth<6>,  gemmSmallDepth<7>,  gemmSmallDepth<8>,  gemmSmallDepth<9>,  gemmSmallDepth<10>, gemmSmallDepth<11>,
      gemmSmallDepth<12>, gemmSmallDepth<13>, gemmSmallDepth<14>, gemmSmallDepth<15>, gemmSmallDepth<16>};
  byDepth[depth](a, b, out, m, n, epilogue);
}

/// y(u) = Σ_k x(k) · w(u, k) for one row, with vectors along k, `units` sums at a time.
template <int units>
inline void dotRow(const float* x, const float* w, ptrdiff_t stride, int depth, float* to) {
  Floats sums[units];
#pragma GCC unroll 16
  for (int u = 0; u < units; u++) sums[u] = zeros();
  int k = 0;
  for (; k + lanes <= depth; k += lanes) {
    const Floats one = load(x + k);
#pragma GCC unroll 16
    for (int u = 0; u < units; u++) sums[u] = multiplyAdd(one, load(w + u * stride + k), sums[u]);
  }
  if (k < depth) {
    const Mask mask = firstLanes(depth - k);
    const Floats one = load(x + k, mask);
#pragma GCC unroll 16
    for (int u = 0; u < units; u++) sums[u] = multiplyAdd(one, load(w + u * stride + k, mask), sums[u]);
  }
#pragma GCC unroll 16
  for (int u = 0; u < units; u++) to[u] = sum(sums[u]);
}

}  // namespace ISA
}  // namespace descent
