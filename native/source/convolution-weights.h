// The gradients of a convolution's filters: for each tap, the slopes times the cells it meets, in vectors along the
// filters, or along the positions where few filters would leave such vectors empty.
#pragma once
#include "convolution.h"

namespace descent {
namespace ISA {

/// Filters whose slopes are multiplied at once along the positions.
constexpr int runFilters = 4;

/// Whether the vectors run along the positions.
inline bool slopesAlongPositions(const Convolution& c) {
  const double filters = double{1} * c.positions() * ceilDivided(c.filters, lanes);
  return 1.2 * c.filters * ceilDivided(c.run(), lanes) < filters;
}
/// Numbers in which a thread sums one tap: a vector for each filter, or a number for each, in whole vectors.
inline int tapWidth(const Convolution& c) { return slopesAlongPositions(c) ? c.filters * lanes : c.paddedFilters(); }
/// Floats of these sums, the last ones for the bias, and of the slopes as they are multiplied.
inline int64_t sumsOf(const Convolution& c) { return int64_t{c.taps() + 1} * tapWidth(c); }
inline int64_t slopesOf(const Convolution& c) {
  return slopesAlongPositions(c) ? int64_t{least(runFilters, c.filters)} * ceilDivided(c.run(), lanes) * lanes
                                 : int64_t{c.positions()} * c.paddedFilters();
}

/// Floats all threads share: the distances of the taps.
inline int64_t weightsShared(const Convolution& c) { return wholeLines(c.taps()); }
/// Floats of each thread beside a product's: a copied image, sums, slopes.
inline int64_t weightsOwn(const Convolution& c) { return copiedPlanes(c) + wholeLines(sumsOf(c) + slopesOf(c)); }

/// Sums of slopes · cells for `rows` runs of `columns` neighbouring taps, `vectors` of filters each.
struct TapBlock {
  const float* planes;
  const int32_t* distances;
  /// [positions, paddedFilters]
  const float* slopes;
  int filters;
  int outputHeight;
  int outputWidth;
  int planeWidth;
  /// [taps, paddedFilters]: tap `first` of each run, to which is added.
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
  const float* slopes = t.slopes;
  for (int i = 0; i < t.outputHeight; i++) {
    const float* cells[rows];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) cells[r] = t.planes + t.distances[r] + i * t.planeWidth;
    for (int j = 0; j < t.outputWidth; j++, slopes += t.filters) {
      Floats slope[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) slope[v] = load(slopes + v * lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int l = 0; l < columns; l++) {
          const Floats cell = every(cells[r][j + l]);
#pragma GCC unroll 2
          for (int v = 0; v < vectors; v++) sum[r][l][v] = multiplyAdd(cell, slope[v], sum[r][l][v]);
        }
    }
  }
  overSums([](Floats of, float* at) { store(at, of); });
}

constexpr int tapColumns = 7;
constexpr int tapRows = 9;
/// Sums that registers hold beside the slopes.
constexpr int tapSums = 2 * blockRows;
/// Vectors of filters at once where there are as many: few registers hold sums for so few taps that to broadcast their
/// cells would take longer than to multiply.
constexpr int tapVectors = blockRows > 6 ? 1 : 2;
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

/// Adds the sums over one sample for all taps, of the vectors of filters from `firstFilter` on.
template <int vectors>
inline void addFilters(const Convolution& c, const float* planes, const int32_t* distances, const float* slopes,
                       float* sums, int firstFilter) {
  static constexpr TapBlocks<vectors> blocks;
  const int padded = c.paddedFilters();
  TapBlock t;
  t.planes = planes;
  t.filters = padded;
  t.outputHeight = c.outputHeight;
  t.outputWidth = c.outputWidth;
  t.planeWidth = c.planeWidth();
  t.slopes = slopes + firstFilter;
  // Neighbouring taps meet neighbouring cells unless a stride lies between.
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  const int runs = c.taps() / width;
  constexpr int widest = tapColumnsFor(vectors);
  for (int first = 0; first < width; first += widest) {
    const int columns = least(widest, width - first);
    const int groups = ceilDivided(runs, tapRowsFor(columns, vectors));
    for (int group = 0, run = 0; group < groups; group++) {
      const int some = runs / groups + (group < runs % groups ? 1 : 0);
      int32_t from[tapRows];
      float* to[tapRows];
      for (int r = 0; r < some; r++) {
        const int tap = (run + r) * width + first;
        from[r] = distances[tap];
        to[r] = sums + int64_t{tap} * padded + firstFilter;
      }
      t.distances = from;
      t.sums = to;
      blocks.table[columns][some](t);
      run += some;
    }
  }
}

/// As addFilters for all filters.
inline void addSample(const Convolution& c, const float* planes, const int32_t* distances, const float* slopes,
                      float* sums) {
  const int padded = c.paddedFilters();
  int f = 0;
  for (; f + tapVectors * lanes <= padded; f += tapVectors * lanes)
    addFilters<tapVectors>(c, planes, distances, slopes, sums, f);
  if (f < padded) addFilters<1>(c, planes, distances, slopes, sums, f);
}

/// Sums of slopes · cells along the runs of `filters` neighbouring filters for `columns` neighbouring taps.
struct RunBlock {
  /// Those the first tap meets.
  const float* cells;
  /// [filters, vectors · lanes]
  const float* slopes;
  int vectors;
  /// Lanes of the last vector.
  Mask last;
  /// [taps, tapWidth], to which is added.
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
  const auto add = [&](const float* cells, const float* slopes, auto loaded) {
    Floats cell[columns];
#pragma GCC unroll 8
    for (int l = 0; l < columns; l++) cell[l] = loaded(cells + l);
#pragma GCC unroll 16
    for (int f = 0; f < filters; f++) {
      const Floats slope = load(slopes + f * stride);
#pragma GCC unroll 8
      for (int l = 0; l < columns; l++) sum[l][f] = multiplyAdd(cell[l], slope, sum[l][f]);
    }
  };
  const int64_t end = stride - lanes;
  for (int64_t i = 0; i < end; i += lanes) add(t.cells + i, t.slopes + i, [](const float* at) { return load(at); });
  add(t.cells + end, t.slopes + end, [&](const float* at) { return load(at, t.last); });
#pragma GCC unroll 8
  for (int l = 0; l < columns; l++)
#pragma GCC unroll 16
    for (int f = 0; f < filters; f++) store(t.sums + l * t.tapWidth + f * lanes, sum[l][f]);
}

/// As many as registers hold sums for, beside a vector of slopes and the cells.
constexpr int runFiltersFor(int columns) {
  const int fit = (2 * blockRows + 3 - columns) / columns;
  return fit < 1 ? 1 : fit < runFilters ? fit : runFilters;
}

using AddRuns = void (*)(const RunBlock&);
struct RunBlocks {
  AddRuns table[tapColumns + 1][runFilters + 1];
  constexpr RunBlocks() : table() { fill<tapColumns, runFiltersFor(tapColumns)>(); }
  template <int columns, int filters> constexpr void fill() {
    if constexpr (filters > 0) {
      table[columns][filters] = addRuns<columns, filters>;
      fill<columns, filters - 1>();
    } else if constexpr (columns > 1) {
      fill<columns - 1, runFiltersFor(columns - 1)>();
    }
  }
};

/// As addSample in vectors along the positions, from dz [filters, positions]: a few filters at a time are laid out as
/// runs with zeros between the rows and behind, which stay in the first cache while all taps meet them.
inline void addSampleRuns(const Convolution& c, const float* planes, const int32_t* distances, const float* dz,
                          float* slopes, float* sums) {
  static constexpr RunBlocks blocks;
  RunBlock t;
  t.vectors = ceilDivided(c.run(), lanes);
  t.last = firstLanes(c.run() - (t.vectors - 1) * lanes);
  t.tapWidth = tapWidth(c);
  const int64_t stride = int64_t{t.vectors} * lanes;
  float* const biasSums = sums + int64_t{c.taps()} * t.tapWidth;
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  for (int first = 0; first < c.filters; first += runFilters) {
    const int laid = least(runFilters, c.filters - first);
    for (int f = 0; f < laid; f++) {
      float* const bias = biasSums + (first + f) * lanes;
      const float* const from = dz + int64_t{first + f} * c.positions();
      store(bias, load(bias) + copyRows(from, c.outputHeight, c.outputWidth, slopes + f * stride, c.planeWidth()));
    }
    for (int run = 0; run < c.taps(); run += width) {
      for (int tap = 0; tap < width; tap += tapColumns) {
        const int columns = least(tapColumns, width - tap);
        t.cells = planes + distances[run + tap];
        for (int f = 0, some = 0; f < laid; f += some) {
          some = least(runFiltersFor(columns), laid - f);
          t.slopes = slopes + f * stride;
          t.sums = sums + int64_t{run + tap} * t.tapWidth + (first + f) * lanes;
          blocks.table[columns][some](t);
        }
      }
    }
  }
}

/// As addSampleRuns in vectors along the filters.
inline void addSampleTurned(const Convolution& c, const float* planes, const int32_t* distances, const float* dz,
                            float* slopes, float* sums) {
  const int positions = c.positions();
  const int padded = c.paddedFilters();
  float* const biasSums = sums + int64_t{c.taps()} * padded;
  for (int f = 0; f < padded; f += lanes) {
    packTransposed(dz + int64_t{f} * positions, positions, least(lanes, c.filters - f), positions, slopes + f, padded);
    // Four sums, none of which waits for another.
    Floats total[4] = {load(biasSums + f), zeros(), zeros(), zeros()};
    int p = 0;
    for (; p + 4 <= positions; p += 4)
#pragma GCC unroll 4
      for (int s = 0; s < 4; s++) total[s] = total[s] + load(slopes + int64_t{p + s} * padded + f);
    for (; p < positions; p++) total[0] = total[0] + load(slopes + int64_t{p} * padded + f);
    store(biasSums + f, (total[0] + total[1]) + (total[2] + total[3]));
  }
  addSample(c, planes, distances, slopes, sums);
}

/// Fills what all threads share, and clears each thread's sums and slopes: where rows end, slopes stay zero.
inline void prepareWeights(const Convolution& c, float* shared, float* own) {
  if (shared) distancesOf(c, reinterpret_cast<int32_t*>(shared));
  clear(own + copiedPlanes(c), sumsOf(c) + slopesOf(c));
}

/// Adds the shares of the rows from … end − 1 to a thread's sums.
inline void convolutionBackwardWeights(const Convolution& c, const float* x, const float* dz, int from, int end,
                                       const RowScratch& memory) {
  const int32_t* const distances = reinterpret_cast<const int32_t*>(memory.shared);
  const auto add = slopesAlongPositions(c) ? addSampleRuns : addSampleTurned;
  float* const sums = memory.own + copiedPlanes(c);
  for (int row = from; row < end; row++)
    add(c, planesOf(c, x + row * c.sample(), memory.own), distances, dz + row * c.outputs(), sums + sumsOf(c), sums);
}

/// dWeight [filters, channels, kernel] = Σ over rows and positions of dz · cells; dBias = Σ dz: the sums of each of
/// `threads`, which lie `stride` apart, added in their order.
inline void finishWeights(const Convolution& c, float* dWeight, float* dBias, float* own, int threads, int64_t stride) {
  const int taps = c.taps();
  const int width = tapWidth(c);
  float* const sums = own + copiedPlanes(c);
  for (int i = 1; i < threads; i++) {
    const float* more = sums + i * stride;
    overVectors(sumsOf(c), [&](int64_t j, auto mask) { store(sums + j, load(sums + j, mask) + load(more + j, mask), mask); });
  }
  const bool alongPositions = slopesAlongPositions(c);
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
