// What a step is told and what it adds to.
#pragma once
#include "loss.h"
#include "random.h"

namespace descent {
namespace ISA {

/// The values of the moment.
struct Moment {
  int rows;
  double learningRate;
  /// The training's steps before this one.
  uint64_t step;
  Key dropout;
  double lossSum;
  double right;

  void add(const Judgement& judgement) {
    lossSum += judgement.lossSum;
    right += static_cast<double>(judgement.right);
  }
};

}  // namespace ISA
}  // namespace descent
