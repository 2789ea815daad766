// Sums of a weight gradient with vectors along the positions.
#pragma once
#include "weight-sums.h"

namespace descent {
namespace ISA {

/// Sums of gradients · cells along the runs of `filters` adjacent filters for `columns` adjacent taps.
struct RunBlock {
  /// Cells of the first tap.
  const float* cells;
  /// [filters, vectors · lanes]
  const float* grads;
  int vectors;
  /// Mask of the last vector.
  Mask last;
  /// [taps, tapWidth]: accumulators.
  float* sums;
  int tapWidth;
};

template <int columns, int filters> void addRuns(const RunBlock& t) {
  Floats sum[columns][filters];
#pragma GCC unroll 8
  for (int l = 0; l < columns; l++)
#pragma GCC unroll 16
    for (int f = 0; f < filters; f++) sum[l][f] = load(t.sums + l * t.tapWidth + f * lanes);
  const int64_t stride = int64_t{t.vectors} * lanes;
  const auto add = [&](const float* cells, const float* grads, auto loaded) {
    Floats cell[columns];
#pragma GCC unroll 8
    for (int l = 0; l < columns; l++) cell[l] = loaded(cells + l);
#pragma GCC unroll 16
    for (int f = 0; f < filters; f++) {
      const Floats grad = load(grads + f * stride);
#pragma GCC unroll 8
      for (int l = 0; l < columns; l++) sum[l][f] = multiplyAdd(cell[l], grad, sum[l][f]);
    }
  };
  const int64_t end = stride - lanes;
  for (int64_t i = 0; i < end; i += lanes) add(t.cells + i, t.grads + i, [](const float* at) { return load(at); });
  add(t.cells + end, t.grads + end, [&](const float* at) { return load(at, t.last); });
#pragma GCC unroll 8
  for (int l = 0; l < columns; l++)
#pragma GCC unroll 16
    for (int f = 0; f < filters; f++) store(t.sums + l * t.tapWidth + f * lanes, sum[l][f]);
}

/// Filters whose sums fit in registers together with a vector of gradients and the cells.
constexpr int runFiltersFor(int columns) {
  const int fit = (2 * MR + 3 - columns) / columns;
  return fit < 1 ? 1 : fit < runFilters ? fit : runFilters;
}

using AddRuns = void (*)(const RunBlock&);
/// A template, because Clang evaluates `fill` only there before the end of the file.
template <int widest> struct RunBlocks {
  AddRuns table[widest + 1][runFilters + 1];
  constexpr RunBlocks() : table() { fill<widest, runFiltersFor(widest)>(); }
  template <int columns, int filters> constexpr void fill() {
    if constexpr (filters > 0) {
      table[columns][filters] = addRuns<columns, filters>;
      fill<columns, filters - 1>();
    } else if constexpr (columns > 1) {
      fill<columns - 1, runFiltersFor(columns - 1)>();
    }
  }
};

/// Adds the sums over one sample, from dz [filters, positions]. Copies a few filters at a time to zero-padded
/// runs, which stay in the L1 cache for all taps.
inline void addSampleRuns(const Convolution& c, const float* planes, const int32_t* tapOffsets, const float* dz,
                          float* grads, float* sums) {
  static constexpr RunBlocks<tapColumns> blocks;
  RunBlock t;
  t.vectors = ceilDivide(c.run(), lanes);
  t.last = firstLanes(c.run() - (t.vectors - 1) * lanes);
  t.tapWidth = tapWidth(c);
  const int64_t stride = int64_t{t.vectors} * lanes;
  float* const biasSums = sums + int64_t{c.taps()} * t.tapWidth;
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  for (int first = 0; first < c.filters; first += runFilters) {
    const int filters = min(runFilters, c.filters - first);
    for (int f = 0; f < filters; f++) {
      float* const bias = biasSums + (first + f) * lanes;
      const float* const from = dz + int64_t{first + f} * c.positions();
      store(bias, load(bias) + copyRows(from, c.outputHeight, c.outputWidth, grads + f * stride, c.planeWidth()));
    }
    for (int run = 0; run < c.taps(); run += width) {
      for (int tap = 0; tap < width; tap += tapColumns) {
        const int columns = min(tapColumns, width - tap);
        t.cells = planes + tapOffsets[run + tap];
        for (int f = 0, count = 0; f < filters; f += count) {
          count = min(runFiltersFor(columns), filters - f);
          t.grads = grads + f * stride;
          t.sums = sums + int64_t{run + tap} * t.tapWidth + (first + f) * lanes;
          blocks.table[columns][count](t);
        }
      }
    }
  }
}

}  // namespace ISA
}  // namespace descent
