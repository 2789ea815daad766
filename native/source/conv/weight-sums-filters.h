// Sums of a weight gradient with vectors along the filters.
#pragma once
#include "../gemm/packing.h"
#include "weight-sums.h"

namespace descent {
namespace ISA {

/// Sums of gradients · cells for `rows` runs of `columns` adjacent taps, with `vectors` of filters each.
struct TapBlock {
  const float* planes;
  const int32_t* tapOffsets;
  /// [positions, paddedFilters]
  const float* grads;
  int filters;
  int outputHeight;
  int outputWidth;
  int planeWidth;
  /// [taps, paddedFilters]: accumulators, from the first tap of each run.
  float* const* sums;
};

/// Adds the products of adjacent cells and the gradients of one position.
template <int columns, int vectors>
[[gnu::always_inline]] inline void addCells(const float* cells, const Floats (&grad)[vectors],
                                            Floats (&sum)[columns][vectors]) {
#pragma GCC unroll 8
  for (int l = 0; l < columns; l++) {
    const Floats cell = broadcast(cells[l]);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) sum[l][v] = multiplyAdd(cell, grad[v], sum[l][v]);
  }
}

template <int rows, int columns, int vectors> void addTaps(const TapBlock& t) {
  Floats sum[rows][columns][vectors];
  const auto overSums = [&](auto work) {
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
      for (int l = 0; l < columns; l++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) work(sum[r][l][v], t.sums[r] + l * t.filters + v * lanes);
  };
  overSums([](Floats& of, const float* at) { of = load(at); });
  const float* grads = t.grads;
  for (int i = 0; i < t.outputHeight; i++) {
    const float* cells[rows];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) cells[r] = t.planes + t.tapOffsets[r] + i * t.planeWidth;
    for (int j = 0; j < t.outputWidth; j++, grads += t.filters) {
      Floats grad[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) grad[v] = load(grads + v * lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++) addCells(cells[r] + j, grad, sum[r]);
    }
  }
  overSums([](Floats of, float* at) { store(at, of); });
}

constexpr int tapRows = 9;
/// Accumulators that fit in registers together with the gradients.
constexpr int tapSums = 2 * MR;
/// Vectors of filters per block. With few registers, blocks have few taps, and two vectors amortize the broadcasts.
constexpr int tapVectors = MR > 6 ? 1 : 2;
constexpr int tapRowsFor(int columns, int vectors) {
  const int rows = tapSums / (columns * vectors);
  return rows < 1 ? 1 : rows < tapRows ? rows : tapRows;
}
constexpr int tapColumnsFor(int vectors) { return tapSums / vectors < tapColumns ? tapSums / vectors : tapColumns; }

using AddTaps = void (*)(const TapBlock&);
template <int vectors> struct TapBlocks {
  AddTaps table[tapColumns + 1][tapRows + 1];
  constexpr TapBlocks() : table() { fill<tapColumnsFor(vectors), tapRowsFor(tapColumnsFor(vectors), vectors)>(); }
  template <int columns, int rows> constexpr void fill() {
    if constexpr (rows > 0) {
      table[columns][rows] = addTaps<rows, columns, vectors>;
      fill<columns, rows - 1>();
    } else if constexpr (columns > 1) {
      fill<columns - 1, tapRowsFor(columns - 1, vectors)>();
    }
  }
};

/// Adds the sums over one sample for all taps, for vectors of filters starting at `firstFilter`.
template <int vectors>
inline void addFilters(const Convolution& c, const float* planes, const int32_t* tapOffsets, const float* grads,
                       float* sums, int firstFilter) {
  static constexpr TapBlocks<vectors> blocks;
  const int padded = c.paddedFilters();
  TapBlock t;
  t.planes = planes;
  t.filters = padded;
  t.outputHeight = c.outputHeight;
  t.outputWidth = c.outputWidth;
  t.planeWidth = c.planeWidth();
  t.grads = grads + firstFilter;
  // Adjacent taps use adjacent cells unless the stride exceeds one.
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  const int runs = c.taps() / width;
  constexpr int widest = tapColumnsFor(vectors);
  for (int first = 0; first < width; first += widest) {
    const int columns = min(widest, width - first);
    const int groups = ceilDivide(runs, tapRowsFor(columns, vectors));
    for (int group = 0, run = 0; group < groups; group++) {
      const int count = runs / groups + (group < runs % groups ? 1 : 0);
      int32_t from[tapRows];
      float* to[tapRows];
      for (int r = 0; r < count; r++) {
        const int tap = (run + r) * width + first;
        from[r] = tapOffsets[tap];
        to[r] = sums + int64_t{tap} * padded + firstFilter;
      }
      t.tapOffsets = from;
      t.sums = to;
      blocks.table[columns][count](t);
      run += count;
    }
  }
}

/// addFilters for all filters.
inline void addSample(const Convolution& c, const float* planes, const int32_t* tapOffsets, const float* grads,
                      float* sums) {
  const int padded = c.paddedFilters();
  int f = 0;
  for (; f + tapVectors * lanes <= padded; f += tapVectors * lanes)
    addFilters<tapVectors>(c, planes, tapOffsets, grads, sums, f);
  if (f < padded) addFilters<1>(c, planes, tapOffsets, grads, sums, f);
}

/// Adds the sums over one sample, from dz [filters, positions].
inline void addSampleTransposed(const Convolution& c, const float* planes, const int32_t* tapOffsets, const float* dz,
                                float* grads, float* sums) {
  const int positions = c.positions();
  const int padded = c.paddedFilters();
  float* const biasSums = sums + int64_t{c.taps()} * padded;
  for (int f = 0; f < padded; f += lanes) {
    packTransposed(dz + int64_t{f} * positions, positions, min(lanes, c.filters - f), positions, grads + f, padded);
    // Four independent sums hide the latency of the additions.
    Floats total[4] = {load(biasSums + f), zeros(), zeros(), zeros()};
    int p = 0;
    for (; p + 4 <= positions; p += 4)
#pragma GCC unroll 4
      for (int s = 0; s < 4; s++) total[s] = total[s] + load(grads + int64_t{p + s} * padded + f);
    for (; p < positions; p++) total[0] = total[0] + load(grads + int64_t{p} * padded + f);
    store(biasSums + f, (total[0] + total[1]) + (total[2] + total[3]));
  }
  addSample(c, planes, tapOffsets, grads, sums);
}

}  // namespace ISA
}  // namespace descent
