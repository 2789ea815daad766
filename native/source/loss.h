// Losses with their gradients and the count of right answers. N rows, m outputs; the rows' losses go to a float64 sum,
// the gradient is that of the batch's mean. The codes are those of operations.ts.
#pragma once
#include "product.h"
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

struct Judgement {
  double lossSum = 0;
  int64_t right = 0;
};

/// Targets 0 and 1 read as ∓1.
inline Floats signOf(Floats target) {
  return choose(greaterOrEqual(target, every(0.5f)), every(1), every(-1));
}

/// One element's loss, not yet divided by m.
template <int code> inline Floats elementLoss(Floats output, Floats target) {
  const Floats distance = output - target;
  switch (code) {
    case loss::squaredError: return distance * distance * every(0.5f);
    case loss::meanSquaredError: return distance * distance;
    case loss::meanAbsoluteError: return magnitude(distance);
    case loss::huber: {
      const Floats size = magnitude(distance);
      return choose(greater(size, every(1)), size - every(0.5f), size * size * every(0.5f));
    }
    case loss::binaryCrossentropy:
      return subtractProduct(output, target, larger(zeros(), output)) +
             logarithmOfOnePlus(exponential(zeros() - magnitude(output)));
    case loss::hinge: return larger(zeros(), subtractProduct(signOf(target), output, every(1)));
    default: return (keep(greaterOrEqual(output, zeros()), every(1)) - target) * output;
  }
}

/// Its derivative by the output, not yet divided by N·m.
template <int code> inline Floats elementSlope(Floats output, Floats target) {
  const Floats distance = output - target;
  switch (code) {
    case loss::squaredError: return distance;
    case loss::meanSquaredError: return distance + distance;
    case loss::meanAbsoluteError:
      return keep(greater(distance, zeros()), every(1)) - keep(greater(zeros(), distance), every(1));
    case loss::huber: return larger(every(-1), smaller(every(1), distance));
    case loss::binaryCrossentropy: return logistic(output) - target;
    case loss::hinge: {
      const Floats sign = signOf(target);
      return keep(greater(subtractProduct(sign, output, every(1)), zeros()), zeros() - sign);
    }
    default: return keep(greaterOrEqual(output, zeros()), every(1)) - target;
  }
}

template <int code>
inline double lossOver(const float* output, const float* target, float* gradient, int64_t count, float scale) {
  const Floats factor = every(scale);
  double total = 0;
  overVectors(count, [&](int64_t i, auto mask) {
    const Floats o = load(output + i, mask);
    const Floats t = load(target + i, mask);
    total += wideSum(keep(mask, elementLoss<code>(o, t)));
    if (gradient) store(gradient + i, elementSlope<code>(o, t) * factor, mask);
  });
  return total;
}

inline int largestAt(const float* x, int size) {
  int best = 0;
  for (int i = 1; i < size; i++)
    if (x[i] > x[best]) best = i;
  return best;
}

/// Lanes whose answers, outputs from a border on, are not what is true.
inline Mask wrongAnswers(int code, Floats output, Floats target) {
  const Mask yes = greaterOrEqual(output, every(code == accuracy::half ? 0.5f : 0));
  const Mask wanted = greaterOrEqual(target, every(0.5f));
  return either(butNot(yes, wanted), butNot(wanted, yes));
}

inline int64_t rightAnswers(int code, const float* output, const float* target, int rows, int size) {
  int64_t right = 0;
  if (code == accuracy::argmax) {
    for (int row = 0; row < rows; row++)
      right += largestAt(output + int64_t{row} * size, size) == largestAt(target + int64_t{row} * size, size);
  } else if (code != accuracy::none) {
    overVectors(int64_t{rows} * size, [&](int64_t i, auto mask) {
      right += countOf(butNot(mask, wrongAnswers(code, load(output + i, mask), load(target + i, mask))));
    });
  }
  return right;
}

/// Widths up to which rows are turned, so that a vector holds one output of many rows.
constexpr int turnedWidth = 48;

/**
 * Cross-entropy of softmax for narrow rows: Σ t·(ln Σ e^z − z), (softmax(z)·Σt − t)/N and, where asked for, the rows
 * whose first largest output is their first largest target.
 * @param scratch 2 · size · lanes floats.
 */
inline Judgement crossentropyTurned(const float* output, const float* target, float* gradient, int rows, int size,
                                    bool counts, float* scratch) {
  Judgement result;
  float* const turnedTarget = scratch + size * lanes;
  const float share = 1 / static_cast<float>(rows);
  for (int first = 0; first < rows; first += lanes) {
    const int some = least(lanes, rows - first);
    const int64_t start = int64_t{first} * size;
    packTransposed(output + start, size, some, size, scratch, lanes);
    packTransposed(target + start, size, some, size, turnedTarget, lanes);
    Floats best = load(scratch);
    Floats bestTarget = load(turnedTarget);
    Floats at = zeros();
    Floats atTarget = zeros();
    for (int j = 1; j < size; j++) {
      const Floats z = load(scratch + j * lanes);
      const Floats t = load(turnedTarget + j * lanes);
      at = choose(greater(z, best), every(static_cast<float>(j)), at);
      best = larger(best, z);
      atTarget = choose(greater(t, bestTarget), every(static_cast<float>(j)), atTarget);
      bestTarget = larger(bestTarget, t);
    }
    Floats total = zeros();
    Floats mass = zeros();
    Floats product = zeros();
    for (int j = 0; j < size; j++) {
      const Floats z = load(scratch + j * lanes) - best;
      const Floats t = load(turnedTarget + j * lanes);
      const Floats e = exponential(z);
      total = total + e;
      mass = mass + t;
      // A class that is impossible and not the target costs nothing, even at z = −∞.
      product = choose(equal(t, zeros()), product, multiplyAdd(t, z, product));
      store(scratch + j * lanes, e);
    }
    const Mask valid = firstLanes(some);
    result.lossSum += wideSum(keep(valid, mass * logarithm(total) - product));
    if (counts) result.right += static_cast<int64_t>(sum(keep(valid, keep(equal(at, atTarget), every(1)))));
    if (!gradient) continue;
    const Floats factor = mass / total * every(share);
    for (int j = 0; j < size; j++) {
      const Floats t = load(turnedTarget + j * lanes);
      store(scratch + j * lanes, load(scratch + j * lanes) * factor - t * every(share));
    }
    storeTransposed(scratch, size, some, {gradient, size, true}, 0, first, {}, false);
  }
  return result;
}

/// As crossentropyTurned, row by row. @param scratch `size` floats.
inline Judgement crossentropy(const float* output, const float* target, float* gradient, int rows, int size,
                              float* scratch) {
  Judgement result;
  const float share = 1 / static_cast<float>(rows);
  for (int row = 0; row < rows; row++, output += size, target += size) {
    float* to = gradient ? gradient : scratch;
    const float shift = largestOf(output, size);
    const float total = exponentials(output, to, size, shift);
    const float log = std::log(total);
    Floats mass = zeros();
    Floats product = zeros();
    overVectors(size, [&](int64_t i, auto mask) {
      const Floats t = load(target + i, mask);
      const Floats z = load(output + i, mask) - every(shift);
      mass = mass + t;
      product = choose(equal(t, zeros()), product, multiplyAdd(t, z, product));
    });
    const float weight = sum(mass);
    result.lossSum += static_cast<double>(weight * log - sum(product));
    if (!gradient) continue;
    const Floats factor = every(weight / total * share);
    overVectors(size, [&](int64_t i, auto mask) {
      store(gradient + i, load(gradient + i, mask) * factor - load(target + i, mask) * every(share), mask);
    });
    gradient += size;
  }
  return result;
}

/**
 * Writes the gradient [rows, size] where there is one.
 * @param scratch 2 · max(size, turnedWidth · lanes) floats.
 */
inline Judgement judge(int lossCode, int accuracyCode, const float* output, const float* target, float* gradient,
                       int rows, int size, float* scratch) {
  const int64_t count = int64_t{rows} * size;
  const float perRow = 1 / static_cast<float>(rows);
  const float perElement = 1 / static_cast<float>(count);
  Judgement result;
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
      if (size <= turnedWidth)
        return crossentropyTurned(output, target, gradient, rows, size, accuracyCode == accuracy::argmax, scratch);
      result = crossentropy(output, target, gradient, rows, size, scratch);
      break;
    case loss::hinge:
      result.lossSum = lossOver<loss::hinge>(output, target, gradient, count, perElement) / size;
      break;
    default:
      result.lossSum = lossOver<loss::perceptron>(output, target, gradient, count, perRow);
  }
  result.right = rightAnswers(accuracyCode, output, target, rows, size);
  return result;
}

/**
 * As judge, where each row's targets are followed by its weight w; row by row, each counting w / rows or, with `bySum`,
 * w / Σ w, and nothing where Σ w is 0. Right answers count without weights.
 */
inline Judgement judgeWeighted(int lossCode, int accuracyCode, bool bySum, const float* output, const float* target,
                               float* gradient, int rows, int size, float* scratch) {
  const int64_t stride = int64_t{size} + 1;
  double divisor = rows;
  if (bySum) {
    divisor = 0;
    for (int row = 0; row < rows; row++) divisor += static_cast<double>(target[row * stride + size]);
  }
  const double share = divisor == 0 ? 0 : 1 / divisor;
  Judgement result;
  for (int row = 0; row < rows; row++, output += size, target += stride) {
    const double weight = static_cast<double>(target[size]) * share;
    Judgement one;
    if (lossCode == loss::categoricalCrossentropy) {
      // Turned rows pay only where several fill the lanes.
      one = crossentropy(output, target, gradient, 1, size, scratch);
      one.right = rightAnswers(accuracyCode, output, target, 1, size);
    } else {
      one = judge(lossCode, accuracyCode, output, target, gradient, 1, size, scratch);
    }
    result.lossSum += weight * rows * one.lossSum;
    result.right += one.right;
    if (!gradient) continue;
    const Floats factor = every(static_cast<float>(weight));
    overVectors(size, [&](int64_t i, auto mask) { store(gradient + i, load(gradient + i, mask) * factor, mask); });
    gradient += size;
  }
  return result;
}

}  // namespace ISA
}  // namespace descent
