// Packing of A and B, so that the micro-kernel reads them in order, and prefetching of what is packed next.
#pragma once
#include "matrix.h"
#include "plan.h"

namespace descent {
namespace ISA {

/// Rows of B to prefetch ahead: as many as fit in the L1 cache when they are powers of two apart.
constexpr int prefetchRows = 6;

/// Transposes up to `lanes` rows: element (r, c) goes to to[c · toStride + r]. Missing rows up to a vector become zero.
inline void packTransposed(const float* from, ptrdiff_t stride, int rows, int columns, float* to, ptrdiff_t toStride) {
  if (columns <= 6) {
    for (int c = 0; c < columns; c++) store(to + c * toStride, gather(from + c, stride, rows));
    return;
  }
  for (int c = 0; c < columns; c += lanes) {
    Floats block[lanes];
    const int count = min(lanes, columns - c);
    if (rows == lanes && count == lanes) {
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = load(from + r * stride + c);
    } else {
      const Mask mask = firstLanes(count);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < rows ? load(from + r * stride + c, mask) : zeros();
    }
    transpose(block);
    if (count == lanes) {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++) store(to + (c + k) * toStride, block[k]);
    } else {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++)
        if (k < count) store(to + (c + k) * toStride, block[k]);
    }
  }
}

/// Packs `depth` rows of B to consecutive panels [depth][NR], zero-padded. The last panel has only as many vectors as it
/// needs.
inline void packB(const MatrixB& b, int k0, int j0, int depth, int columns, float* to) {
  const int before = (columns - 1) / NR;
  const int inLast = columns - before * NR;
  const int vectors = ceilDivide(inLast, lanes);
  const Mask mask = firstLanes(inLast - (vectors - 1) * lanes);
  const float* from = b.at + k0 * b.row + j0;
  for (int k = 0; k < depth; k++, from += b.row) {
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(from + prefetchRows * b.row + j);
    const float* row = from;
    for (int p = 0; p < before; p++, row += NR)
#pragma GCC unroll 4
      for (int v = 0; v < blockVectors; v++)
        store(to + (int64_t{p} * depth + k) * NR + v * lanes, load(row + v * lanes));
    float* last = to + int64_t{before} * depth * NR + int64_t{k} * vectors * lanes;
    for (int v = 0; v < vectors; v++)
      store(last + v * lanes, v == vectors - 1 ? load(row + v * lanes, mask) : load(row + v * lanes));
  }
}

/// Packs columns of B, contiguous along k, to one panel [depth][vectors · lanes].
inline void packBTransposed(const MatrixB& b, int k0, int j0, int depth, int columns, int vectors, float* to) {
  for (int v = 0; v < vectors; v++)
    packTransposed(b.at + k0 + (j0 + v * lanes) * b.column, b.column, min(lanes, columns - v * lanes), depth,
                   to + v * lanes, vectors * lanes);
}

/// Packs a block of A [height][depth] to [depth][height]. Stores whole vectors, so the next row overwrites the excess, and
/// up to lanes − 1 floats after the block change.
inline void packA(const MatrixA& a, int i0, int k0, int height, int depth, float* to) {
  if (a.row == 1) {
    const Mask mask = firstLanes(height);
    const float* from = a.at + i0 + k0 * a.column;
    for (int k = 0; k < depth; k++, from += a.column, to += height) {
      if (height <= lanes) store(to, load(from, mask));
      else for (int i = 0; i < height; i++) to[i] = from[i];
    }
    return;
  }
  const float* from = a.at + i0 * a.row + k0;
  int k = 0;
  for (; k + lanes <= depth; k += lanes) {
    for (int first = 0; first < height; first += lanes) {
      Floats block[lanes];
      const int count = min(lanes, height - first);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < count ? load(from + (first + r) * a.row + k) : zeros();
      transpose(block);
      float* const row = to + k * height + first;
      if (height <= lanes) {
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r]);
      } else {
        const Mask mask = firstLanes(count);
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r], mask);
      }
    }
  }
  for (; k < depth; k++)
    for (int i = 0; i < height; i++) to[k * height + i] = from[i * a.row + k];
}

/// Prefetches the lines of a block of C for writing. Inlined, because GCC takes a function that only prefetches for one
/// without effects, and drops its calls.
[[gnu::always_inline]] inline void prefetchForWrite(const float* at, ptrdiff_t stride, int rows, int columns) {
  for (int i = 0; i < rows; i++, at += stride)
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(at + j, 1);
}

/// Prefetches one of `parts` shares of what packBTransposed reads for the next panel. Inlined as prefetchForWrite is.
[[gnu::always_inline]] inline void prefetchTransposed(const MatrixB& b, int k0, int j0, int depth, int columns, int part, int parts) {
  const int lines = ceilDivide(depth, 16);
  const int64_t all = int64_t{lines} * columns;
  const int end = static_cast<int>(all * (part + 1) / parts);
  int i = static_cast<int>(all * part / parts);
  int line = i % lines;
  const float* column = b.at + k0 + (j0 + i / lines) * b.column;
  for (; i < end; i++) {
    __builtin_prefetch(column + line * 16, 0, 2);
    if (++line < lines) continue;
    line = 0;
    column += b.column;
  }
}

}  // namespace ISA
}  // namespace descent
