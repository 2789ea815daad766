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

template <int code> inline Curve evaluateCurve(Floats z) {
  const Floats y = code == activation::sigmoid ? logisticFast(z) : activationValue<code>(z);
  return {y, activationDerivative<code>(code == activation::gelu ? z : y)};
}

template <int code, int count> inline void evaluateCurves(Floats (&value)[count], Floats (&derivative)[count]) {
#pragma GCC unroll 8
  for (int i = 0; i < count; i++) {
    const Curve one = evaluateCurve<code>(value[i]);
    value[i] = one.value;
    derivative[i] = one.derivative;
  }
}

/// Evaluates several vectors in place.
template <int count> inline void curves(int code, Floats (&value)[count], Floats (&derivative)[count]) {
  switch (code) {
    case activation::linear: return evaluateCurves<activation::linear>(value, derivative);
    case activation::sigmoid: return evaluateCurves<activation::sigmoid>(value, derivative);
    case activation::relu: return evaluateCurves<activation::relu>(value, derivative);
    case activation::tanh: return evaluateCurves<activation::tanh>(value, derivative);
    case activation::leakyRelu: return evaluateCurves<activation::leakyRelu>(value, derivative);
    case activation::elu: return evaluateCurves<activation::elu>(value, derivative);
    case activation::gelu: return evaluateCurves<activation::gelu>(value, derivative);
    case activation::softplus: return evaluateCurves<activation::softplus>(value, derivative);
    default: return evaluateCurves<activation::step>(value, derivative);
  }
}

/// An activation and its derivative.
inline Curve curve(int code, Floats z) {
  switch (code) {
    case activation::linear: return evaluateCurve<activation::linear>(z);
    case activation::sigmoid: return evaluateCurve<activation::sigmoid>(z);
    case activation::relu: return evaluateCurve<activation::relu>(z);
    case activation::tanh: return evaluateCurve<activation::tanh>(z);
    case activation::leakyRelu: return evaluateCurve<activation::leakyRelu>(z);
    case activation::elu: return evaluateCurve<activation::elu>(z);
    case activation::gelu: return evaluateCurve<activation::gelu>(z);
    case activation::softplus: return evaluateCurve<activation::softplus>(z);
    default: return evaluateCurve<activation::step>(z);
  }
}

template <int code> inline Curve elementCurve(Floats output, Floats target) {
  return {elementLoss<code>(output, target), elementGrad<code>(output, target)};
}

/// A loss and its derivative.
inline Curve lossCurve(int code, Floats output, Floats target) {
  switch (code) {
    case loss::squaredError: return elementCurve<loss::squaredError>(output, target);
    case loss::meanSquaredError: return elementCurve<loss::meanSquaredError>(output, target);
    case loss::meanAbsoluteError: return elementCurve<loss::meanAbsoluteError>(output, target);
    case loss::huber: return elementCurve<loss::huber>(output, target);
    case loss::binaryCrossentropy: return elementCurve<loss::binaryCrossentropy>(output, target);
    case loss::hinge: return elementCurve<loss::hinge>(output, target);
    default: return elementCurve<loss::perceptron>(output, target);
  }
}

}  // namespace ISA
}  // namespace descent
