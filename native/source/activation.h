// Activation functions and their derivatives over contiguous values.
#pragma once
#include "context.h"
#include "exponential.h"
#include "operations.h"

namespace descent {
namespace ISA {

template <Activation activation> inline Floats activationValue(Floats x) {
  switch (activation) {
    case Activation::linear: return x;
    case Activation::step: return selectOrZero(greaterOrEqual(x, zeros()), broadcast(1));
    case Activation::sigmoid: return logistic(x);
    case Activation::tanh: return hyperbolicTangent(x);
    case Activation::relu: return maximum(zeros(), x);
    case Activation::leakyRelu: return select(greater(zeros(), x), x * broadcast(0.01f), x);
    case Activation::elu: return select(greater(zeros(), x), exponential(x) - broadcast(1), x);
    case Activation::gelu: return x * normalDistribution(x, bell(x));
    case Activation::softplus:
      return maximum(zeros(), x) + logarithmOfOnePlus(exponential(zeros() - absolute(x)));
  }
  __builtin_unreachable();
}

/// The derivative, from the output, or from the input if `derivesFromInput`.
template <Activation activation> inline Floats activationDerivative(Floats y) {
  switch (activation) {
    case Activation::linear: return broadcast(1);
    case Activation::step: return zeros();
    case Activation::sigmoid: return y * (broadcast(1) - y);
    case Activation::tanh: return broadcast(1) - y * y;
    case Activation::relu: return selectOrZero(greater(y, zeros()), broadcast(1));
    case Activation::leakyRelu: return select(greater(y, zeros()), broadcast(1), broadcast(0.01f));
    case Activation::elu: return select(greater(y, zeros()), broadcast(1), y + broadcast(1));
    case Activation::gelu: {
      const Floats density = bell(y);
      return multiplyAdd(y * broadcast(0.39894228f), density, normalDistribution(y, density));
    }
    case Activation::softplus: return broadcast(1) - exponential(zeros() - y);
  }
  __builtin_unreachable();
}

template <Activation activation> inline void activateWith(const float* x, float* y, int64_t count) {
  forEachVector(count, [&](int64_t i, auto mask) { store(y + i, activationValue<activation>(load(x + i, mask)), mask); });
}

template <Activation activation> inline void activateBackwardWith(const float* source, float* dy, int64_t count) {
  forEachVector(count, [&](int64_t i, auto mask) {
    store(dy + i, load(dy + i, mask) * activationDerivative<activation>(load(source + i, mask)), mask);
  });
}

/// y [count] = activation(x); y may be x.
inline void activate(Activation activation, const float* x, float* y, int64_t count) {
  if (activation == Activation::linear && x == y) return;
  withConstant(activation, [&](auto constant) { activateWith<decltype(constant)::value>(x, y, count); });
}

/// dy [count] ← dy · activation′(source).
inline void activateBackward(Activation activation, const float* source, float* dy, int64_t count) {
  if (activation == Activation::linear) return;
  withConstant(activation, [&](auto constant) { activateBackwardWith<decltype(constant)::value>(source, dy, count); });
}

}  // namespace ISA
}  // namespace descent
