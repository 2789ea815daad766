// What happens to the sums of a block when they are complete: adding to C, bias, relu, and storing as rows, as segments of
// rows, or transposed.
#pragma once
#include "block.h"

namespace descent {
namespace ISA {

/// Segments per vector when some of every `pitch` columns are stored.
inline int segmentsPerVector(int pitch) { return lanes / pitch + 2; }

/// Computes the segments of `columns` columns, of which the first `length` of every `pitch` are stored contiguously.
inline void segmentRows(int columns, int pitch, int length, Segment* to) {
  for (int first = 0; first < columns; first += lanes) {
    const int end = min(first + lanes, columns);
    for (int part = 0, row = first / pitch; part < segmentsPerVector(pitch); part++, row++) {
      const int low = max(row * pitch, first);
      const int high = min(row * pitch + length, end);
      *to++ = low < high ? Segment{low - first, high - first, first - row * (pitch - length)} : Segment{0, 0, 0};
    }
  }
}

/// Stores the segments of a block.
template <int height, int width>
[[gnu::always_inline]] inline void storeSegments(const Block& t, Floats (&sum)[height][width]) {
  float* const c = t.c;
  const bool relu = t.relu;
  const bool adds = t.adds;
  const ptrdiff_t stride = t.cStride;
  float* const before = t.sums;
  const bool ready = !adds && !before;
#pragma GCC unroll 16
  for (int i = 0; i < height; i++) {
    const Floats bias = t.alongRows ? broadcast(t.alongRows[i]) : zeros();
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) {
      sum[i][v] = sum[i][v] + bias;
      if (ready && relu) sum[i][v] = maximum(zeros(), sum[i][v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < width; v++) {
    for (int part = 0; part < t.parts; part++) {
      const Segment segment = t.segments[v * t.parts + part];
      if (segment.low == segment.high) continue;
      const Window window = lanesBetween(segment.low, segment.high);
      float* to = c + segment.at;
      if (ready) {
#pragma GCC unroll 16
        for (int i = 0; i < height; i++, to += stride) storeWindow(to, sum[i][v], window);
        continue;
      }
      float* sums = before ? before + segment.at : nullptr;
#pragma GCC unroll 16
      for (int i = 0; i < height; i++, to += stride) {
        Floats value = sum[i][v];
        if (adds) value = value + loadWindow(to, window);
        if (sums) {
          storeWindow(sums, value, window);
          sums += stride;
        }
        if (relu) value = maximum(zeros(), value);
        storeWindow(to, value, window);
      }
    }
  }
}

/// Stores the rows of a block.
template <int height, int width>
[[gnu::always_inline]] inline void storeRows(const Block& t, Floats (&sum)[height][width]) {
  const Mask last = t.last;
  float* c = t.c;
  const bool plain = !t.adds && !t.alongColumns && !t.alongRows && !t.sums && !t.relu;
  const auto finish = [&](Floats value, int i, int v, float* to, auto mask) {
    if (!plain) {
      if (t.adds) value = value + load(to, mask);
      if (t.alongColumns) value = value + load(t.alongColumns + v * lanes, mask);
      if (t.alongRows) value = value + broadcast(t.alongRows[i]);
      if (t.sums) store(t.sums + i * t.cStride + v * lanes, value, mask);
      if (t.relu) value = maximum(zeros(), value);
    }
    store(to, value, mask);
  };
  if (masksAreFree || t.whole) {
    const auto mask = [&] {
      if constexpr (masksAreFree) return last;
      else return AllLanes{};
    }();
#pragma GCC unroll 16
    for (int i = 0; i < height; i++, c += t.cStride) {
#pragma GCC unroll 4
      for (int v = 0; v < width - 1; v++) finish(sum[i][v], i, v, c + v * lanes, AllLanes{});
      finish(sum[i][width - 1], i, width - 1, c + (width - 1) * lanes, mask);
    }
    return;
  }
  // Through memory, so that all sums share one loop; unrolled code would be many times as long.
  float spilled[height * width * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) store(spilled + (i * width + v) * lanes, sum[i][v]);
#pragma GCC unroll 1
  for (int i = 0; i < height; i++, c += t.cStride)
#pragma GCC unroll 1
    for (int v = 0; v < width; v++)
      finish(load(spilled + (i * width + v) * lanes), i, v, c + v * lanes, v == width - 1 ? last : firstLanes(lanes));
}

/// Stores a block of sums [height][width vectors] transposed, after the epilogue.
inline void storeTransposed(const float* block, int height, int columns, const MatrixC& out, int i0, int j0,
                            const Epilogue& epilogue, bool adds) {
  const int vectors = ceilDivide(columns, lanes);
  for (int v = 0; v < vectors; v++) {
    const int across = min(lanes, columns - v * lanes);
    for (int first = 0; first < height; first += lanes) {
      const int count = min(lanes, height - first);
      const Mask mask = firstLanes(count);
      const float* from = block + (first * vectors + v) * lanes;
      Floats row[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) row[i] = i < count ? load(from + i * vectors * lanes) : zeros();
      transpose(row);
      const Floats bias = epilogue.alongRows ? load(epilogue.alongRows + i0 + first, mask) : zeros();
      const ptrdiff_t start = (j0 + v * lanes) * out.stride + i0 + first;
      // Through memory, because rows are indexed at run time.
      float transposed[lanes * lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) store(transposed + i * lanes, row[i]);
      for (int j = 0; j < across; j++) {
        float* to = out.at + start + j * out.stride;
        Floats value = load(transposed + j * lanes) + bias;
        if (adds) value = value + load(to, mask);
        if (epilogue.alongColumns) value = value + broadcast(epilogue.alongColumns[j0 + v * lanes + j]);
        if (out.sums) store(out.sums + start + j * out.stride, value, mask);
        if (epilogue.relu) value = maximum(zeros(), value);
        store(to, value, mask);
      }
    }
  }
}

}  // namespace ISA
}  // namespace descent
