// The input gradient of a convolution. Along the width it is a convolution of the zero-padded output gradient; along the
// height, each row of taps gives a partial sum, and the partial sums are added.
#pragma once
#include "../gemm/gemm.h"
#include "convolution.h"

namespace descent {
namespace ISA {

/// Partial sums computed at once, unless one channel has more.
constexpr int partialRows = 4 * MR;

/// Whether adjacent taps use adjacent output gradients.
inline bool hasUnitStride(const Convolution& c) { return c.strideX == 1 && c.strideY == 1; }

/// Layout of the zero-padded output gradient of one filter: zeros, then its rows; between two rows, as many zeros as taps
/// extend past the ends of a row.
struct GradLayout {
  int before;
  /// Distance between rows.
  int pitch;
  /// Length of all rows of dx, one after another at `pitch`.
  int columns;
  /// Floats per filter.
  int64_t size;
  /// A partial sum, with a row of zeros before and after its columns for each row of taps that exceeds them.
  int64_t partialBefore;
  int64_t partialSize;

  explicit GradLayout(const Convolution& c)
      : before(c.kernelWidth - 1 - c.padLeft),
        pitch(c.outputWidth + max(before, c.width + c.padLeft - c.outputWidth)),
        columns((c.outputHeight - 1) * pitch + c.width),
        size(int64_t{before} + columns + c.padLeft),
        partialBefore(int64_t{c.kernelHeight - 1 - c.padTop} * pitch),
        partialSize(int64_t{c.kernelHeight + c.height - 2} * pitch + c.width) {}
};

/// Channels of dx computed per group.
inline int inputChannels(const Convolution& c) {
  const int partials = hasUnitStride(c) ? c.kernelHeight : c.kernelHeight * c.kernelWidth;
  return min(c.channels, max(1, partialRows / partials));
}
/// Rows and row stride of the transposed filter matrix.
inline int transposedRows(const Convolution& c) { return c.filters * c.kernelWidth; }
inline int transposedStride(const Convolution& c) { return ceilDivide(c.channels * c.kernelHeight, lanes) * lanes; }

/// Floats shared by all threads: transposed filters, offsets of gradients.
inline int64_t inputShared(const Convolution& c) {
  if (!hasUnitStride(c)) return 0;
  return wholeLines(int64_t{transposedRows(c)} * transposedStride(c)) + wholeLines(transposedRows(c));
}
/// Floats per thread beyond gemmScratch: padded gradients, partial sums.
inline int64_t inputOwn(const Convolution& c) {
  const int64_t channels = inputChannels(c);
  if (!hasUnitStride(c)) return wholeLines(channels * c.kernelHeight * c.kernelWidth * c.positions());
  const GradLayout grads(c);
  return wholeLines(c.filters * grads.size) + wholeLines(channels * c.kernelHeight * grads.partialSize);
}

/// dx [height, width] of one channel: the sum of its partial sums [kernelHeight, partialSize], each one row further down.
inline void addPartials(const Convolution& c, const GradLayout& grads, const float* partials, float* dx) {
  const bool isContiguous = grads.pitch == c.width;
  const int rows = isContiguous ? 1 : c.height;
  const int64_t width = isContiguous ? int64_t{c.height} * c.width : c.width;
  for (int row = 0; row < rows; row++, dx += width) {
    const float* const first = partials + int64_t{row + c.kernelHeight - 1} * grads.pitch;
    forEachVector(width, [&](int64_t j, auto mask) {
      Floats total = load(first + j, mask);
      for (int k = 1; k < c.kernelHeight; k++)
        total = total + load(first + k * (grads.partialSize - grads.pitch) + j, mask);
      store(dx + j, total, mask);
    });
  }
}

inline void inputFromRows(const Convolution& c, const float* dz, float* dx, int from, int end, const RowScratch& memory) {
  const GradLayout grads(c);
  const int stride = transposedStride(c);
  const float* const transposed = memory.shared;
  const int64_t matrixFloats = wholeLines(int64_t{transposedRows(c)} * stride);
  const int32_t* const gradOffsets = reinterpret_cast<const int32_t*>(transposed + matrixFloats);
  const int group = inputChannels(c);
  const bool direct = c.kernelHeight == 1 && grads.columns == c.height * c.width;
  float* const paddedGrads = memory.own;
  float* const partials = paddedGrads + wholeLines(c.filters * grads.size);
  for (int row = from; row < end; row++) {
    for (int f = 0; f < c.filters; f++)
      copyRows(dz + row * c.outputs() + int64_t{f} * c.positions(), c.outputHeight, c.outputWidth,
               paddedGrads + f * grads.size + grads.before, grads.pitch);
    for (int first = 0; first < c.channels; first += group) {
      const int count = min(group, c.channels - first);
      float* const to = dx + row * c.sample() + int64_t{first} * c.height * c.width;
      gemm({transposed + first * c.kernelHeight, 1, stride}, {paddedGrads, 0, 1, gradOffsets},
           direct ? MatrixC{to, grads.columns} : MatrixC{partials + grads.partialBefore, grads.partialSize},
           count * c.kernelHeight, grads.columns, transposedRows(c), {}, memory.product);
      for (int channel = 0; !direct && channel < count; channel++)
        addPartials(c, grads, partials + int64_t{channel} * c.kernelHeight * grads.partialSize,
                    to + int64_t{channel} * c.height * c.width);
    }
  }
}

/// Adds the partial sums [outputHeight, outputWidth] of the tap (k, l) to dx.
inline void scatterTap(const Convolution& c, const float* partials, int k, int l, float* dx) {
  for (int i = 0; i < c.outputHeight; i++, partials += c.outputWidth) {
    const int64_t row = int64_t{i} * c.strideY + k - c.padTop;
    if (row < 0 || row >= c.height) continue;
    for (int j = 0; j < c.outputWidth; j++) {
      const int64_t column = int64_t{j} * c.strideX + l - c.padLeft;
      if (column >= 0 && column < c.width) dx[row * c.width + column] += partials[j];
    }
  }
}

/// Scatters the partial sums [kernelHeight, kernelWidth, outputHeight, outputWidth] of one channel's taps to dx.
inline void scatterPartials(const Convolution& c, const float* partials, float* dx) {
  for (int64_t i = 0; i < int64_t{c.height} * c.width; i++) dx[i] = 0;
  for (int k = 0; k < c.kernelHeight; k++)
    for (int l = 0; l < c.kernelWidth; l++, partials += c.positions()) scatterTap(c, partials, k, l, dx);
}

/// With strides: computes weightᵀ · dz per tap and adds it at the position of the tap.
inline void inputFromTaps(const Convolution& c, const float* dz, const float* weight, float* dx, int from, int end,
                          const RowScratch& memory) {
  const int positions = c.positions();
  const int cells = c.kernelHeight * c.kernelWidth;
  const int group = inputChannels(c);
  float* const partials = memory.own;
  for (int row = from; row < end; row++) {
    for (int first = 0; first < c.channels; first += group) {
      const int count = min(group, c.channels - first);
      gemm({weight + int64_t{first} * cells, 1, c.taps()}, {dz + row * c.outputs(), positions}, {partials, positions},
           count * cells, positions, c.filters, {}, memory.product);
      for (int channel = 0; channel < count; channel++)
        scatterPartials(c, partials + int64_t{channel} * cells * positions,
                        dx + row * c.sample() + int64_t{first + channel} * c.height * c.width);
    }
  }
}

/// Fills the shared memory, and clears each thread's gradients and partial sums, whose padding stays zero.
inline void prepareInput(const Convolution& c, const float* weight, float* shared, float* own) {
  if (!hasUnitStride(c)) return;
  const GradLayout grads(c);
  clear(own, inputOwn(c));
  if (!shared) return;
  const int rows = c.channels * c.kernelHeight;
  const int stride = transposedStride(c);
  int32_t* const gradOffsets = reinterpret_cast<int32_t*>(shared + wholeLines(int64_t{transposedRows(c)} * stride));
  for (int f = 0; f < c.filters; f++, shared += int64_t{c.kernelWidth} * stride) {
    for (int row = 0; row < rows; row += lanes)
      packTransposed(weight + int64_t{f} * c.taps() + row * c.kernelWidth, c.kernelWidth, min(lanes, rows - row),
                     c.kernelWidth, shared + row, stride);
    for (int l = 0; l < c.kernelWidth; l++)
      gradOffsets[f * c.kernelWidth + l] = static_cast<int32_t>(f * grads.size + c.kernelWidth - 1 - l);
  }
}

/// dx [rows, channels, height, width] from dz [rows, filters, positions], for the rows from … end − 1.
inline void convolutionBackwardInput(const Convolution& c, const float* dz, const float* weight, float* dx, int from,
                                     int end, const RowScratch& memory) {
  if (hasUnitStride(c)) inputFromRows(c, dz, dx, from, end, memory);
  else inputFromTaps(c, dz, weight, dx, from, end, memory);
}

}  // namespace ISA
}  // namespace descent
