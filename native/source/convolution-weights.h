// The weight gradient of a convolution: for each tap, the output gradients times the cells of the tap. Vectors run along
// the filters or, with few filters, along the positions.
#pragma once
#include "convolution.h"

namespace descent {
namespace ISA {

/// Filters per block when vectors run along the positions.
constexpr int runFilters = 4;

/// Whether vectors run along the positions.
inline bool vectorsAlongPositions(const Convolution& c) {
  const double filters = double{1} * c.positions() * ceilDivide(c.filters, lanes);
  return 1.2 * c.filters * ceilDivide(c.run(), lanes) < filters;
}
/// Floats per tap of a thread's sums: one vector per filter, or one float per filter in whole vectors.
inline int tapWidth(const Convolution& c) { return vectorsAlongPositions(c) ? c.filters * lanes : c.paddedFilters(); }
/// Floats of these sums, with the bias last, and of the gradients in the layout of the kernel.
inline int64_t sumFloats(const Convolution& c) { return int64_t{c.taps() + 1} * tapWidth(c); }
inline int64_t gradFloats(const Convolution& c) {
  return vectorsAlongPositions(c) ? int64_t{min(runFilters, c.filters)} * ceilDivide(c.run(), lanes) * lanes
                                 : int64_t{c.positions()} * c.paddedFilters();
}

/// Floats shared by all threads: offsets of the taps.
inline int64_t weightsShared(const Convolution& c) { return wholeLines(c.taps()); }
/// Floats per thread beyond gemmScratch: a padded image, sums, gradients.
inline int64_t weightsOwn(const Convolution& c) { return paddedFloats(c) + wholeLines(sumFloats(c) + gradFloats(c)); }

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
      for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int l = 0; l < columns; l++) {
          const Floats cell = broadcast(cells[r][j + l]);
#pragma GCC unroll 2
          for (int v = 0; v < vectors; v++) sum[r][l][v] = multiplyAdd(cell, grad[v], sum[r][l][v]);
        }
    }
  }
  overSums([](Floats of, float* at) { store(at, of); });
}

constexpr int tapColumns = 7;
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

/// addSample with vectors along the positions, from dz [filters, positions]. Copies a few filters at a time to zero-padded
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

/// addSampleRuns with vectors along the filters.
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

/// Fills the shared memory, and clears each thread's sums and gradients, whose padding stays zero.
inline void prepareWeights(const Convolution& c, float* shared, float* own) {
  if (shared) fillOffsets(c, reinterpret_cast<int32_t*>(shared));
  clear(own + paddedFloats(c), sumFloats(c) + gradFloats(c));
}

/// Adds the rows from … end − 1 to a thread's sums.
inline void convolutionBackwardWeights(const Convolution& c, const float* x, const float* dz, int from, int end,
                                       const RowScratch& memory) {
  const int32_t* const tapOffsets = reinterpret_cast<const int32_t*>(memory.shared);
  const auto add = vectorsAlongPositions(c) ? addSampleRuns : addSampleTransposed;
  float* const sums = memory.own + paddedFloats(c);
  for (int row = from; row < end; row++)
    add(c, padPlanes(c, x + row * c.sample(), memory.own), tapOffsets, dz + row * c.outputs(), sums + sumFloats(c), sums);
}

/// dWeight [filters, channels, kernel] = Σ over rows and positions of dz · cells; dBias = Σ dz. Adds the sums of all
/// `threads`, `stride` floats apart, in order.
inline void finishWeights(const Convolution& c, float* dWeight, float* dBias, float* own, int threads, int64_t stride) {
  const int taps = c.taps();
  const int width = tapWidth(c);
  float* const sums = own + paddedFloats(c);
  for (int i = 1; i < threads; i++) {
    const float* more = sums + i * stride;
    forEachVector(sumFloats(c), [&](int64_t j, auto mask) {
      store(sums + j, load(sums + j, mask) + load(more + j, mask), mask);
    });
  }
  const bool alongPositions = vectorsAlongPositions(c);
  const auto summed = [&](int tap, int f) {
    const float* const of = sums + int64_t{tap} * width;
    return alongPositions ? sum(load(of + f * lanes)) : of[f];
  };
  for (int f = 0; f < c.filters; f++) {
    for (int tap = 0; tap < taps; tap++) dWeight[int64_t{f} * taps + tap] = summed(tap, f);
    if (dBias) dBias[f] = summed(taps, f);
  }
}

}  // namespace ISA
}  // namespace descent
