// Runs single operations and lists of operations.
#pragma once
#include <vector>

#include "dense.h"
#include "fusion/sequence.h"
#include "locally-connected.h"
#include "normalization.h"
#include "optimizers.h"
#include "step-state.h"

namespace descent {
namespace ISA {

template <typename Sizes> Local local(const Sizes& o) {
  return {o.channels, o.height,  o.width,        o.filters,    o.kernelHeight, o.kernelWidth,
          o.strideY,  o.strideX, o.outputHeight, o.outputWidth};
}

/// Floats of scratch beyond gemmScratch of an operation that is not row-wise.
struct WholeBatchMemory {
  int capacity;

  int64_t operator()(const LocallyConnectedForward& o) const { return localScratch(local(o), capacity); }
  int64_t operator()(const LocallyConnectedBackwardWeights& o) const { return localScratch(local(o), capacity); }
  int64_t operator()(const LocallyConnectedBackwardInput& o) const { return localScratch(local(o), capacity); }
  int64_t operator()(const Loss& o) const { return lossScratch(o.outputs); }
  int64_t operator()(const WeightedLoss& o) const { return lossScratch(o.outputs); }
  template <typename Other> int64_t operator()(const Other&) const { return 0; }

  static int64_t lossScratch(int64_t outputs) {
    return 2 * max(outputs, int64_t{transposedWidth} * lanes) + 2 * lanes;
  }
};

inline int64_t operationScratch(const Operation& o, int capacity) {
  return gemmScratch + visit(o, WholeBatchMemory{capacity});
}

/// Runs the operations that work on the whole batch.
struct WholeBatch {
  StepState& state;
  const Context& context;

  void operator()(const DenseForward& o) const {
    denseForward(o.x, o.weight, o.bias, o.y, o.z, state.rows, o.inputs, o.units, o.activation, context);
  }
  void operator()(const DenseBackwardWeights& o) const {
    denseBackwardWeights(o.x, o.dz, o.dWeight, o.dBias, state.rows, o.inputs, o.units, context);
  }
  void operator()(const DenseBackwardInput& o) const {
    denseBackwardInput(o.dz, o.weight, o.dx, state.rows, o.inputs, o.units, context);
  }
  void operator()(const LocallyConnectedForward& o) const {
    localForward(o.x, o.weight, o.bias, o.y, o.z, local(o), state.rows, o.activation, context);
  }
  void operator()(const LocallyConnectedBackwardWeights& o) const {
    localBackwardWeights(o.x, o.dz, o.dWeight, o.dBias, local(o), state.rows, context);
  }
  void operator()(const LocallyConnectedBackwardInput& o) const {
    localBackwardInput(o.dz, o.weight, o.dx, local(o), state.rows, context);
  }
  void operator()(const BatchNormalizationForward& o) const {
    const Normalization normalization{o.gamma,       o.beta,            o.mean,     o.inverse,
                                      o.runningMean, o.runningVariance, o.momentum, o.epsilon};
    normalizationForward(o.x, o.y, {state.rows, o.channels, o.positions}, normalization);
  }
  void operator()(const BatchNormalizationInference& o) const {
    normalizationInference(o.x, o.y, {state.rows, o.channels, o.positions}, o.gamma, o.beta, o.runningMean,
                           o.runningVariance, o.epsilon);
  }
  void operator()(const BatchNormalizationBackward& o) const {
    normalizationBackward(o.x, o.gamma, o.mean, o.inverse, o.dy, o.dGamma, o.dBeta, o.dx,
                          {state.rows, o.channels, o.positions});
  }
  void operator()(const DropoutForward& o) const {
    const Key key{state.dropout.low, state.dropout.high | (static_cast<uint32_t>(o.layer) << 24)};
    elementwise(int64_t{state.rows} * o.size, 20, [&](int from, int end) {
      dropoutForward(o.x, o.mask, o.y, from, end, o.rate, key, static_cast<uint32_t>(state.step));
    });
  }
  void operator()(const DropoutBackward& o) const {
    elementwise(int64_t{state.rows} * o.size, 2,
                [&](int from, int end) { dropoutBackward(o.mask + from, o.dy + from, end - from); });
  }
  void operator()(const Loss& o) const {
    state.add(computeLoss(o.loss, o.accuracy, o.output, o.target, o.gradient, state.rows, o.outputs,
                          context.scratch + gemmScratch));
  }
  void operator()(const WeightedLoss& o) const {
    state.add(computeWeightedLoss(o.loss, o.accuracy, o.weighting, o.output, o.target, o.gradient, state.rows, o.outputs,
                                  context.scratch + gemmScratch));
  }
  void operator()(const ClipGradients& o) const { clipGradients(o.gradients, o.count, o.limit); }
  void operator()(const DecayWeights& o) const {
    const float decay = static_cast<float>(o.weightDecay);
    const float l1 = static_cast<float>(o.l1);
    elementwise(o.count, 4,
                [&](int from, int end) { decayWeights(o.parameters, o.gradients, o.to, from, end, decay, l1); });
  }
  void operator()(const SgdUpdate& o) const {
    const Sgd sgd{static_cast<float>(state.learningRate), static_cast<float>(o.momentum), o.nesterov,
                  static_cast<float>(o.weightDecay)};
    elementwise(o.count, 16,
                [&](int from, int end) { sgdUpdate(o.parameters, o.gradients, o.velocity, from, end, sgd); });
  }
  void operator()(const AdamUpdate& o) const {
    const Adam adam{state.learningRate, o.beta1, o.beta2, o.epsilon, o.biasCorrection, o.weightDecay};
    const double step = static_cast<double>(state.step + 1);
    elementwise(o.count, 30, [&](int from, int end) {
      adamUpdate(o.parameters, o.gradients, o.firstMoment, o.secondMoment, from, end, adam, step);
    });
  }
  void operator()(const RmspropUpdate& o) const {
    elementwise(o.count, 25, [&](int from, int end) {
      scaledUpdate(o.parameters, o.gradients, o.meanSquare, from, end, state.learningRate, o.rho, 1 - o.rho, o.epsilon);
    });
  }
  void operator()(const AdagradUpdate& o) const {
    elementwise(o.count, 25, [&](int from, int end) {
      scaledUpdate(o.parameters, o.gradients, o.sumOfSquares, from, end, state.learningRate, 1, 1, o.epsilon);
    });
  }

 private:
  /// @param cost floating-point operations per element.
  template <typename Work> void elementwise(int64_t count, double cost, Work work) const {
    parallelFor(context, cost * static_cast<double>(count), static_cast<int>(count), optimizerGrain,
                [&](int from, int end, float*) { work(from, end); });
  }
};

/// Runs an operation that is not row-wise.
inline void runOperation(const Operation& o, StepState& state, const Context& context) {
  const WholeBatch batch{state, context};
  visit(o, [&](const auto& known) {
    if constexpr (!isRowWiseStruct<std::decay_t<decltype(known)>>) batch(known);
  });
}

inline void runOperations(const std::vector<Operation>& list, StepState& state, int64_t capacity, const Context& context) {
  const Operation* const end = list.data() + list.size();
  for (const Operation* o = list.data(); o != end;) {
    if (isRowWise(*o)) o = runRowWise(o, end, state.rows, capacity, context);
    else runOperation(*o++, state, context);
  }
}

}  // namespace ISA
}  // namespace descent
