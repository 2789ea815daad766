// Runtime values and accumulators of a step.
#pragma once
#include "loss.h"
#include "random.h"

namespace descent {
namespace ISA {

/// Runtime values and accumulators.
struct StepState {
  int rows;
  double learningRate;
  /// Number of training steps before this one.
  uint64_t step;
  Key dropout;
  double lossSum;
  double right;

  void add(const LossResult& result) {
    lossSum += result.lossSum;
    right += static_cast<double>(result.right);
  }
};

}  // namespace ISA
}  // namespace descent
