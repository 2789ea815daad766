// Optimizers, one pass over the range of all parameters. 1/(√v + ε) uses an estimate with a Newton step, because a
// division competes with the square root for the same execution unit.
#pragma once
#include <cmath>

#include "context.h"

namespace descent {
namespace ISA {

/// Minimum parameters per thread.
constexpr int optimizerGrain = 1024;

inline void clipGradients(float* gradients, int64_t count, double limit) {
  double squares = 0;
  forEachVector(count, [&](int64_t i, auto mask) {
    const Floats g = load(gradients + i, mask);
    squares += wideSum(g * g);
  });
  const double norm = std::sqrt(squares);
  if (!(norm > limit)) return;
  const Floats factor = broadcast(static_cast<float>(limit / norm));
  forEachVector(count, [&](int64_t i, auto mask) { store(gradients + i, load(gradients + i, mask) * factor, mask); });
}

/// to = g + weightDecay·θ + l1·sign(θ).
inline void decayWeights(const float* parameters, const float* gradients, float* to, int from, int end, float weightDecay,
                         float l1) {
  const Floats decay = broadcast(weightDecay);
  if (l1 > 0) {
    const Floats pull = broadcast(l1);
    forEachVector(end - from, [&](int64_t offset, auto mask) {
      const int64_t i = from + offset;
      const Floats value = load(parameters + i, mask);
      const Floats away = selectOrZero(greater(value, zeros()), pull) - selectOrZero(greater(zeros(), value), pull);
      store(to + i, multiplyAdd(decay, value, load(gradients + i, mask) + away), mask);
    });
    return;
  }
  forEachVector(end - from, [&](int64_t offset, auto mask) {
    const int64_t i = from + offset;
    store(to + i, multiplyAdd(decay, load(parameters + i, mask), load(gradients + i, mask)), mask);
  });
}

struct Sgd {
  float learningRate;
  float momentum;
  bool nesterov;
  float weightDecay;
};

inline void sgdUpdate(float* parameters, const float* gradients, float* velocity, int from, int end, const Sgd& sgd) {
  const Floats rate = broadcast(sgd.learningRate);
  const Floats decay = broadcast(sgd.weightDecay);
  const Floats momentum = broadcast(sgd.momentum);
  forEachVector(end - from, [&](int64_t offset, auto mask) {
    const int64_t i = from + offset;
    const Floats value = load(parameters + i, mask);
    const Floats gradient = multiplyAdd(decay, value, load(gradients + i, mask));
    Floats direction = gradient;
    if (velocity) {
      const Floats moved = multiplyAdd(momentum, load(velocity + i, mask), gradient);
      store(velocity + i, moved, mask);
      direction = sgd.nesterov ? multiplyAdd(momentum, moved, gradient) : moved;
    }
    store(parameters + i, subtractProduct(rate, direction, value), mask);
  });
}

/// 1/(√v + ε) for v ≥ 0; √v is at least 1e-19, so that the inverse is finite without ε.
inline Floats inverseOfRootPlus(Floats v, Floats epsilon) {
  return inverse(maximum(broadcast(1e-19f), squareRoot(v)) + epsilon);
}

struct Adam {
  double learningRate;
  double beta1;
  double beta2;
  double epsilon;
  bool biasCorrection;
  double weightDecay;
};

/// @param step counted from 1.
inline void adamUpdate(float* parameters, const float* gradients, float* first, float* second, int from, int end,
                       const Adam& adam, double step) {
  const double correction1 = adam.biasCorrection ? 1 - std::pow(adam.beta1, step) : 1;
  const double correction2 = adam.biasCorrection ? 1 - std::pow(adam.beta2, step) : 1;
  // α·(m/c1)/(√(v/c2) + ε) = (α·√c2/c1)·m/(√v + ε·√c2).
  const double root2 = std::sqrt(correction2);
  const Floats rate = broadcast(static_cast<float>(adam.learningRate * root2 / correction1));
  const Floats epsilon = broadcast(static_cast<float>(adam.epsilon * root2));
  const Floats beta1 = broadcast(static_cast<float>(adam.beta1));
  const Floats beta2 = broadcast(static_cast<float>(adam.beta2));
  const Floats new1 = broadcast(static_cast<float>(1 - adam.beta1));
  const Floats new2 = broadcast(static_cast<float>(1 - adam.beta2));
  const Floats kept = broadcast(static_cast<float>(1 - adam.learningRate * adam.weightDecay));
  forEachVector(end - from, [&](int64_t offset, auto mask) {
    const int64_t i = from + offset;
    const Floats gradient = load(gradients + i, mask);
    const Floats mean = multiplyAdd(beta1, load(first + i, mask), new1 * gradient);
    const Floats meanSquare = multiplyAdd(beta2, load(second + i, mask), new2 * gradient * gradient);
    store(first + i, mean, mask);
    store(second + i, meanSquare, mask);
    const Floats change = rate * mean * inverseOfRootPlus(meanSquare, epsilon);
    store(parameters + i, load(parameters + i, mask) * kept - change, mask);
  });
}

/// RMSprop and Adagrad: v ← kept·v + fresh·g²; θ ← θ − α·g/(√v + ε).
inline void scaledUpdate(float* parameters, const float* gradients, float* squares, int from, int end,
                         double learningRate, double keptShare, double freshShare, double epsilon) {
  const Floats rate = broadcast(static_cast<float>(learningRate));
  const Floats kept = broadcast(static_cast<float>(keptShare));
  const Floats fresh = broadcast(static_cast<float>(freshShare));
  const Floats small = broadcast(static_cast<float>(epsilon));
  forEachVector(end - from, [&](int64_t offset, auto mask) {
    const int64_t i = from + offset;
    const Floats gradient = load(gradients + i, mask);
    const Floats square = multiplyAdd(kept, load(squares + i, mask), fresh * gradient * gradient);
    store(squares + i, square, mask);
    const Floats change = rate * gradient * inverseOfRootPlus(square, small);
    store(parameters + i, load(parameters + i, mask) - change, mask);
  });
}

}  // namespace ISA
}  // namespace descent
