// The gradient of a convolution's input. Along the width, taps are a convolution again, of the slopes with zeros between
// their rows; along the height each row of taps gives a share, and the shares are added up.
#pragma once
#include "convolution.h"

namespace descent {
namespace ISA {

/// Shares computed at once, unless one channel has more.
constexpr int shareRows = 4 * blockRows;

/// Whether neighbouring taps meet neighbouring slopes.
inline bool meetNeighbours(const Convolution& c) { return c.strideX == 1 && c.strideY == 1; }

/// How the slopes of one filter are laid out: zeros, then its rows, each but the last with as many zeros behind it as
/// taps reach beyond its ends.
struct SlopeRows {
  int before;
  /// From row to row.
  int pitch;
  /// A row of dx for each row of slopes, side by side.
  int columns;
  /// Floats of one filter.
  int64_t size;
  /// Of a share: as many rows of zeros before and behind its columns as rows of taps reach beyond them.
  int64_t shareBefore;
  int64_t shareSize;

  explicit SlopeRows(const Convolution& c)
      : before(c.kernelWidth - 1 - c.padLeft),
        pitch(c.outputWidth + most(before, c.width + c.padLeft - c.outputWidth)),
        columns((c.outputHeight - 1) * pitch + c.width),
        size(int64_t{before} + columns + c.padLeft),
        shareBefore(int64_t{c.kernelHeight - 1 - c.padTop} * pitch),
        shareSize(int64_t{c.kernelHeight + c.height - 2} * pitch + c.width) {}
};

/// Channels of dx computed at once.
inline int inputChannels(const Convolution& c) {
  const int shares = meetNeighbours(c) ? c.kernelHeight : c.kernelHeight * c.kernelWidth;
  return least(c.channels, most(1, shareRows / shares));
}
/// Rows of a turned filter's matrix, and a row's floats.
inline int turnedRows(const Convolution& c) { return c.filters * c.kernelWidth; }
inline int turnedStride(const Convolution& c) { return ceilDivided(c.channels * c.kernelHeight, lanes) * lanes; }

/// Floats all threads share: the filters turned, the distances of slopes.
inline int64_t inputShared(const Convolution& c) {
  return meetNeighbours(c) ? wholeLines(int64_t{turnedRows(c)} * turnedStride(c)) + wholeLines(turnedRows(c)) : 0;
}
/// Floats of each thread beside a product's: the slopes laid out, shares.
inline int64_t inputOwn(const Convolution& c) {
  const int64_t channels = inputChannels(c);
  if (!meetNeighbours(c)) return wholeLines(channels * c.kernelHeight * c.kernelWidth * c.positions());
  const SlopeRows slopes(c);
  return wholeLines(c.filters * slopes.size) + wholeLines(channels * c.kernelHeight * slopes.shareSize);
}

/// dx [height, width] of one channel: the sum of its shares [kernelHeight, shareSize], one row of taps further down each.
inline void addShares(const Convolution& c, const SlopeRows& slopes, const float* shares, float* dx) {
  const bool together = slopes.pitch == c.width;
  const int rows = together ? 1 : c.height;
  const int64_t width = together ? int64_t{c.height} * c.width : c.width;
  for (int row = 0; row < rows; row++, dx += width) {
    const float* const first = shares + int64_t{row + c.kernelHeight - 1} * slopes.pitch;
    overVectors(width, [&](int64_t j, auto mask) {
      Floats total = load(first + j, mask);
      for (int k = 1; k < c.kernelHeight; k++)
        total = total + load(first + k * (slopes.shareSize - slopes.pitch) + j, mask);
      store(dx + j, total, mask);
    });
  }
}

inline void inputFromRows(const Convolution& c, const float* dz, float* dx, int from, int end, const RowScratch& memory) {
  const SlopeRows slopes(c);
  const int stride = turnedStride(c);
  const float* const turned = memory.shared;
  const int32_t* const distances = reinterpret_cast<const int32_t*>(turned + wholeLines(int64_t{turnedRows(c)} * stride));
  const int group = inputChannels(c);
  const bool direct = c.kernelHeight == 1 && slopes.columns == c.height * c.width;
  float* const laid = memory.own;
  float* const shares = laid + wholeLines(c.filters * slopes.size);
  for (int row = from; row < end; row++) {
    for (int f = 0; f < c.filters; f++)
      copyRows(dz + row * c.outputs() + int64_t{f} * c.positions(), c.outputHeight, c.outputWidth,
               laid + f * slopes.size + slopes.before, slopes.pitch);
    for (int first = 0; first < c.channels; first += group) {
      const int some = least(group, c.channels - first);
      float* const to = dx + row * c.sample() + int64_t{first} * c.height * c.width;
      multiply({turned + first * c.kernelHeight, 1, stride}, {laid, 0, 1, distances},
               direct ? Output{to, slopes.columns} : Output{shares + slopes.shareBefore, slopes.shareSize},
               some * c.kernelHeight, slopes.columns, turnedRows(c), {}, memory.product);
      for (int channel = 0; !direct && channel < some; channel++)
        addShares(c, slopes, shares + int64_t{channel} * c.kernelHeight * slopes.shareSize,
                  to + int64_t{channel} * c.height * c.width);
    }
  }
}

/// dx of one channel from the shares [kernelHeight, kernelWidth, outputHeight, outputWidth] of its taps.
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

/// Where a stride lies between neighbours: every tap's share weightᵀ · dz, added where the tap lay.
inline void inputFromTaps(const Convolution& c, const float* dz, const float* weight, float* dx, int from, int end,
                          const RowScratch& memory) {
  const int positions = c.positions();
  const int cells = c.kernelHeight * c.kernelWidth;
  const int group = inputChannels(c);
  float* const shares = memory.own;
  for (int row = from; row < end; row++) {
    for (int first = 0; first < c.channels; first += group) {
      const int some = least(group, c.channels - first);
      multiply({weight + int64_t{first} * cells, 1, c.taps()}, {dz + row * c.outputs(), positions}, {shares, positions},
               some * cells, positions, c.filters, {}, memory.product);
      for (int channel = 0; channel < some; channel++)
        scatterShares(c, shares + int64_t{channel} * cells * positions,
                      dx + row * c.sample() + int64_t{first + channel} * c.height * c.width);
    }
  }
}

/// Fills what all threads share, and clears each thread's slopes and shares: around their rows they stay zero.
inline void prepareInput(const Convolution& c, const float* weight, float* shared, float* own) {
  if (!meetNeighbours(c)) return;
  const SlopeRows slopes(c);
  clear(own, inputOwn(c));
  if (!shared) return;
  const int rows = c.channels * c.kernelHeight;
  const int stride = turnedStride(c);
  int32_t* const distances = reinterpret_cast<int32_t*>(shared + wholeLines(int64_t{turnedRows(c)} * stride));
  for (int f = 0; f < c.filters; f++, shared += int64_t{c.kernelWidth} * stride) {
    for (int row = 0; row < rows; row += lanes)
      packTransposed(weight + int64_t{f} * c.taps() + row * c.kernelWidth, c.kernelWidth, least(lanes, rows - row),
                     c.kernelWidth, shared + row, stride);
    for (int l = 0; l < c.kernelWidth; l++)
      distances[f * c.kernelWidth + l] = static_cast<int32_t>(f * slopes.size + c.kernelWidth - 1 - l);
  }
}

/// dx [rows, channels, height, width] from dz [rows, filters, positions]; the rows from … end − 1.
inline void convolutionBackwardInput(const Convolution& c, const float* dz, const float* weight, float* dx, int from,
                                     int end, const RowScratch& memory) {
  if (meetNeighbours(c)) inputFromRows(c, dz, dx, from, end, memory);
  else inputFromTaps(c, dz, weight, dx, from, end, memory);
}

}  // namespace ISA
}  // namespace descent
