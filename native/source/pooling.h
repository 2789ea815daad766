// Pooling over windows entirely inside their plane; there are rows · channels planes.
#pragma once
#include <cmath>

#include "activation.h"

namespace descent {
namespace ISA {

struct Windows {
  int height, width, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth;
  bool halving() const { return kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2; }
  /// One window over the whole plane.
  bool global() const { return kernelHeight == height && kernelWidth == width; }
  int64_t plane() const { return int64_t{height} * width; }
  int64_t outputs() const { return int64_t{outputHeight} * outputWidth; }
};

// 2 × 2 windows with a stride of two are computed one vector of outputs at a time, in the lane order of `deinterleave`,
// which splits a row into even and odd cells.

/// A vector of outputs of one row, and its cells.
struct WholeRow {
  void read(const float* from, Floats& even, Floats& odd) const { deinterleave(load(from), load(from + lanes), even, odd); }
  void write(float* to, Floats even, Floats odd) const {
    Floats a;
    Floats b;
    interleave(even, odd, a, b);
    store(to, a);
    store(to + lanes, b);
  }
  Floats readOutputs(const float* from) const { return separated(load(from)); }
  void writeOutputs(float* to, Floats value) const { store(to, separated(value)); }
};

/// The remaining `count` outputs of a row, less than a vector.
struct PartOfRow {
  Mask outputs;
  Mask low;
  Mask high;
  explicit PartOfRow(int count)
      : outputs(firstLanes(count)), low(firstLanes(2 * count)), high(firstLanes(max(0, 2 * count - lanes))) {}
  void read(const float* from, Floats& even, Floats& odd) const {
    deinterleave(load(from, low), load(from + lanes, high), even, odd);
  }
  void write(float* to, Floats even, Floats odd) const {
    Floats a;
    Floats b;
    interleave(even, odd, a, b);
    store(to, a, low);
    store(to + lanes, b, high);
  }
  Floats readOutputs(const float* from) const { return separated(load(from, outputs)); }
  void writeOutputs(float* to, Floats value) const { store(to, separated(value), outputs); }
};

/// Outputs of two rows, up to half a vector each; the second row is in the upper half.
struct TwoRows {
  static constexpr int half = lanes / 2;
  Mask inputs;
  Window low;
  Window high;
  int64_t outputWidth;
  /// Distance between the cells of the two rows of outputs.
  int64_t below;
  TwoRows(const Windows& w, int count)
      : inputs(firstLanes(2 * count)), low(lanesBetween(0, count)), high(lanesBetween(half, half + count)),
        outputWidth(w.outputWidth), below(int64_t{2} * w.width) {}
  void read(const float* from, Floats& even, Floats& odd) const {
    deinterleave(load(from, inputs), load(from + below, inputs), even, odd);
  }
  void write(float* to, Floats even, Floats odd) const {
    Floats a;
    Floats b;
    interleave(even, odd, a, b);
    store(to, a, inputs);
    store(to + below, b, inputs);
  }
  Floats readOutputs(const float* from) const {
    return separated(loadWindow(from, low) + loadWindow(from + outputWidth - half, high));
  }
  void writeOutputs(float* to, Floats value) const {
    const Floats ordered = separated(value);
    storeWindow(to, ordered, low);
    storeWindow(to + outputWidth - half, ordered, high);
  }
};

/// Calls work(part, cells, outputs) for all outputs of a plane, with one of the structures above and the offsets of its
/// first cell and first output.
template <typename Work> inline void forEachOutput(const Windows& w, Work work) {
  const auto overRows = [&](auto part, int column, int first, int end, int step) {
    for (int i = first; i < end; i += step)
      work(part, int64_t{2} * i * w.width + 2 * column, int64_t{i} * w.outputWidth + column);
  };
  int column = 0;
  for (; column + lanes <= w.outputWidth; column += lanes) overRows(WholeRow{}, column, 0, w.outputHeight, 1);
  const int rest = w.outputWidth - column;
  const int paired = rest <= TwoRows::half ? w.outputHeight / 2 * 2 : 0;
  if (rest == 0) return;
  overRows(TwoRows(w, min(rest, TwoRows::half)), column, 0, paired, 2);
  overRows(PartOfRow(rest), column, paired, w.outputHeight, 1);
}

inline Floats maximumOfFour(Floats a, Floats b, Floats c, Floats d) {
  // Operand order matters: NaN in a later operand propagates, as in the reference.
  return maximum(maximum(a, b), maximum(c, d));
}

inline void maxPoolHalves(const float* x, float* y, const Windows& w) {
  forEachOutput(w, [&](const auto& part, int64_t cells, int64_t outputs) {
    Floats a, b, c, d;
    part.read(x + cells, a, b);
    part.read(x + cells + w.width, c, d);
    part.writeOutputs(y + outputs, maximumOfFour(a, b, c, d));
  });
}

/// The largest cell of a window, or NaN.
inline float windowMaximum(const float* window, const Windows& w) {
  float best = -INFINITY;
  for (int k = 0; k < w.kernelHeight; k++) {
    for (int l = 0; l < w.kernelWidth; l++) {
      const float value = window[int64_t{k} * w.width + l];
      if (value > best || value != value) best = value;
    }
  }
  return best;
}

inline void maxPoolingForward(const float* x, float* y, int planes, const Windows& w) {
  for (int plane = 0; plane < planes; plane++, x += w.plane()) {
    if (w.halving()) {
      maxPoolHalves(x, y, w);
      y += w.outputs();
      continue;
    }
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++) {
        const float* window = x + int64_t{i} * w.strideY * w.width + j * w.strideX;
        *y = windowMaximum(window, w);
      }
    }
  }
}

/// Replaces the cells by their gradients: the first maximum gets the gradient, the others zero.
inline void maximumGrads(Floats best, Floats grad, bool relu, Floats& a, Floats& b, Floats& c, Floats& d) {
  if (relu) grad = selectOrZero(greater(best, zeros()), grad);
  const auto take = [&](Floats& cell) {
    const Mask wins = equal(cell, best);
    cell = selectOrZero(wins, grad);
    grad = select(wins, zeros(), grad);
  };
  take(a);
  take(b);
  take(c);
  take(d);
}

inline void maxPoolHalvesBackward(const float* x, const float* y, const float* dy, float* dx, const Windows& w, bool relu) {
  forEachOutput(w, [&](const auto& part, int64_t cells, int64_t outputs) {
    Floats a, b, c, d;
    part.read(x + cells, a, b);
    part.read(x + cells + w.width, c, d);
    maximumGrads(part.readOutputs(y + outputs), part.readOutputs(dy + outputs), relu, a, b, c, d);
    part.write(dx + cells, a, b);
    part.write(dx + cells + w.width, c, d);
  });
}

/// The offset of the first cell of a window with a value, or −1.
inline int64_t findCell(const float* window, const Windows& w, float value) {
  for (int k = 0; k < w.kernelHeight; k++)
    for (int l = 0; l < w.kernelWidth; l++)
      if (window[int64_t{k} * w.width + l] == value) return int64_t{k} * w.width + l;
  return -1;
}

/// @param relu whether x is the output of a relu, whose backward pass is fused.
inline void maxPoolingBackward(const float* x, const float* y, const float* dy, float* dx, int planes, const Windows& w,
                               bool relu) {
  for (int plane = 0; plane < planes; plane++, x += w.plane(), dx += w.plane()) {
    if (!w.halving() || w.height != 2 * w.outputHeight || w.width != 2 * w.outputWidth) clear(dx, w.plane());
    if (w.halving()) {
      maxPoolHalvesBackward(x, y, dy, dx, w, relu);
      y += w.outputs();
      dy += w.outputs();
      continue;
    }
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++, dy++) {
        if (relu && !(*y > 0)) continue;
        const int64_t start = int64_t{i} * w.strideY * w.width + j * w.strideX;
        const int64_t winner = findCell(x + start, w, *y);
        if (winner >= 0) dx[start + winner] += *dy;
      }
    }
  }
}

/// Sums `count` values in four independent accumulators.
inline float sumValues(const float* from, int64_t count) {
  Floats sums[4] = {zeros(), zeros(), zeros(), zeros()};
  int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
    for (int s = 0; s < 4; s++) sums[s] = sums[s] + load(from + i + s * lanes);
  forEachVector(count - i, [&](int64_t j, auto mask) { sums[0] = sums[0] + load(from + i + j, mask); });
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

inline void averagePoolingForward(const float* x, float* y, int planes, const Windows& w) {
  const float share = 1 / static_cast<float>(int64_t{w.kernelHeight} * w.kernelWidth);
  if (w.global()) {
    for (int plane = 0; plane < planes; plane++) y[plane] = sumValues(x + plane * w.plane(), w.plane()) * share;
    return;
  }
  for (int plane = 0; plane < planes; plane++, x += w.plane()) {
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++) {
        const float* window = x + int64_t{i} * w.strideY * w.width + j * w.strideX;
        Floats total = zeros();
        for (int k = 0; k < w.kernelHeight; k++, window += w.width)
          forEachVector(w.kernelWidth, [&](int64_t l, auto mask) { total = total + load(window + l, mask); });
        *y = sum(total) * share;
      }
    }
  }
}

/// @param relu the output of a relu before the pooling, whose backward pass is fused, or null.
inline void averagePoolingBackward(const float* dy, float* dx, int planes, const Windows& w, const float* relu) {
  const float share = 1 / static_cast<float>(int64_t{w.kernelHeight} * w.kernelWidth);
  for (int plane = 0; plane < planes; plane++, dx += w.plane()) {
    if (w.global()) {
      const Floats grad = broadcast(*dy++ * share);
      const float* const source = relu ? relu + plane * w.plane() : nullptr;
      forEachVector(w.plane(), [&](int64_t i, auto mask) {
        store(dx + i, source ? selectOrZero(greater(load(source + i, mask), zeros()), grad) : grad, mask);
      });
      continue;
    }
    clear(dx, w.plane());
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, dy++) {
        float* window = dx + int64_t{i} * w.strideY * w.width + j * w.strideX;
        const Floats grad = broadcast(*dy * share);
        for (int k = 0; k < w.kernelHeight; k++, window += w.width)
          forEachVector(w.kernelWidth,
                        [&](int64_t l, auto mask) { store(window + l, load(window + l, mask) + grad, mask); });
      }
    }
    if (relu) activateBackward(Activation::relu, relu + plane * w.plane(), dx, w.plane());
  }
}

}  // namespace ISA
}  // namespace descent
