// Activations and losses with their derivatives, one vector at a time.
#pragma once
#include "activation.h"
#include "loss.h"

namespace descent {
namespace ISA {

struct Curve {
  Floats value;
  Floats derivative;
};

template <Activation activation> inline Curve evaluateCurve(Floats z) {
  const Floats y = activation == Activation::sigmoid ? logisticFast(z) : activationValue<activation>(z);
  return {y, activationDerivative<activation>(derivesFromInput(activation) ? z : y)};
}

/// Evaluates several vectors in place.
template <int count> inline void curves(Activation activation, Floats (&value)[count], Floats (&derivative)[count]) {
  withConstant(activation, [&](auto constant) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int i = 0; i < count; i++) {
      const Curve one = evaluateCurve<decltype(constant)::value>(value[i]);
      value[i] = one.value;
      derivative[i] = one.derivative;
    }
  });
}

/// An activation and its derivative.
[[gnu::always_inline]] inline Curve curve(Activation activation, Floats z) {
  return withConstant(activation, [&](auto constant) __attribute__((always_inline)) {
    return evaluateCurve<decltype(constant)::value>(z);
  });
}

/// A loss and its derivative; not for categorical cross-entropy.
[[gnu::always_inline]] inline Curve lossCurve(LossFunction function, Floats output, Floats target) {
  return withConstant(function, [&](auto constant) __attribute__((always_inline)) {
    constexpr LossFunction known = decltype(constant)::value;
    return Curve{elementLoss<known>(output, target), elementGrad<known>(output, target)};
  });
}

}  // namespace ISA
}  // namespace descent
