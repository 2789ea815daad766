// Activations and losses with their derivatives, a vector of numbers at a time.
#pragma once
#include "activation.h"
#include "loss.h"

namespace descent {
namespace ISA {

struct Curve {
  Floats value;
  Floats slope;
};

template <int code> inline Curve curveOf(Floats z) {
  const Floats y = code == activation::sigmoid ? logisticSooner(z) : valueOf<code>(z);
  return {y, slopeOf<code>(code == activation::gelu ? z : y)};
}

template <int code, int count> inline void curvesOf(Floats (&value)[count], Floats (&slope)[count]) {
#pragma GCC unroll 8
  for (int i = 0; i < count; i++) {
    const Curve one = curveOf<code>(value[i]);
    value[i] = one.value;
    slope[i] = one.slope;
  }
}

/// Several at once, in place of what goes in the values.
template <int count> inline void curves(int code, Floats (&value)[count], Floats (&slope)[count]) {
  switch (code) {
    case activation::linear: return curvesOf<activation::linear>(value, slope);
    case activation::sigmoid: return curvesOf<activation::sigmoid>(value, slope);
    case activation::relu: return curvesOf<activation::relu>(value, slope);
    case activation::tanh: return curvesOf<activation::tanh>(value, slope);
    case activation::leakyRelu: return curvesOf<activation::leakyRelu>(value, slope);
    case activation::elu: return curvesOf<activation::elu>(value, slope);
    case activation::gelu: return curvesOf<activation::gelu>(value, slope);
    case activation::softplus: return curvesOf<activation::softplus>(value, slope);
    default: return curvesOf<activation::step>(value, slope);
  }
}

/// An activation and its derivative.
inline Curve curve(int code, Floats z) {
  switch (code) {
    case activation::linear: return curveOf<activation::linear>(z);
    case activation::sigmoid: return curveOf<activation::sigmoid>(z);
    case activation::relu: return curveOf<activation::relu>(z);
    case activation::tanh: return curveOf<activation::tanh>(z);
    case activation::leakyRelu: return curveOf<activation::leakyRelu>(z);
    case activation::elu: return curveOf<activation::elu>(z);
    case activation::gelu: return curveOf<activation::gelu>(z);
    case activation::softplus: return curveOf<activation::softplus>(z);
    default: return curveOf<activation::step>(z);
  }
}

template <int code> inline Curve elementCurve(Floats output, Floats target) {
  return {elementLoss<code>(output, target), elementSlope<code>(output, target)};
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
