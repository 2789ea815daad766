// Activation functions and their derivatives over contiguous numbers; the codes are those of operations.ts.
#pragma once
#include "context.h"
#include "exponential.h"

namespace descent {
namespace ISA {

namespace activation {
constexpr int linear = 0, step = 1, sigmoid = 2, tanh = 3, relu = 4, leakyRelu = 5, elu = 6, gelu = 7, softplus = 8;
}

template <int code> inline Floats valueOf(Floats x) {
  switch (code) {
    case activation::step: return keep(greaterOrEqual(x, zeros()), every(1));
    case activation::sigmoid: return logistic(x);
    case activation::tanh: return hyperbolicTangent(x);
    case activation::relu: return larger(zeros(), x);
    case activation::leakyRelu: return choose(greater(zeros(), x), x * every(0.01f), x);
    case activation::elu: return choose(greater(zeros(), x), exponential(x) - every(1), x);
    case activation::gelu: return x * normalDistribution(x, bell(x));
    case activation::softplus:
      return larger(zeros(), x) + logarithmOfOnePlus(exponential(zeros() - magnitude(x)));
    default: return x;
  }
}

/// The derivative from the activation's output; for gelu from its input.
template <int code> inline Floats slopeOf(Floats y) {
  switch (code) {
    case activation::linear: return every(1);
    case activation::sigmoid: return y * (every(1) - y);
    case activation::tanh: return every(1) - y * y;
    case activation::relu: return keep(greater(y, zeros()), every(1));
    case activation::leakyRelu: return choose(greater(y, zeros()), every(1), every(0.01f));
    case activation::elu: return choose(greater(y, zeros()), every(1), y + every(1));
    case activation::gelu: {
      const Floats density = bell(y);
      return multiplyAdd(y * every(0.39894228f), density, normalDistribution(y, density));
    }
    case activation::softplus: return every(1) - exponential(zeros() - y);
    default: return zeros();
  }
}

template <int code> inline void activateWith(const float* x, float* y, int64_t count) {
  overVectors(count, [&](int64_t i, auto mask) { store(y + i, valueOf<code>(load(x + i, mask)), mask); });
}

template <int code> inline void activateBackWith(const float* source, float* dy, int64_t count) {
  overVectors(count, [&](int64_t i, auto mask) {
    store(dy + i, load(dy + i, mask) * slopeOf<code>(load(source + i, mask)), mask);
  });
}

/// y [count] = activation(x); y may be x.
inline void activate(int code, const float* x, float* y, int64_t count) {
  switch (code) {
    case activation::step: return activateWith<activation::step>(x, y, count);
    case activation::sigmoid: return activateWith<activation::sigmoid>(x, y, count);
    case activation::tanh: return activateWith<activation::tanh>(x, y, count);
    case activation::relu: return activateWith<activation::relu>(x, y, count);
    case activation::leakyRelu: return activateWith<activation::leakyRelu>(x, y, count);
    case activation::elu: return activateWith<activation::elu>(x, y, count);
    case activation::gelu: return activateWith<activation::gelu>(x, y, count);
    case activation::softplus: return activateWith<activation::softplus>(x, y, count);
    default:
      if (x != y) activateWith<activation::linear>(x, y, count);
  }
}

/// dy [count] ← dy · activation′(source).
inline void activateBack(int code, const float* source, float* dy, int64_t count) {
  switch (code) {
    case activation::linear: return;
    case activation::sigmoid: return activateBackWith<activation::sigmoid>(source, dy, count);
    case activation::tanh: return activateBackWith<activation::tanh>(source, dy, count);
    case activation::relu: return activateBackWith<activation::relu>(source, dy, count);
    case activation::leakyRelu: return activateBackWith<activation::leakyRelu>(source, dy, count);
    case activation::elu: return activateBackWith<activation::elu>(source, dy, count);
    case activation::gelu: return activateBackWith<activation::gelu>(source, dy, count);
    case activation::softplus: return activateBackWith<activation::softplus>(source, dy, count);
    default: return activateBackWith<activation::step>(source, dy, count);
  }
}

}  // namespace ISA
}  // namespace descent
