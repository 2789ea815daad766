// Losses, their gradients and the number of correct predictions, for N rows of m outputs. Losses are summed in float64;
// the gradient is that of the batch's mean. Codes as in operations/declaration.ts.
#pragma once
#include "gemm.h"
#include "softmax.h"

namespace descent {
namespace ISA {

namespace loss {
constexpr int squaredError = 0, meanSquaredError = 1, meanAbsoluteError = 2, huber = 3, binaryCrossentropy = 4,
              categoricalCrossentropy = 5, hinge = 6, perceptron = 7;
}
namespace accuracy {
constexpr int none = 0, argmax = 1, positive = 2, half = 3;
}

struct LossResult {
  double lossSum = 0;
  int64_t right = 0;
};

/// −1 for the target 0, 1 for the target 1.
inline Floats hingeSign(Floats target) {
  return select(greaterOrEqual(target, broadcast(0.5f)), broadcast(1), broadcast(-1));
}

/// The loss of one element, before division by m.
template <int code> inline Floats elementLoss(Floats output, Floats target) {
  const Floats difference = output - target;
  switch (code) {
    case loss::squaredError: return difference * difference * broadcast(0.5f);
    case loss::meanSquaredError: return difference * difference;
    case loss::meanAbsoluteError: return absolute(difference);
    case loss::huber: {
      const Floats size = absolute(difference);
      return select(greater(size, broadcast(1)), size - broadcast(0.5f), size * size * broadcast(0.5f));
    }
    case loss::binaryCrossentropy:
      return subtractProduct(output, target, maximum(zeros(), output)) +
             logarithmOfOnePlus(exponential(zeros() - absolute(output)));
    case loss::hinge: return maximum(zeros(), subtractProduct(hingeSign(target), output, broadcast(1)));
    default: return (selectOrZero(greaterOrEqual(output, zeros()), broadcast(1)) - target) * output;
  }
}

/// Its derivative with respect to the output, before division by N·m.
template <int code> inline Floats elementGrad(Floats output, Floats target) {
  const Floats difference = output - target;
  switch (code) {
    case loss::squaredError: return difference;
    case loss::meanSquaredError: return difference + difference;
    case loss::meanAbsoluteError:
      return selectOrZero(greater(difference, zeros()), broadcast(1)) -
             selectOrZero(greater(zeros(), difference), broadcast(1));
    case loss::huber: return maximum(broadcast(-1), minimum(broadcast(1), difference));
    case loss::binaryCrossentropy: return logistic(output) - target;
    case loss::hinge: {
      const Floats sign = hingeSign(target);
      return selectOrZero(greater(subtractProduct(sign, output, broadcast(1)), zeros()), zeros() - sign);
    }
    default: return selectOrZero(greaterOrEqual(output, zeros()), broadcast(1)) - target;
  }
}

template <int code>
inline double lossOver(const float* output, const float* target, float* gradient, int64_t count, float scale) {
  const Floats factor = broadcast(scale);
  double total = 0;
  forEachVector(count, [&](int64_t i, auto mask) {
    const Floats o = load(output + i, mask);
    const Floats t = load(target + i, mask);
    total += wideSum(selectOrZero(mask, elementLoss<code>(o, t)));
    if (gradient) store(gradient + i, elementGrad<code>(o, t) * factor, mask);
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
inline Mask wrongLanes(int code, Floats output, Floats target) {
  const Mask yes = greaterOrEqual(output, broadcast(code == accuracy::half ? 0.5f : 0));
  const Mask expected = greaterOrEqual(target, broadcast(0.5f));
  return orMask(andNot(yes, expected), andNot(expected, yes));
}

inline int64_t countCorrect(int code, const float* output, const float* target, int rows, int size) {
  int64_t right = 0;
  if (code == accuracy::argmax) {
    for (int row = 0; row < rows; row++)
      right += indexOfLargest(output + int64_t{row} * size, size) == indexOfLargest(target + int64_t{row} * size, size);
  } else if (code != accuracy::none) {
    forEachVector(int64_t{rows} * size, [&](int64_t i, auto mask) {
      right += countOf(andNot(mask, wrongLanes(code, load(output + i, mask), load(target + i, mask))));
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
inline LossResult computeLoss(int lossCode, int accuracyCode, const float* output, const float* target, float* gradient,
                              int rows, int size, float* scratch) {
  const int64_t count = int64_t{rows} * size;
  const float perRow = 1 / static_cast<float>(rows);
  const float perElement = 1 / static_cast<float>(count);
  LossResult result;
  switch (lossCode) {
    case loss::squaredError:
      result.lossSum = lossOver<loss::squaredError>(output, target, gradient, count, perRow);
      break;
    case loss::meanSquaredError:
      result.lossSum = lossOver<loss::meanSquaredError>(output, target, gradient, count, perElement) / size;
      break;
    case loss::meanAbsoluteError:
      result.lossSum = lossOver<loss::meanAbsoluteError>(output, target, gradient, count, perElement) / size;
      break;
    case loss::huber:
      result.lossSum = lossOver<loss::huber>(output, target, gradient, count, perElement) / size;
      break;
    case loss::binaryCrossentropy:
      result.lossSum = lossOver<loss::binaryCrossentropy>(output, target, gradient, count, perElement) / size;
      break;
    case loss::categoricalCrossentropy:
      if (size <= transposedWidth)
        return crossentropyTransposed(output, target, gradient, rows, size, accuracyCode == accuracy::argmax, scratch);
      result = crossentropy(output, target, gradient, rows, size, scratch);
      break;
    case loss::hinge:
      result.lossSum = lossOver<loss::hinge>(output, target, gradient, count, perElement) / size;
      break;
    default:
      result.lossSum = lossOver<loss::perceptron>(output, target, gradient, count, perRow);
  }
  result.right = countCorrect(accuracyCode, output, target, rows, size);
  return result;
}

/**
 * computeLoss with row weights w, which follow the targets of each row. A row counts w / rows or, with `bySum`, w / Σ w;
 * nothing when Σ w is 0. Correct predictions are not weighted.
 */
inline LossResult computeWeightedLoss(int lossCode, int accuracyCode, bool bySum, const float* output, const float* target,
                                      float* gradient, int rows, int size, float* scratch) {
  const int64_t stride = int64_t{size} + 1;
  double divisor = rows;
  if (bySum) {
    divisor = 0;
    for (int row = 0; row < rows; row++) divisor += static_cast<double>(target[row * stride + size]);
  }
  const double share = divisor == 0 ? 0 : 1 / divisor;
  LossResult result;
  for (int row = 0; row < rows; row++, output += size, target += stride) {
    const double weight = static_cast<double>(target[size]) * share;
    LossResult one;
    if (lossCode == loss::categoricalCrossentropy) {
      // Transposing pays off only for several rows.
      one = crossentropy(output, target, gradient, 1, size, scratch);
      one.right = countCorrect(accuracyCode, output, target, 1, size);
    } else {
      one = computeLoss(lossCode, accuracyCode, output, target, gradient, 1, size, scratch);
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
