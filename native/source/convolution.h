// Direct convolution without im2col: the cells of each tap are at a constant offset from those of the first tap. With
// strides or padding, the image is first copied to padded planes, one per phase of the stride.
#pragma once
#include "activation.h"
#include "gemm/gemm.h"

namespace descent {
namespace ISA {

struct Convolution {
  int channels, height, width, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth, filters, padTop,
      padLeft;

  int taps() const { return channels * kernelHeight * kernelWidth; }
  int positions() const { return outputHeight * outputWidth; }
  int64_t sample() const { return int64_t{channels} * height * width; }
  int64_t outputs() const { return int64_t{filters} * positions(); }
  int phasesY() const { return min(strideY, kernelHeight); }
  int phasesX() const { return min(strideX, kernelWidth); }
  /// Whether the image needs no padded copy.
  bool inPlace() const {
    return strideY == 1 && strideX == 1 && padTop == 0 && padLeft == 0 && outputHeight - 1 + kernelHeight <= height &&
           outputWidth - 1 + kernelWidth <= width;
  }
  int planeHeight() const { return inPlace() ? height : outputHeight - 1 + ceilDivide(kernelHeight, strideY); }
  int planeWidth() const { return inPlace() ? width : outputWidth - 1 + ceilDivide(kernelWidth, strideX); }
  int64_t plane() const { return int64_t{planeHeight()} * planeWidth(); }
  int64_t planes() const { return int64_t{channels} * phasesY() * phasesX() * plane(); }
  /// Length of a run through all rows of a plane. The outputs between two rows are discarded.
  int run() const { return (outputHeight - 1) * planeWidth() + outputWidth; }
  int paddedFilters() const { return ceilDivide(filters, lanes) * lanes; }
  int64_t tapOffset(int channel, int k, int l) const {
    const int64_t phase = (int64_t{channel} * phasesY() + k % strideY) * phasesX() + l % strideX;
    return phase * plane() + int64_t{k / strideY} * planeWidth() + l / strideX;
  }
};

inline int64_t paddedFloats(const Convolution& c) { return wholeLines(c.inPlace() ? 0 : c.planes()); }

/// Floats shared by all threads: transposed filters, offsets of the taps, segments of runs.
inline int64_t transposedFilters(const Convolution& c) { return wholeLines(int64_t{c.taps()} * c.paddedFilters()); }
inline int64_t forwardShared(const Convolution& c) {
  const int64_t segments = int64_t{ceilDivide(c.run(), lanes)} * segmentsPerVector(c.planeWidth());
  const int64_t segmentFloats = segments * (sizeof(Segment) / sizeof(float));
  return transposedFilters(c) + wholeLines(c.taps()) + wholeLines(segmentFloats);
}
/// Floats per thread beyond gemmScratch: a padded image.
inline int64_t forwardOwn(const Convolution& c) { return paddedFloats(c); }

/// The planes of one sample, padded if necessary.
inline const float* padPlanes(const Convolution& c, const float* x, float* to) {
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

/// Copies rows of `width` values to rows `pitch` apart. @returns a vector of partial sums.
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

/// Writes the offset of each tap's cell from the first cell.
inline void fillOffsets(const Convolution& c, int32_t* to) {
  for (int channel = 0; channel < c.channels; channel++)
    for (int k = 0; k < c.kernelHeight; k++)
      for (int l = 0; l < c.kernelWidth; l++) *to++ = static_cast<int32_t>(c.tapOffset(channel, k, l));
}

/// Transposes filters [filters, taps] to [taps, paddedFilters], zero-padded.
inline void transposeFilters(const Convolution& c, const float* weight, float* to) {
  for (int f = 0; f < c.paddedFilters(); f += lanes) {
    const int count = min(lanes, c.filters - f);
    packTransposed(weight + int64_t{f} * c.taps(), c.taps(), count, c.taps(), to + f, c.paddedFilters());
  }
}

/// Whether vectors along the filters are better filled than vectors along the positions.
inline bool alongFilters(const Convolution& c) {
  const double positions = double{1} * c.filters * ceilDivide(c.run(), lanes) * (c.taps() + 2);
  double filters = double{1} * c.positions() * ceilDivide(c.filters, lanes) * (c.taps() + 8);
  const int sums = min(c.outputWidth, MR) * min(2, ceilDivide(c.filters, lanes));
  if (sums < 8) filters *= 8.0 / sums;
  return filters < positions;
}

/// Whether runs cover several rows, of which only segments are stored.
inline bool segmentsRuns(const Convolution& c) { return c.outputHeight > 1 && !alongFilters(c); }

/// Adjacent outputs of a row in a tile, with one vector of filters each.
constexpr int tileWidth = 8;
constexpr int tileRows = 2;
constexpr int tileTaps = 7;

/// Whether outputs are computed in tiles: rows are multiples of a tile, and the registers suffice for sums and taps.
inline bool fitsTiles(const Convolution& c) {
  return MR * blockVectors >= tileRows * tileWidth + tileTaps && c.strideX == 1 && c.filters <= lanes &&
         c.kernelWidth <= tileTaps && c.outputWidth % tileWidth == 0;
}

struct Tile {
  /// The first cell, and the offsets of all taps from it.
  const float* cells;
  const int32_t* tapOffsets;
  /// [taps, lanes], in `tapRows` rows of adjacent taps.
  const float* filters;
  int tapRows;
  /// Distance between the cells of two rows of outputs.
  int64_t below;
  /// [rows, tileWidth, lanes]
  float* sums;
};

/// Sums for `rows` rows of a tile. Each cell is broadcast once for all taps of a row that use it.
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
    const float* cells = t.cells + t.tapOffsets[row * taps];
#pragma GCC unroll 2
    for (int r = 0; r < rows; r++, cells += t.below)
#pragma GCC unroll 16
      for (int x = 0; x < tileWidth + taps - 1; x++) {
        const Floats cell = broadcast(cells[x]);
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

/// The outputs [filters, positions] of one sample. Requires fitsTiles.
inline void convolveTiles(const Convolution& c, const float* planes, const float* filters, const int32_t* tapOffsets,
                          const MatrixC& out, const Epilogue& epilogue, float* sums) {
  Tile t{planes, tapOffsets, filters, c.taps() / c.kernelWidth, c.planeWidth(), sums};
  for (int i = 0; i < c.outputHeight; i += tileRows) {
    const int rows = min(tileRows, c.outputHeight - i);
    for (int j = 0; j < c.outputWidth; j += tileWidth) {
      t.cells = planes + int64_t{i} * c.planeWidth() + j;
      if (rows == tileRows) sumTileOf<tileRows>(c.kernelWidth, t);
      else sumTileOf<1>(c.kernelWidth, t);
      // Rows as wide as a tile are contiguous.
      const int stored = c.outputWidth == tileWidth ? rows : 1;
      for (int r = 0; r < rows; r += stored)
        storeTransposed(sums + r * tileWidth * lanes, stored * tileWidth, c.filters, out, (i + r) * c.outputWidth + j, 0,
                        epilogue, false);
    }
  }
}

/// Fills the shared memory.
inline void prepareForward(const Convolution& c, const float* weight, float* shared) {
  transposeFilters(c, weight, shared);
  fillOffsets(c, reinterpret_cast<int32_t*>(shared + transposedFilters(c)));
  if (segmentsRuns(c))
    segmentRows(c.run(), c.planeWidth(), c.outputWidth,
                reinterpret_cast<Segment*>(shared + transposedFilters(c) + wholeLines(c.taps())));
}

/// y [rows, filters, positions] = activation(x ⋆ weight + bias), z before the activation, for the rows from … end − 1.
inline void convolutionForward(const Convolution& c, const float* x, const float* bias, float* y, float* z, int from,
                               int end, Activation activation, const RowScratch& memory) {
  const float* const transposed = memory.shared;
  const int32_t* const tapOffsets = reinterpret_cast<const int32_t*>(transposed + transposedFilters(c));
  const Segment* const segments = reinterpret_cast<const Segment*>(transposed + transposedFilters(c) + wholeLines(c.taps()));
  const bool filtersAlong = alongFilters(c);
  const bool tiles = filtersAlong && fitsTiles(c);
  const bool fused = activation == Activation::linear || activation == Activation::relu;
  const int positions = c.positions();
  const int planeWidth = c.planeWidth();
  Epilogue epilogue;
  epilogue.relu = activation == Activation::relu;
  (filtersAlong ? epilogue.alongColumns : epilogue.alongRows) = bias;
  for (int row = from; row < end; row++) {
    const float* planes = padPlanes(c, x + row * c.sample(), memory.own);
    float* const to = y + row * c.outputs();
    float* const sums = z ? z + row * c.outputs() : nullptr;
    if (tiles) {
      convolveTiles(c, planes, transposed, tapOffsets, {to, positions, true, sums}, epilogue, memory.product);
    } else if (filtersAlong) {
      for (int i = 0; i < c.outputHeight; i++) {
        const int64_t start = int64_t{i} * c.outputWidth;
        gemm({planes + int64_t{i} * planeWidth, 1, 0, tapOffsets}, {transposed, c.paddedFilters()},
             {to + start, positions, true, sums ? sums + start : nullptr}, c.outputWidth, c.filters, c.taps(), epilogue,
             memory.product);
      }
    } else {
      gemm({transposed, 1, c.paddedFilters()}, {planes, 0, 1, tapOffsets},
           {to, positions, false, sums, segmentsRuns(c) ? segments : nullptr, segmentsPerVector(planeWidth)}, c.filters, c.run(),
           c.taps(), epilogue, memory.product);
    }
    if (!fused) activate(activation, to, to, c.outputs());
  }
}

}  // namespace ISA
}  // namespace descent
