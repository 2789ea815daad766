// Convolution without unfolding: for each tap of a filter, the cells it meets lie at one distance from the first. An
// image with strides or borders is first copied so that this holds: one plane for each remainder of the stride.
#pragma once
#include "activation.h"
#include "product.h"

namespace descent {
namespace ISA {

/// Taps whose shares of dx are computed at once, unless one channel has more.
constexpr int inputTaps = 4 * blockRows;

struct Convolution {
  int channels, height, width, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth, filters, padTop,
      padLeft;

  int taps() const { return channels * kernelHeight * kernelWidth; }
  int positions() const { return outputHeight * outputWidth; }
  int64_t sample() const { return int64_t{channels} * height * width; }
  int64_t outputs() const { return int64_t{filters} * positions(); }
  int phasesY() const { return least(strideY, kernelHeight); }
  int phasesX() const { return least(strideX, kernelWidth); }
  /// The image serves as it is.
  bool inPlace() const {
    return strideY == 1 && strideX == 1 && padTop == 0 && padLeft == 0 && outputHeight - 1 + kernelHeight <= height &&
           outputWidth - 1 + kernelWidth <= width;
  }
  int planeHeight() const { return inPlace() ? height : outputHeight - 1 + ceilDivided(kernelHeight, strideY); }
  int planeWidth() const { return inPlace() ? width : outputWidth - 1 + ceilDivided(kernelWidth, strideX); }
  int64_t plane() const { return int64_t{planeHeight()} * planeWidth(); }
  int64_t planes() const { return int64_t{channels} * phasesY() * phasesX() * plane(); }
  /// Outputs in a row of cells that runs through all rows of a plane, those between two rows being of no use.
  int run() const { return (outputHeight - 1) * planeWidth() + outputWidth; }
  /// Channels of dx computed at once.
  int inputChannels() const { return least(channels, most(1, inputTaps / (kernelHeight * kernelWidth))); }
  int paddedFilters() const { return ceilDivided(filters, lanes) * lanes; }
  int64_t distanceOf(int channel, int k, int l) const {
    const int64_t phase = (int64_t{channel} * phasesY() + k % strideY) * phasesX() + l % strideX;
    return phase * plane() + int64_t{k / strideY} * planeWidth() + l / strideX;
  }
};

inline int64_t wholeLines(int64_t floats) { return (floats + 15) / 16 * 16; }

/// Whether the gradients of the filters are summed in vectors along the positions, which few filters fill better.
inline bool slopesAlongPositions(const Convolution& c) {
  const double filters = double{1} * c.positions() * ceilDivided(c.filters, lanes);
  return 1.2 * c.filters * ceilDivided(c.run(), lanes) < filters;
}
/// Numbers in which a thread sums one tap: a vector for each filter, or a number for each, in whole vectors.
inline int tapWidth(const Convolution& c) { return slopesAlongPositions(c) ? c.filters * lanes : c.paddedFilters(); }
/// Floats of these sums, the last ones for the bias, and of one sample's slopes as they are multiplied.
inline int64_t sumsOf(const Convolution& c) { return int64_t{c.taps() + 1} * tapWidth(c); }
inline int64_t slopesOf(const Convolution& c) {
  return slopesAlongPositions(c) ? int64_t{c.filters} * ceilDivided(c.run(), lanes) * lanes
                                 : int64_t{c.positions()} * c.paddedFilters();
}

/// Floats all threads share: the filters turned, the distances of the taps.
inline int64_t convolutionShared(const Convolution& c) {
  return wholeLines(int64_t{c.taps()} * c.paddedFilters()) + wholeLines(c.taps());
}
/// Floats of each thread beside a product's: a copied image; outputs of a run, turned slopes with sums, or shares of dx.
inline int64_t convolutionOwn(const Convolution& c) {
  const int64_t runs = int64_t{c.filters} * c.run();
  const int64_t slopes = sumsOf(c) + slopesOf(c);
  const int64_t shares = int64_t{c.inputChannels()} * c.kernelHeight * c.kernelWidth * c.positions();
  return wholeLines(c.inPlace() ? 0 : c.planes()) + wholeLines(most(runs, most(slopes, shares)));
}

/// The planes of one sample, copied unless the image serves.
inline const float* planesOf(const Convolution& c, const float* x, float* to) {
  if (c.inPlace()) return x;
  const int height = c.planeHeight();
  const int width = c.planeWidth();
  float* next = to;
  for (int channel = 0; channel < c.channels; channel++, x += int64_t{c.height} * c.width) {
    for (int phaseY = 0; phaseY < c.phasesY(); phaseY++) {
      for (int phaseX = 0; phaseX < c.phasesX(); phaseX++) {
        for (int i = 0; i < height; i++, next += width) {
          const int64_t row = int64_t{i} * c.strideY + phaseY - c.padTop;
          if (row < 0 || row >= c.height) {
            for (int j = 0; j < width; j++) next[j] = 0;
            continue;
          }
          const float* from = x + row * c.width;
          for (int j = 0; j < width; j++) {
            const int64_t column = int64_t{j} * c.strideX + phaseX - c.padLeft;
            next[j] = column < 0 || column >= c.width ? 0 : from[column];
          }
        }
      }
    }
  }
  return to;
}

inline void distancesOf(const Convolution& c, int32_t* to) {
  for (int channel = 0; channel < c.channels; channel++)
    for (int k = 0; k < c.kernelHeight; k++)
      for (int l = 0; l < c.kernelWidth; l++) *to++ = static_cast<int32_t>(c.distanceOf(channel, k, l));
}

/// Filters [filters, taps] to [taps, paddedFilters], zeros behind.
inline void turnFilters(const Convolution& c, const float* weight, float* to) {
  for (int f = 0; f < c.paddedFilters(); f += lanes) {
    const int some = least(lanes, c.filters - f);
    packTransposed(weight + int64_t{f} * c.taps(), c.taps(), some, c.taps(), to + f, c.paddedFilters());
  }
}

/// Whether vectors along the filters fill better than vectors along the positions.
inline bool alongFilters(const Convolution& c) {
  const bool direct = c.outputHeight == 1;
  const double positions = double{1} * c.filters * ceilDivided(c.run(), lanes) * (c.taps() + (direct ? 0 : 3));
  double filters = double{1} * c.positions() * ceilDivided(c.filters, lanes) * (c.taps() + 8);
  const int sums = least(c.outputWidth, blockRows) * least(2, ceilDivided(c.filters, lanes));
  if (sums < 8) filters *= 8.0 / sums;
  return filters < positions;
}

/// y [rows, filters, positions] = activation(x ⋆ weight + bias); z: before the activation.
inline void convolutionForward(const Convolution& c, const float* x, const float* weight, const float* bias, float* y,
                               float* z, int rows, int code, float* shared, const Context& context) {
  float* const turned = shared;
  int32_t* const distances = reinterpret_cast<int32_t*>(shared + wholeLines(int64_t{c.taps()} * c.paddedFilters()));
  turnFilters(c, weight, turned);
  distancesOf(c, distances);
  const bool filtersAlong = alongFilters(c);
  const bool fused = code == activation::linear || code == activation::relu;
  const int positions = c.positions();
  const int planeWidth = c.planeWidth();
  share(context, 2.0 * rows * c.outputs() * c.taps(), rows, 1, [&](int from, int end, float* scratch) {
    float* const copy = scratch + productScratch;
    float* const runs = copy + wholeLines(c.inPlace() ? 0 : c.planes());
    Epilogue after;
    after.relu = code == activation::relu;
    for (int row = from; row < end; row++) {
      const float* planes = planesOf(c, x + row * c.sample(), copy);
      float* const to = y + row * c.outputs();
      float* const sums = z ? z + row * c.outputs() : nullptr;
      if (filtersAlong) {
        after.alongColumns = bias;
        for (int i = 0; i < c.outputHeight; i++) {
          const int64_t start = int64_t{i} * c.outputWidth;
          multiply({planes + int64_t{i} * planeWidth, 1, 0, distances}, {turned, c.paddedFilters()},
                   {to + start, positions, true, sums ? sums + start : nullptr}, c.outputWidth, c.filters, c.taps(),
                   after, scratch);
        }
      } else {
        after.alongRows = bias;
        const bool direct = c.outputHeight == 1;
        const int run = c.run();
        // Where runs are copied to y, the epilogue comes with the copy.
        multiply({turned, 1, c.paddedFilters()}, {planes, 0, 1, distances},
                 direct ? Output{to, positions, false, sums} : Output{runs, run}, c.filters, run, c.taps(),
                 direct ? after : Epilogue{}, scratch);
        for (int f = 0; !direct && f < c.filters; f++) {
          const Floats shift = every(bias ? bias[f] : 0);
          for (int i = 0; i < c.outputHeight; i++) {
            const float* source = runs + int64_t{f} * run + int64_t{i} * planeWidth;
            const int64_t start = int64_t{f} * positions + int64_t{i} * c.outputWidth;
            overVectors(c.outputWidth, [&](int64_t j, Mask mask) {
              Floats value = load(source + j, mask) + shift;
              if (sums) store(sums + start + j, value, mask);
              if (after.relu) value = larger(zeros(), value);
              store(to + start + j, value, mask);
            });
          }
        }
      }
      if (!fused) activate(code, to, to, c.outputs());
    }
  });
}

/// Sums of slopes · cells for `rows` runs of `columns` neighbouring taps, a vector of filters each.
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

template <int rows, int columns> void addTaps(const TapBlock& t) {
  Floats sum[rows][columns];
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int l = 0; l < columns; l++) sum[r][l] = load(t.sums[r] + l * t.filters);
  const float* slopes = t.slopes;
  for (int i = 0; i < t.outputHeight; i++) {
    const float* cells[rows];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) cells[r] = t.planes + t.distances[r] + i * t.planeWidth;
    for (int j = 0; j < t.outputWidth; j++, slopes += t.filters) {
      const Floats slope = load(slopes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int l = 0; l < columns; l++) sum[r][l] = multiplyAdd(every(cells[r][j + l]), slope, sum[r][l]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int l = 0; l < columns; l++) store(t.sums[r] + l * t.filters, sum[r][l]);
}

constexpr int tapColumns = 7;
constexpr int tapRows = 9;
/// Sums that registers hold beside a vector of slopes.
constexpr int tapSums = 2 * blockRows;
constexpr int tapRowsFor(int columns) {
  return tapSums / columns < tapRows ? (tapSums / columns < 1 ? 1 : tapSums / columns) : tapRows;
}

using AddTaps = void (*)(const TapBlock&);
struct TapBlocks {
  AddTaps table[tapColumns + 1][tapRows + 1];
  constexpr TapBlocks() : table() { fill<tapColumns, tapRowsFor(tapColumns)>(); }
  template <int columns, int rows> constexpr void fill() {
    if constexpr (rows > 0) {
      table[columns][rows] = addTaps<rows, columns>;
      fill<columns, rows - 1>();
    } else if constexpr (columns > 1) {
      fill<columns - 1, tapRowsFor(columns - 1)>();
    }
  }
};

/// Adds the sums over one sample for all taps.
inline void addSample(const Convolution& c, const float* planes, const int32_t* distances, const float* slopes,
                      float* sums) {
  static constexpr TapBlocks blocks;
  const int padded = c.paddedFilters();
  TapBlock t;
  t.planes = planes;
  t.filters = padded;
  t.outputHeight = c.outputHeight;
  t.outputWidth = c.outputWidth;
  t.planeWidth = c.planeWidth();
  // Neighbouring taps meet neighbouring cells unless a stride lies between.
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  const int runs = c.taps() / width;
  for (int first = 0; first < width; first += tapColumns) {
    const int columns = least(tapColumns, width - first);
    const int height = tapRowsFor(columns);
    const int groups = ceilDivided(runs, height);
    for (int group = 0, run = 0; group < groups; group++) {
      const int some = runs / groups + (group < runs % groups ? 1 : 0);
      int32_t from[tapRows];
      float* to[tapRows];
      for (int f = 0; f < padded; f += lanes) {
        for (int r = 0; r < some; r++) {
          const int tap = (run + r) * width + first;
          from[r] = distances[tap];
          to[r] = sums + int64_t{tap} * padded + f;
        }
        t.distances = from;
        t.sums = to;
        t.slopes = slopes + f;
        blocks.table[columns][some](t);
      }
      run += some;
    }
  }
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

constexpr int runFilters = 4;
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

/// As addSample in vectors along the positions; slopes [filters, run] with zeros between the rows and behind.
inline void addSampleRuns(const Convolution& c, const float* planes, const int32_t* distances, const float* slopes,
                          float* sums) {
  static constexpr RunBlocks blocks;
  RunBlock t;
  t.vectors = ceilDivided(c.run(), lanes);
  t.last = firstLanes(c.run() - (t.vectors - 1) * lanes);
  t.tapWidth = tapWidth(c);
  const int width = c.strideX == 1 ? c.kernelWidth : 1;
  for (int run = 0; run < c.taps(); run += width) {
    for (int first = 0; first < width; first += tapColumns) {
      const int columns = least(tapColumns, width - first);
      t.cells = planes + distances[run + first];
      for (int f = 0, some = 0; f < c.filters; f += some) {
        some = least(runFiltersFor(columns), c.filters - f);
        t.slopes = slopes + int64_t{f} * t.vectors * lanes;
        t.sums = sums + int64_t{run + first} * t.tapWidth + f * lanes;
        blocks.table[columns][some](t);
      }
    }
  }
}

/// Lays out one sample's slopes dz [filters, positions] and adds their products with the cells, and themselves.
inline void addSlopes(const Convolution& c, const float* planes, const int32_t* distances, const float* dz,
                      float* slopes, float* sums, float* biasSums) {
  const int positions = c.positions();
  const int padded = c.paddedFilters();
  if (slopesAlongPositions(c)) {
    const int64_t stride = int64_t{ceilDivided(c.run(), lanes)} * lanes;
    for (int f = 0; f < c.filters; f++) {
      float* const run = slopes + f * stride;
      Floats total = load(biasSums + f * lanes);
      for (int i = 0; i < c.outputHeight; i++, dz += c.outputWidth)
        overVectors(c.outputWidth, [&](int64_t j, Mask mask) {
          const Floats slope = load(dz + j, mask);
          total = total + slope;
          store(run + int64_t{i} * c.planeWidth() + j, slope, mask);
        });
      store(biasSums + f * lanes, total);
    }
    return addSampleRuns(c, planes, distances, slopes, sums);
  }
  for (int f = 0; f < padded; f += lanes) {
    packTransposed(dz + int64_t{f} * positions, positions, least(lanes, c.filters - f), positions, slopes + f, padded);
    Floats total = load(biasSums + f);
    for (int p = 0; p < positions; p++) total = total + load(slopes + int64_t{p} * padded + f);
    store(biasSums + f, total);
  }
  addSample(c, planes, distances, slopes, sums);
}

/**
 * dWeight [filters, channels, kernel] = Σ over rows and positions of dz · cells; dBias = Σ dz. Each thread sums a share
 * of the rows, the shares are added in their order.
 */
inline void convolutionBackwardWeights(const Convolution& c, const float* x, const float* dz, float* dWeight,
                                       float* dBias, int rows, float* shared, const Context& context) {
  int32_t* const distances = reinterpret_cast<int32_t*>(shared + wholeLines(int64_t{c.taps()} * c.paddedFilters()));
  distancesOf(c, distances);
  const int taps = c.taps();
  const int width = tapWidth(c);
  const int64_t sumFloats = sumsOf(c);
  const int64_t slopeFloats = slopesOf(c);
  const auto ownSums = [&](float* scratch) {
    return scratch + productScratch + wholeLines(c.inPlace() ? 0 : c.planes());
  };
  const int threads = context.team ? context.team->threads() : 1;
  for (int i = 0; i < threads; i++) {
    float* const own = ownSums(context.scratch + i * context.scratchFloats);
    overVectors(sumFloats + slopeFloats, [&](int64_t j, Mask mask) { store(own + j, zeros(), mask); });
  }
  share(context, 2.0 * rows * c.outputs() * taps, rows, 1, [&](int from, int end, float* scratch) {
    float* const copy = scratch + productScratch;
    float* const sums = ownSums(scratch);
    for (int row = from; row < end; row++)
      addSlopes(c, planesOf(c, x + row * c.sample(), copy), distances, dz + row * c.outputs(), sums + sumFloats, sums,
                sums + int64_t{taps} * width);
  });
  float* const sums = ownSums(context.scratch);
  for (int i = 1; i < threads; i++) {
    const float* more = ownSums(context.scratch + i * context.scratchFloats);
    overVectors(sumFloats, [&](int64_t j, Mask mask) { store(sums + j, load(sums + j, mask) + load(more + j, mask), mask); });
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

/// dx of one channel from the shares [kernelHeight, kernelWidth, outputHeight, outputWidth] of its taps, neighbouring
/// outputs meeting neighbouring cells: each vector of cells collects what the taps give it. Several rows go together,
/// because each addition would wait for the one before it.
inline void collectShares(const Convolution& c, const float* shares, float* dx) {
  constexpr int rows = 6;
  const int positions = c.positions();
  for (int j = 0; j < c.width; j += lanes) {
    const int some = least(lanes, c.width - j);
    for (int first = 0; first < c.height; first += rows) {
      Floats total[rows];
#pragma GCC unroll 6
      for (int r = 0; r < rows; r++) total[r] = zeros();
      for (int k = 0; k < c.kernelHeight; k++) {
        const float* line[rows];
        for (int r = 0; r < rows; r++) {
          const int from = first + r + c.padTop - k;
          const int i = c.strideY == 1 ? from : from / c.strideY;
          const bool meets = from >= 0 && i * c.strideY == from && i < c.outputHeight;
          line[r] = meets ? shares + int64_t{k} * c.kernelWidth * positions + int64_t{i} * c.outputWidth : nullptr;
        }
        int64_t tap = 0;
        for (int l = 0, at = j + c.padLeft; l < c.kernelWidth; l++, at--, tap += positions) {
          if (at >= c.outputWidth || at + some <= 0) continue;
          const Window window = lanesBetween(most(0, -at), least(some, c.outputWidth - at));
#pragma GCC unroll 6
          for (int r = 0; r < rows; r++)
            if (line[r]) total[r] = total[r] + loadWindow(line[r] + tap + at, window);
        }
      }
      const Mask mask = firstLanes(some);
#pragma GCC unroll 6
      for (int r = 0; r < rows; r++)
        if (first + r < c.height) store(dx + int64_t{first + r} * c.width + j, total[r], mask);
    }
  }
}

/// As collectShares where a stride lies between neighbours.
inline void scatterShares(const Convolution& c, const float* shares, float* dx) {
  for (int64_t i = 0; i < int64_t{c.height} * c.width; i++) dx[i] = 0;
  for (int k = 0; k < c.kernelHeight; k++) {
    for (int l = 0; l < c.kernelWidth; l++) {
      for (int i = 0; i < c.outputHeight; i++, shares += c.outputWidth) {
        const int64_t row = int64_t{i} * c.strideY + k - c.padTop;
        if (row < 0 || row >= c.height) continue;
        for (int j = 0; j < c.outputWidth; j++) {
          const int64_t column = int64_t{j} * c.strideX + l - c.padLeft;
          if (column >= 0 && column < c.width) dx[row * c.width + column] += shares[j];
        }
      }
    }
  }
}

/// dx [rows, channels, height, width]: every tap's share weightᵀ · dz, added where the tap lay.
inline void convolutionBackwardInput(const Convolution& c, const float* dz, const float* weight, float* dx, int rows,
                                     const Context& context) {
  const int positions = c.positions();
  const int cells = c.kernelHeight * c.kernelWidth;
  const int group = c.inputChannels();
  share(context, 2.0 * rows * c.outputs() * c.taps(), rows, 1, [&](int from, int end, float* scratch) {
    float* const shares = scratch + productScratch;
    for (int row = from; row < end; row++) {
      float* const sample = dx + row * c.sample();
      for (int first = 0; first < c.channels; first += group) {
        const int some = least(group, c.channels - first);
        multiply({weight + int64_t{first} * cells, 1, c.taps()}, {dz + row * c.outputs(), positions},
                 {shares, positions}, some * cells, positions, c.filters, {}, scratch);
        for (int channel = 0; channel < some; channel++) {
          const float* own = shares + int64_t{channel} * cells * positions;
          float* const to = sample + int64_t{first + channel} * c.height * c.width;
          if (c.strideX == 1) collectShares(c, own, to);
          else scatterShares(c, own, to);
        }
      }
    }
  });
}

}  // namespace ISA
}  // namespace descent
