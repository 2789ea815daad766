// Locally connected layers: position p has weight[p] [filters, channels · kernelHeight · kernelWidth] and bias[p]
// [filters]; x [rows, channels, height, width], y [rows, filters, positions], where p = i · outputWidth + j. Each
// position is a small dense layer over a copied window.
#pragma once
#include "activation.h"
#include "gemm/gemm.h"

namespace descent {
namespace ISA {

struct Local {
  int channels, height, width, filters, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth;
  int taps() const { return channels * kernelHeight * kernelWidth; }
  int positions() const { return outputHeight * outputWidth; }
  int64_t plane() const { return int64_t{height} * width; }
  int64_t row() const { return channels * plane(); }
  int64_t outputs() const { return int64_t{filters} * positions(); }
  /// The cell in which the window of a position starts.
  int64_t corner(int position) const {
    return int64_t{position / outputWidth} * strideY * width + int64_t{position % outputWidth} * strideX;
  }
};

/// Floats of scratch beyond gemmScratch: windows and outputs of a batch at one position.
inline int64_t localScratch(const Local& s, int rows) { return int64_t{rows} * (s.taps() + s.filters) + 2 * lanes; }

inline void copyWindows(const float* x, float* to, const Local& s, int rows, int position) {
  const int64_t corner = s.corner(position);
  for (int row = 0; row < rows; row++)
    for (int channel = 0; channel < s.channels; channel++) {
      const float* from = x + row * s.row() + channel * s.plane() + corner;
      for (int k = 0; k < s.kernelHeight; k++, from += s.width)
        for (int l = 0; l < s.kernelWidth; l++) *to++ = from[l];
    }
}

inline void localForward(const float* x, const float* weight, const float* bias, float* y, float* z, const Local& s,
                         int rows, Activation activation, const Context& context) {
  const double operations = 2.0 * rows * s.positions() * s.filters * s.taps();
  parallelFor(context, operations, s.positions(), 1, [&](int from, int end, float* scratch) {
    float* const windows = scratch + gemmScratch;
    float* const outputs = windows + int64_t{rows} * s.taps();
    for (int p = from; p < end; p++) {
      copyWindows(x, windows, s, rows, p);
      Epilogue epilogue;
      epilogue.alongColumns = bias ? bias + int64_t{p} * s.filters : nullptr;
      gemm({windows, s.taps(), 1}, {weight + int64_t{p} * s.filters * s.taps(), 1, s.taps()},
           {outputs, s.filters}, rows, s.filters, s.taps(), epilogue, scratch);
      for (int row = 0; row < rows; row++)
        for (int f = 0; f < s.filters; f++)
          (z ? z : y)[row * s.outputs() + int64_t{f} * s.positions() + p] = outputs[row * s.filters + f];
    }
  });
  activate(activation, z ? z : y, y, rows * s.outputs());
}

/// Copies dz of one position to [rows, filters].
inline void copyGrads(const float* dz, float* to, const Local& s, int rows, int position) {
  for (int row = 0; row < rows; row++)
    for (int f = 0; f < s.filters; f++) *to++ = dz[row * s.outputs() + int64_t{f} * s.positions() + position];
}

inline void localBackwardWeights(const float* x, const float* dz, float* dWeight, float* dBias, const Local& s,
                                 int rows, const Context& context) {
  const double operations = 2.0 * rows * s.positions() * s.filters * s.taps();
  parallelFor(context, operations, s.positions(), 1, [&](int from, int end, float* scratch) {
    float* const windows = scratch + gemmScratch;
    float* const grads = windows + int64_t{rows} * s.taps();
    for (int p = from; p < end; p++) {
      copyWindows(x, windows, s, rows, p);
      copyGrads(dz, grads, s, rows, p);
      gemm({grads, 1, s.filters}, {windows, s.taps()}, {dWeight + int64_t{p} * s.filters * s.taps(), s.taps()},
           s.filters, s.taps(), rows, {}, scratch);
      if (!dBias) continue;
      for (int f = 0; f < s.filters; f++) {
        float total = 0;
        for (int row = 0; row < rows; row++) total += grads[row * s.filters + f];
        dBias[int64_t{p} * s.filters + f] = total;
      }
    }
  });
}

/// Adds the windows of one position to dx; the inverse of copyWindows.
inline void addWindows(const float* from, float* dx, const Local& s, int rows, int position) {
  const int64_t corner = s.corner(position);
  for (int row = 0; row < rows; row++)
    for (int channel = 0; channel < s.channels; channel++) {
      float* to = dx + row * s.row() + channel * s.plane() + corner;
      for (int k = 0; k < s.kernelHeight; k++, to += s.width)
        for (int l = 0; l < s.kernelWidth; l++) to[l] += *from++;
    }
}

inline void localBackwardInput(const float* dz, const float* weight, float* dx, const Local& s, int rows,
                               const Context& context) {
  float* const scratch = context.scratch;
  float* const windows = scratch + gemmScratch;
  float* const grads = windows + int64_t{rows} * s.taps();
  for (int64_t i = 0; i < rows * s.row(); i++) dx[i] = 0;
  for (int p = 0; p < s.positions(); p++) {
    copyGrads(dz, grads, s, rows, p);
    gemm({grads, s.filters, 1}, {weight + int64_t{p} * s.filters * s.taps(), s.taps()}, {windows, s.taps()}, rows,
         s.taps(), s.filters, {}, scratch);
    addWindows(windows, dx, s, rows, p);
  }
}

}  // namespace ISA
}  // namespace descent
