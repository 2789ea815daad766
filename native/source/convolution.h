// Convolution without unfolding: for each tap of a filter, the cells it meets lie at one distance from the first. An
// image with strides or borders is first copied so that this holds: one plane for each remainder of the stride.
#pragma once
#include "activation.h"
#include "product.h"

namespace descent {
namespace ISA {

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
  int paddedFilters() const { return ceilDivided(filters, lanes) * lanes; }
  int64_t distanceOf(int channel, int k, int l) const {
    const int64_t phase = (int64_t{channel} * phasesY() + k % strideY) * phasesX() + l % strideX;
    return phase * plane() + int64_t{k / strideY} * planeWidth() + l / strideX;
  }
};

inline int64_t copiedPlanes(const Convolution& c) { return wholeLines(c.inPlace() ? 0 : c.planes()); }

/// Floats all threads share: the filters turned; the distances of the taps; how outputs are cut from runs.
inline int64_t turnedFilters(const Convolution& c) { return wholeLines(int64_t{c.taps()} * c.paddedFilters()); }
inline int64_t forwardShared(const Convolution& c) {
  const int64_t cuts = int64_t{ceilDivided(c.run(), lanes)} * partsFor(c.planeWidth()) * (sizeof(Cut) / sizeof(float));
  return turnedFilters(c) + wholeLines(c.taps()) + wholeLines(cuts);
}
/// Floats of each thread beside a product's: a copied image.
inline int64_t forwardOwn(const Convolution& c) { return copiedPlanes(c); }

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

/// Copies rows of `width` numbers to rows `pitch` apart. @returns their sums in a vector.
inline Floats copyRows(const float* from, int rows, int width, float* to, int64_t pitch) {
  const int whole = (width - 1) / lanes * lanes;
  const Mask last = firstLanes(width - whole);
  Floats total = zeros();
  Floats lastTotal = zeros();
  for (int i = 0; i < rows; i++, from += width, to += pitch) {
    for (int j = 0; j < whole; j += lanes) {
      const Floats value = load(from + j);
      total = total + value;
      store(to + j, value);
    }
    const Floats value = load(from + whole, last);
    lastTotal = lastTotal + value;
    store(to + whole, value, last);
  }
  return total + lastTotal;
}

/// How far from the first one the cell of each tap lies.
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
  const double positions = double{1} * c.filters * ceilDivided(c.run(), lanes) * (c.taps() + 2);
  double filters = double{1} * c.positions() * ceilDivided(c.filters, lanes) * (c.taps() + 8);
  const int sums = least(c.outputWidth, blockRows) * least(2, ceilDivided(c.filters, lanes));
  if (sums < 8) filters *= 8.0 / sums;
  return filters < positions;
}

/// Whether runs through several rows are computed, of which parts are kept.
inline bool cutsRuns(const Convolution& c) { return c.outputHeight > 1 && !alongFilters(c); }

/// Neighbouring outputs of a row that a tile has, in one vector of filters each.
constexpr int tileWidth = 8;
constexpr int tileRows = 2;
constexpr int tileTaps = 7;

/// Whether outputs are computed by tiles: their rows fill them, and registers hold the sums and the taps of a row.
inline bool fitsTiles(const Convolution& c) {
  return blockRows * blockVectors >= tileRows * tileWidth + tileTaps && c.strideX == 1 && c.filters <= lanes &&
         c.kernelWidth <= tileTaps && c.outputWidth % tileWidth == 0;
}

struct Tile {
  /// The first cell, and the distances from there of all taps.
  const float* cells;
  const int32_t* distances;
  /// [taps, lanes], of which so many rows of neighbours.
  const float* filters;
  int tapRows;
  /// From a row of cells to the next one of outputs.
  int64_t below;
  /// [rows, tileWidth, lanes]
  float* sums;
};

/// Sums for `rows` rows of a tile: a cell is broadcast once for all taps of a row that meet it.
template <int taps, int rows> void sumTile(const Tile& t) {
  Floats sum[rows][tileWidth];
#pragma GCC unroll 2
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int j = 0; j < tileWidth; j++) sum[r][j] = zeros();
  const float* filter = t.filters;
  for (int row = 0; row < t.tapRows; row++, filter += taps * lanes) {
    Floats weight[taps];
#pragma GCC unroll 8
    for (int l = 0; l < taps; l++) weight[l] = load(filter + l * lanes);
    const float* cells = t.cells + t.distances[row * taps];
#pragma GCC unroll 2
    for (int r = 0; r < rows; r++, cells += t.below)
#pragma GCC unroll 16
      for (int x = 0; x < tileWidth + taps - 1; x++) {
        const Floats cell = every(cells[x]);
#pragma GCC unroll 8
        for (int l = 0; l < taps; l++)
          if (x - l >= 0 && x - l < tileWidth) sum[r][x - l] = multiplyAdd(cell, weight[l], sum[r][x - l]);
      }
  }
#pragma GCC unroll 2
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int j = 0; j < tileWidth; j++) store(t.sums + (r * tileWidth + j) * lanes, sum[r][j]);
}

template <int rows> inline void sumTileOf(int taps, const Tile& t) {
  using SumTile = void (*)(const Tile&);
  static constexpr SumTile byTaps[] = {nullptr,          sumTile<1, rows>, sumTile<2, rows>, sumTile<3, rows>,
                                       sumTile<4, rows>, sumTile<5, rows>, sumTile<6, rows>, sumTile<7, rows>};
  byTaps[taps](t);
}

/// The outputs [filters, positions] of one sample, where fitsTiles.
inline void convolveTiles(const Convolution& c, const float* planes, const float* filters, const int32_t* distances,
                          const Output& out, const Epilogue& after, float* sums) {
  Tile t{planes, distances, filters, c.taps() / c.kernelWidth, c.planeWidth(), sums};
  for (int i = 0; i < c.outputHeight; i += tileRows) {
    const int rows = least(tileRows, c.outputHeight - i);
    for (int j = 0; j < c.outputWidth; j += tileWidth) {
      t.cells = planes + int64_t{i} * c.planeWidth() + j;
      if (rows == tileRows) sumTileOf<tileRows>(c.kernelWidth, t);
      else sumTileOf<1>(c.kernelWidth, t);
      // Rows of outputs that are tiles lie one behind the other.
      const int stored = c.outputWidth == tileWidth ? rows : 1;
      for (int r = 0; r < rows; r += stored)
        storeTransposed(sums + r * tileWidth * lanes, stored * tileWidth, c.filters, out, (i + r) * c.outputWidth + j, 0,
                        after, false);
    }
  }
}

/// Fills what all threads share.
inline void prepareForward(const Convolution& c, const float* weight, float* shared) {
  turnFilters(c, weight, shared);
  distancesOf(c, reinterpret_cast<int32_t*>(shared + turnedFilters(c)));
  if (cutsRuns(c))
    cutRows(c.run(), c.planeWidth(), c.outputWidth,
            reinterpret_cast<Cut*>(shared + turnedFilters(c) + wholeLines(c.taps())));
}

/// y [rows, filters, positions] = activation(x ⋆ weight + bias), z: before the activation; the rows from … end − 1.
inline void convolutionForward(const Convolution& c, const float* x, const float* bias, float* y, float* z, int from,
                               int end, int code, const RowScratch& memory) {
  const float* const turned = memory.shared;
  const int32_t* const distances = reinterpret_cast<const int32_t*>(turned + turnedFilters(c));
  const Cut* const cuts = reinterpret_cast<const Cut*>(turned + turnedFilters(c) + wholeLines(c.taps()));
  const bool filtersAlong = alongFilters(c);
  const bool tiles = filtersAlong && fitsTiles(c);
  const bool fused = code == activation::linear || code == activation::relu;
  const int positions = c.positions();
  const int planeWidth = c.planeWidth();
  Epilogue after;
  after.relu = code == activation::relu;
  (filtersAlong ? after.alongColumns : after.alongRows) = bias;
  for (int row = from; row < end; row++) {
    const float* planes = planesOf(c, x + row * c.sample(), memory.own);
    float* const to = y + row * c.outputs();
    float* const sums = z ? z + row * c.outputs() : nullptr;
    if (tiles) {
      convolveTiles(c, planes, turned, distances, {to, positions, true, sums}, after, memory.product);
    } else if (filtersAlong) {
      for (int i = 0; i < c.outputHeight; i++) {
        const int64_t start = int64_t{i} * c.outputWidth;
        multiply({planes + int64_t{i} * planeWidth, 1, 0, distances}, {turned, c.paddedFilters()},
                 {to + start, positions, true, sums ? sums + start : nullptr}, c.outputWidth, c.filters, c.taps(), after,
                 memory.product);
      }
    } else {
      multiply({turned, 1, c.paddedFilters()}, {planes, 0, 1, distances},
               {to, positions, false, sums, cutsRuns(c) ? cuts : nullptr, partsFor(planeWidth)}, c.filters, c.run(),
               c.taps(), after, memory.product);
    }
    if (!fused) activate(code, to, to, c.outputs());
  }
}

}  // namespace ISA
}  // namespace descent
