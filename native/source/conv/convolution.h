// Direct convolution without im2col: the cells of each tap are at a constant offset from those of the first tap. With
// strides or padding, the image is first copied to padded planes, one per phase of the stride.
#pragma once
#include "../context.h"

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

/// One plane of a sample: the cells of one phase of the stride, and zeros outside the image.
inline void padPlane(const Convolution& c, const float* x, int phaseY, int phaseX, float* to) {
  const int height = c.planeHeight();
  const int width = c.planeWidth();
  for (int i = 0; i < height; i++, to += width) {
    const int64_t row = int64_t{i} * c.strideY + phaseY - c.padTop;
    if (row < 0 || row >= c.height) {
      for (int j = 0; j < width; j++) to[j] = 0;
      continue;
    }
    const float* from = x + row * c.width;
    for (int j = 0; j < width; j++) {
      const int64_t column = int64_t{j} * c.strideX + phaseX - c.padLeft;
      to[j] = column < 0 || column >= c.width ? 0 : from[column];
    }
  }
}

/// The planes of one sample, padded if necessary.
inline const float* padPlanes(const Convolution& c, const float* x, float* to) {
  if (c.inPlace()) return x;
  float* next = to;
  for (int channel = 0; channel < c.channels; channel++, x += int64_t{c.height} * c.width)
    for (int phaseY = 0; phaseY < c.phasesY(); phaseY++)
      for (int phaseX = 0; phaseX < c.phasesX(); phaseX++, next += c.plane()) padPlane(c, x, phaseY, phaseX, next);
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

}  // namespace ISA
}  // namespace descent
