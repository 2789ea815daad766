// Softmax over rows, each shifted by its maximum.
#pragma once
#include <cmath>

#include "exponential.h"

namespace descent {
namespace ISA {

inline float largestValue(const float* x, int size) {
  Floats best = broadcast(-INFINITY);
  forEachVector(size, [&](int64_t i, auto mask) { best = select(mask, maximum(best, load(x + i, mask)), best); });
  return largest(best);
}

/// to [size] = e^(x − shift). @returns their sum.
inline float exponentials(const float* x, float* to, int size, float shift) {
  Floats total = zeros();
  forEachVector(size, [&](int64_t i, auto mask) {
    const Floats value = selectOrZero(mask, exponential(load(x + i, mask) - broadcast(shift)));
    total = total + value;
    store(to + i, value, mask);
  });
  return sum(total);
}

/// y [rows, size] = softmax(x); y may be x.
inline void softmaxForward(const float* x, float* y, int rows, int size) {
  for (int row = 0; row < rows; row++, x += size, y += size) {
    const float total = exponentials(x, y, size, largestValue(x, size));
    const Floats factor = broadcast(1 / total);
    forEachVector(size, [&](int64_t i, auto mask) { store(y + i, load(y + i, mask) * factor, mask); });
  }
}

/// dy [rows, size] ← y · (dy − Σ dy·y).
inline void softmaxBackward(const float* y, float* dy, int rows, int size) {
  for (int row = 0; row < rows; row++, y += size, dy += size) {
    Floats products = zeros();
    forEachVector(size, [&](int64_t i, auto mask) {
      products = multiplyAdd(load(y + i, mask), load(dy + i, mask), products);
    });
    const Floats product = broadcast(sum(products));
    forEachVector(size, [&](int64_t i, auto mask) {
      store(dy + i, load(y + i, mask) * (load(dy + i, mask) - product), mask);
    });
  }
}

}  // namespace ISA
}  // namespace descent
