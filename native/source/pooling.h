// Pooling over windows that lie wholly inside their plane; planes are rows · channels images.
#pragma once
#include <cmath>

#include "context.h"

namespace descent {
namespace ISA {

struct Windows {
  int height, width, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth;
  bool halving() const { return kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2; }
  int64_t plane() const { return int64_t{height} * width; }
  int64_t outputs() const { return int64_t{outputHeight} * outputWidth; }
};

/// Loads the even and the odd ones of the first 2 · count numbers.
inline void loadPairs(const float* from, int count, Floats& even, Floats& odd) {
  const Floats a = load(from, firstLanes(2 * count));
  const Floats b = 2 * count > lanes ? load(from + lanes, firstLanes(2 * count - lanes)) : zeros();
  separate(a, b, even, odd);
}
inline void storePairs(float* to, int count, Floats even, Floats odd) {
  Floats a;
  Floats b;
  interleave(even, odd, a, b);
  store(to, a, firstLanes(2 * count));
  if (2 * count > lanes) store(to + lanes, b, firstLanes(2 * count - lanes));
}

/// Windows of two by two, two apart: a row of outputs at a time.
inline void halveByMaximum(const float* x, float* y, const Windows& w) {
  for (int i = 0; i < w.outputHeight; i++, x += 2 * w.width, y += w.outputWidth) {
    for (int j = 0; j < w.outputWidth; j += lanes) {
      const int some = least(lanes, w.outputWidth - j);
      Floats a, b, c, d;
      loadPairs(x + 2 * j, some, a, b);
      loadPairs(x + w.width + 2 * j, some, c, d);
      // Each but the first on the right, so that what is no number stays none, as in the definition.
      store(y + j, larger(larger(a, b), larger(c, d)), firstLanes(some));
    }
  }
}

inline void maxPoolingForward(const float* x, float* y, int planes, const Windows& w) {
  for (int plane = 0; plane < planes; plane++, x += w.plane()) {
    if (w.halving()) {
      halveByMaximum(x, y, w);
      y += w.outputs();
      continue;
    }
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++) {
        const float* window = x + int64_t{i} * w.strideY * w.width + j * w.strideX;
        float best = -INFINITY;
        for (int k = 0; k < w.kernelHeight; k++)
          for (int l = 0; l < w.kernelWidth; l++) {
            const float value = window[int64_t{k} * w.width + l];
            if (value > best || value != value) best = value;
          }
        *y = best;
      }
    }
  }
}

inline void halveBack(const float* x, const float* y, const float* dy, float* dx, const Windows& w) {
  for (int i = 0; i < w.outputHeight; i++, x += 2 * w.width, dx += 2 * w.width, y += w.outputWidth, dy += w.outputWidth) {
    for (int j = 0; j < w.outputWidth; j += lanes) {
      const int some = least(lanes, w.outputWidth - j);
      const Mask mask = firstLanes(some);
      const Floats best = load(y + j, mask);
      const Floats slope = load(dy + j, mask);
      Floats a, b, c, d;
      loadPairs(x + 2 * j, some, a, b);
      loadPairs(x + w.width + 2 * j, some, c, d);
      const Mask first = equal(a, best);
      const Mask second = butNot(equal(b, best), first);
      const Mask third = butNot(equal(c, best), either(first, second));
      const Mask fourth = butNot(equal(d, best), either(first, either(second, third)));
      storePairs(dx + 2 * j, some, keep(first, slope), keep(second, slope));
      storePairs(dx + w.width + 2 * j, some, keep(third, slope), keep(fourth, slope));
    }
  }
}

inline void clear(float* to, int64_t count) {
  overVectors(count, [&](int64_t i, Mask mask) { store(to + i, zeros(), mask); });
}

inline void maxPoolingBackward(const float* x, const float* y, const float* dy, float* dx, int planes,
                               const Windows& w) {
  for (int plane = 0; plane < planes; plane++, x += w.plane(), dx += w.plane()) {
    if (!w.halving() || w.height != 2 * w.outputHeight || w.width != 2 * w.outputWidth) clear(dx, w.plane());
    if (w.halving()) {
      halveBack(x, y, dy, dx, w);
      y += w.outputs();
      dy += w.outputs();
      continue;
    }
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++, dy++) {
        const int64_t start = int64_t{i} * w.strideY * w.width + j * w.strideX;
        int64_t winner = -1;
        for (int k = 0; k < w.kernelHeight && winner < 0; k++)
          for (int l = 0; l < w.kernelWidth && winner < 0; l++)
            if (x[start + int64_t{k} * w.width + l] == *y) winner = start + int64_t{k} * w.width + l;
        if (winner >= 0) dx[winner] += *dy;
      }
    }
  }
}

inline void averagePoolingForward(const float* x, float* y, int planes, const Windows& w) {
  const float share = 1 / static_cast<float>(int64_t{w.kernelHeight} * w.kernelWidth);
  for (int plane = 0; plane < planes; plane++, x += w.plane()) {
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, y++) {
        const float* window = x + int64_t{i} * w.strideY * w.width + j * w.strideX;
        Floats total = zeros();
        for (int k = 0; k < w.kernelHeight; k++, window += w.width)
          overVectors(w.kernelWidth, [&](int64_t l, Mask mask) { total = total + load(window + l, mask); });
        *y = sum(total) * share;
      }
    }
  }
}

inline void averagePoolingBackward(const float* dy, float* dx, int planes, const Windows& w) {
  const float share = 1 / static_cast<float>(int64_t{w.kernelHeight} * w.kernelWidth);
  for (int plane = 0; plane < planes; plane++, dx += w.plane()) {
    clear(dx, w.plane());
    for (int i = 0; i < w.outputHeight; i++) {
      for (int j = 0; j < w.outputWidth; j++, dy++) {
        float* window = dx + int64_t{i} * w.strideY * w.width + j * w.strideX;
        const Floats slope = every(*dy * share);
        for (int k = 0; k < w.kernelHeight; k++, window += w.width)
          overVectors(w.kernelWidth,
                      [&](int64_t l, Mask mask) { store(window + l, load(window + l, mask) + slope, mask); });
      }
    }
  }
}

}  // namespace ISA
}  // namespace descent
