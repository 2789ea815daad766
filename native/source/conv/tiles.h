// Forward convolution of narrow images with few filters: tiles of outputs, with vectors along the filters. Each cell is
// broadcast once for all taps of a row that meet it.
#pragma once
#include "../gemm/gemm.h"
#include "convolution.h"

namespace descent {
namespace ISA {

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

/// Adds the products of one row of cells and one row of taps to a row of sums.
template <int taps>
[[gnu::always_inline]] inline void addRow(const float* cells, const Floats (&weight)[taps], Floats (&sum)[tileWidth]) {
#pragma GCC unroll 16
  for (int x = 0; x < tileWidth + taps - 1; x++) {
    const Floats cell = broadcast(cells[x]);
#pragma GCC unroll 8
    for (int l = 0; l < taps; l++)
      if (x - l >= 0 && x - l < tileWidth) sum[x - l] = multiplyAdd(cell, weight[l], sum[x - l]);
  }
}

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
      addRow<taps>(cells, weight, sum[r]);
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

}  // namespace ISA
}  // namespace descent
