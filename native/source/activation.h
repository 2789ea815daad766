// Activation functions and their derivatives over contiguous values; codes as in operations/declaration.ts.
#pragma once
#include "context.h"
#include "exponential.h"

namespace descent {
namespace ISA {

namespace activation {
constexpr int linear = 0, step = 1, sigmoid = 2, tanh = 3, relu = 4, leakyRelu = 5, elu = 6, gelu = 7, softplus = 8;
}

template <int code> inline Floats activationValue(Floats x) {
  switch (code) {
    case activation::step: return selectOrZero(greaterOrEqual(x, zeros()), broadcast(1));
    case activation::sigmoid: return logistic(x);
    case activation::tanh: return hyperbolicTangent(x);
    case activation::relu: return maximum(zeros(), x);
    case activation::leakyRelu: return select(greater(zeros(), x), x * broadcast(0.01f), x);
    case activation::elu: return select(greater(zeros(), x), exponential(x) - broadcast(1), x);
    case activation::gelu: return x * normalDistribution(x, bell(x));
    case activation::softplus:
      return maximum(zeros(), x) + logarithmOfOnePlus(exponential(zeros() - absolute(x)));
    default: return x;
  }
}

/// The derivative, from the activation's output; for gelu, from its input.
template <int code> inline Floats activationDerivative(Floats y) {
  switch (code) {
    case activation::linear: return broadcast(1);
    case activation::sigmoid: return y * (broadcast(1) - y);
    case activation::tanh: return broadcast(1) - y * y;
    case activation::relu: return selectOrZero(greater(y, zeros()), broadcast(1));
    case activation::leakyRelu: return select(greater(y, zeros()), broadcast(1), broadcast(0.01f));
    case activation::elu: return select(greater(y, zeros()), broadcast(1), y + broadcast(1));
    case activation::gelu: {
      const Floats density = bell(y);
      return multiplyAdd(y * broadcast(0.39894228f), density, normalDistribution(y, density));
    }
    case activation::softplus: return broadcast(1) - exponential(zeros() - y);
    default: return zeros();
  }
}

template <int code> inline void activateWith(const float* x, float* y, int64_t count) {
  forEachVector(count, [&](int64_t i, auto mask) { store(y + i, activationValue<code>(load(x + i, mask)), mask); });
}

template <int code> inline void activateBackwardWith(const float* source, float* dy, int64_t count) {
  forEachVector(count, [&](int64_t i, auto mask) {
    store(dy + i, load(dy + i, mask) * activationDerivative<code>(load(source + i, mask)), mask);
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
inline void activateBackward(int code, const float* source, float* dy, int64_t count) {
  switch (code) {
    case activation::linear: return;
    case activation::sigmoid: return activateBackwardWith<activation::sigmoid>(source, dy, count);
    case activation::tanh: return activateBackwardWith<activation::tanh>(source, dy, count);
    case activation::relu: return activateBackwardWith<activation::relu>(source, dy, count);
    case activation::leakyRelu: return activateBackwardWith<activation::leakyRelu>(source, dy, count);
    case activation::elu: return activateBackwardWith<activation::elu>(source, dy, count);
    case activation::gelu: return activateBackwardWith<activation::gelu>(source, dy, count);
    case activation::softplus: return activateBackwardWith<activation::softplus>(source, dy, count);
    default: return activateBackwardWith<activation::step>(source, dy, count);
  }
}

}  // namespace ISA
}  // namespace descent
