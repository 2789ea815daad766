// Losses, their gradients and the number of correct predictions, for N rows of m outputs. Losses are summed in float64;
// the gradient is that of the batch's mean.
#pragma once
#include "gemm/gemm.h"
#include "operations.h"
#include "softmax.h"

namespace descent {
namespace ISA {

struct LossResult {
  double lossSum = 0;
  int64_t right = 0;
};

/// −1 for the target 0, 1 for the target 1.
inline Floats hingeSign(Floats target) {
  return select(greaterOrEqual(target, broadcast(0.5f)), broadcast(1), broadcast(-1));
}

/// The loss of one element, before division by m. Not for categorical cross-entropy, which is computed over rows.
template <LossFunction function> inline Floats elementLoss(Floats output, Floats target) {
  const Floats difference = output - target;
  switch (function) {
    case LossFunction::squaredError: return difference * difference * broadcast(0.5f);
    case LossFunction::meanSquaredError: return difference * difference;
    case LossFunction::meanAbsoluteError: return absolute(difference);
    case LossFunction::huber: {
      const Floats size = absolute(difference);
      return select(greater(size, broadcast(1)), size - broadcast(0.5f), size * size * broadcast(0.5f));
    }
    case LossFunction::binaryCrossentropy:
      return subtractProduct(output, target, maximum(zeros(), output)) +
             logarithmOfOnePlus(exponential(zeros() - absolute(output)));
    case LossFunction::hinge: return maximum(zeros(), subtractProduct(hingeSign(target), output, broadcast(1)));
    case LossFunction::perceptron:
      return (selectOrZero(greaterOrEqual(output, zeros()), broadcast(1)) - target) * output;
    case LossFunction::categoricalCrossentropy: break;
  }
  __builtin_unreachable();
}

/// Its derivative with respect to the output, before division by N·m.
template <LossFunction function> inline Floats elementGrad(Floats output, Floats target) {
  const Floats difference = output - target;
  switch (function) {
    case LossFunction::squaredError: return difference;
    case LossFunction::meanSquaredError: return difference + difference;
    case LossFunction::meanAbsoluteError:
      return selectOrZero(greater(difference, zeros()), broadcast(1)) -
             selectOrZero(greater(zeros(), difference), broadcast(1));
    case LossFunction::huber: return maximum(broadcast(-1), minimum(broadcast(1), difference));
    case LossFunction::binaryCrossentropy: return logistic(output) - target;
    case LossFunction::hinge: {
      const Floats sign = hingeSign(target);
      return selectOrZero(greater(subtractProduct(sign, output, broadcast(1)), zeros()), zeros() - sign);
    }
    case LossFunction::perceptron: return selectOrZero(greaterOrEqual(output, zeros()), broadcast(1)) - target;
    case LossFunction::categoricalCrossentropy: break;
  }
  __builtin_unreachable();
}

/// Whether the batch's loss is the mean over all elements; otherwise it is a mean over rows.
constexpr bool isMeanOfElements(LossFunction function) {
  switch (function) {
    case LossFunction::meanSquaredError:
    case LossFunction::meanAbsoluteError:
    case LossFunction::huber:
    case LossFunction::binaryCrossentropy:
    case LossFunction::hinge: return true;
    case LossFunction::squaredError:
    case LossFunction::categoricalCrossentropy:
    case LossFunction::perceptron: return false;
  }
  __builtin_unreachable();
}

template <LossFunction function>
inline double lossOver(const float* output, const float* target, float* gradient, int64_t count, float scale) {
  const Floats factor = broadcast(scale);
  double total = 0;
  forEachVector(count, [&](int64_t i, auto mask) {
    const Floats o = load(output + i, mask);
    const Floats t = load(target + i, mask);
    total += wideSum(selectOrZero(mask, elementLoss<function>(o, t)));
    if (gradient) store(gradient + i, elementGrad<function>(o, t) * factor, mask);
  });
  return total;
}

inline int indexOfLargest(const float* x, int size) {
  int best = 0;
  for (int i = 1; i < size; i++)
    if (x[i] > x[best]) best = i;
  return best;
}

/// Lanes with wrong predictions.
inline Mask wrongLanes(Accuracy accuracy, Floats output, Floats target) {
  const Mask yes = greaterOrEqual(output, broadcast(accuracy == Accuracy::half ? 0.5f : 0));
  const Mask expected = greaterOrEqual(target, broadcast(0.5f));
  return orMask(andNot(yes, expected), andNot(expected, yes));
}

inline int64_t countCorrect(Accuracy accuracy, const float* output, const float* target, int rows, int size) {
  int64_t right = 0;
  if (accuracy == Accuracy::argmax) {
    for (int row = 0; row < rows; row++)
      right += indexOfLargest(output + int64_t{row} * size, size) == indexOfLargest(target + int64_t{row} * size, size);
  } else if (accuracy != Accuracy::none) {
    forEachVector(int64_t{rows} * size, [&](int64_t i, auto mask) {
      right += countOf(andNot(mask, wrongLanes(accuracy, load(output + i, mask), load(target + i, mask))));
    });
  }
  return right;
}

/// Rows up to this width are transposed, so that a vector contains one output of many rows.
constexpr int transposedWidth = 48;

/**
 * Softmax cross-entropy for narrow rows: the loss Σ t·(ln Σ e^z − z), the gradient (softmax(z)·Σt − t)/N and, if
 * `counts`, the number of rows whose first largest output is their first largest target.
 * @param scratch 2 · size · lanes floats.
 */
inline LossResult crossentropyTransposed(const float* output, const float* target, float* gradient, int rows, int size,
                                         bool counts, float* scratch) {
  LossResult result;
  float* const transposedTarget = scratch + size * lanes;
  const float share = 1 / static_cast<float>(rows);
  for (int first = 0; first < rows; first += lanes) {
    const int count = min(lanes, rows - first);
    const int64_t start = int64_t{first} * size;
    packTransposed(output + start, size, count, size, scratch, lanes);
    packTransposed(target + start, size, count, size, transposedTarget, lanes);
    Floats best = load(scratch);
    Floats bestTarget = load(transposedTarget);
    Floats at = zeros();
    Floats atTarget = zeros();
    for (int j = 1; j < size; j++) {
      const Floats z = load(scratch + j * lanes);
      const Floats t = load(transposedTarget + j * lanes);
      at = select(greater(z, best), broadcast(static_cast<float>(j)), at);
      best = maximum(best, z);
      atTarget = select(greater(t, bestTarget), broadcast(static_cast<float>(j)), atTarget);
      bestTarget = maximum(bestTarget, t);
    }
    Floats total = zeros();
    Floats mass = zeros();
    Floats product = zeros();
    for (int j = 0; j < size; j++) {
      const Floats z = load(scratch + j * lanes) - best;
      const Floats t = load(transposedTarget + j * lanes);
      const Floats e = exponential(z);
      total = total + e;
      mass = mass + t;
      // A target of 0 contributes nothing, even at z = −∞.
      product = select(equal(t, zeros()), product, multiplyAdd(t, z, product));
      store(scratch + j * lanes, e);
    }
    const Mask valid = firstLanes(count);
    result.lossSum += wideSum(selectOrZero(valid, mass * logarithm(total) - product));
    if (counts) {
      const Floats correct = selectOrZero(equal(at, atTarget), broadcast(1));
      result.right += static_cast<int64_t>(sum(selectOrZero(valid, correct)));
    }
    if (!gradient) continue;
    const Floats factor = mass / total * broadcast(share);
    for (int j = 0; j < size; j++) {
      const Floats t = load(transposedTarget + j * lanes);
      store(scratch + j * lanes, load(scratch + j * lanes) * factor - t * broadcast(share));
    }
    storeTransposed(scratch, size, count, {gradient, size, true}, 0, first, {}, false);
  }
  return result;
}

/// crossentropyTransposed, row by row. @param scratch `size` floats.
inline LossResult crossentropy(const float* output, const float* target, float* gradient, int rows, int size,
                               float* scratch) {
  LossResult result;
  const float share = 1 / static_cast<float>(rows);
  for (int row = 0; row < rows; row++, output += size, target += size) {
    float* to = gradient ? gradient : scratch;
    const float shift = largestValue(output, size);
    const float total = exponentials(output, to, size, shift);
    const float log = std::log(total);
    Floats mass = zeros();
    Floats product = zeros();
    forEachVector(size, [&](int64_t i, auto mask) {
      const Floats t = load(target + i, mask);
      const Floats z = load(output + i, mask) - broadcast(shift);
      mass = mass + t;
      product = select(equal(t, zeros()), product, multiplyAdd(t, z, product));
    });
    const float weight = sum(mass);
    result.lossSum += static_cast<double>(weight * log - sum(product));
    if (!gradient) continue;
    const Floats factor = broadcast(weight / total * share);
    forEachVector(size, [&](int64_t i, auto mask) {
      store(gradient + i, load(gradient + i, mask) * factor - load(target + i, mask) * broadcast(share), mask);
    });
    gradient += size;
  }
  return result;
}

/**
 * Computes the loss and the number of correct predictions, and writes the gradient [rows, size] if it is not null.
 * @param scratch 2 · max(size, transposedWidth · lanes) floats.
 */
inline LossResult computeLoss(LossFunction function, Accuracy accuracy, const float* output, const float* target,
                              float* gradient, int rows, int size, float* scratch) {
  const bool isCrossentropy = function == LossFunction::categoricalCrossentropy;
  if (isCrossentropy && size <= transposedWidth)
    return crossentropyTransposed(output, target, gradient, rows, size, accuracy == Accuracy::argmax, scratch);
  LossResult result;
  if (isCrossentropy) {
    result = crossentropy(output, target, gradient, rows, size, scratch);
  } else {
    const int64_t count = int64_t{rows} * size;
    const bool ofElements = isMeanOfElements(function);
    const float share = 1 / static_cast<float>(ofElements ? count : rows);
    withConstant(function, [&](auto constant) {
      result.lossSum = lossOver<decltype(constant)::value>(output, target, gradient, count, share);
    });
    if (ofElements) result.lossSum /= size;
  }
  result.right = countCorrect(accuracy, output, target, rows, size);
  return result;
}

/**
 * computeLoss with row weights w, which follow the targets of each row. A row counts w / rows or w / Σ w;
 * nothing when Σ w is 0. Correct predictions are not weighted.
 */
inline LossResult computeWeightedLoss(LossFunction function, Accuracy accuracy, Weighting weighting, const float* output,
                                      const float* target, float* gradient, int rows, int size, float* scratch) {
  const int64_t stride = int64_t{size} + 1;
  double divisor = rows;
  if (weighting == Weighting::sum) {
    divisor = 0;
    for (int row = 0; row < rows; row++) divisor += static_cast<double>(target[row * stride + size]);
  }
  const double share = divisor == 0 ? 0 : 1 / divisor;
  LossResult result;
  for (int row = 0; row < rows; row++, output += size, target += stride) {
    const double weight = static_cast<double>(target[size]) * share;
    LossResult one;
    if (function == LossFunction::categoricalCrossentropy) {
      // Transposing pays off only for several rows.
      one = crossentropy(output, target, gradient, 1, size, scratch);
      one.right = countCorrect(accuracy, output, target, 1, size);
    } else {
      one = computeLoss(function, accuracy, output, target, gradient, 1, size, scratch);
    }
    result.lossSum += weight * rows * one.lossSum;
    result.right += one.right;
    if (!gradient) continue;
    const Floats factor = broadcast(static_cast<float>(weight));
    forEachVector(size, [&](int64_t i, auto mask) { store(gradient + i, load(gradient + i, mask) * factor, mask); });
    gradient += size;
  }
  return result;
}

}  // namespace ISA
}  // namespace descent
