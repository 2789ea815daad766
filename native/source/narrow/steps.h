// Steps of networks in the layout of network.h. Latency dominates a step, so results on the critical path are
// computed first.
#pragma once
#include <cmath>

#include "../curves.h"
#include "../step-state.h"
#include "network.h"

namespace descent {
namespace ISA {

/// Σ over the inputs of weight · x for one vector of units.
[[gnu::always_inline]] inline Floats weighted(const NarrowLayer& layer, int row) {
  const float* const blocks = layer.parameters + row * layer.across * lanes;
  Floats a = zeros();
  Floats b = zeros();
  Floats c = zeros();
  Floats d = zeros();
  // The last block first: it contains the bias, which does not depend on the previous layer.
  for (int block = layer.across - 1; block >= 0; block--) {
    const Floats weights = load(blocks + block * lanes);
    const float* const inputs = layer.x + block * 16;
    a = multiplyAdd(spread<0>(weights), broadcastFour(inputs), a);
    b = multiplyAdd(spread<1>(weights), broadcastFour(inputs + 4), b);
    c = multiplyAdd(spread<2>(weights), broadcastFour(inputs + 8), c);
    d = multiplyAdd(spread<3>(weights), broadcastFour(inputs + 12), d);
  }
  return (a + b) + (c + d);
}

[[gnu::always_inline]] inline void narrowForward(NarrowLayer layer) {
  for (int unit = 0, block = 0; unit < layer.units; unit += fours, block++) {
    Curve curved = curve(layer.activation, weighted(layer, block));
    float* const y = layer.y + block * lanes;
    if (unit + fours > layer.units) {
      const Mask used = firstLanes((layer.units - unit) * 4);
      curved.value = select(used, curved.value, load(y));
      curved.derivative = selectOrZero(used, curved.derivative);
    }
    store(y, curved.value);
    store(layer.derivative + block * lanes, curved.derivative);
  }
}

/// The last layer and the loss. @param trains whether to compute the gradient.
[[gnu::always_inline]] inline LossResult narrowLoss(const NarrowNetwork& network, bool trains) {
  const NarrowLayer layer = network.layers.back();
  const Floats share = broadcast(network.share());
  LossResult result;
  for (int unit = 0, block = 0; unit < layer.units; unit += fours, block++) {
    const Curve curved = curve(layer.activation, weighted(layer, block));
    const Floats target = load(network.target + block * lanes);
    const Mask present = greater(load(network.present + block * lanes), zeros());
    const Curve judged = lossCurve(network.loss, curved.value, target);
    if (trains) store(layer.dz + block * lanes, selectOrZero(present, judged.derivative * share * curved.derivative));
    const Floats losses = selectOrZero(present, judged.value);
    result.lossSum += layer.units == 1 ? wideSumOfFour(losses) : wideSum(losses);
    result.right += network.countCorrect(curved.value, target, present);
  }
  if (isMeanOfElements(network.loss)) result.lossSum /= layer.units;
  return result;
}

/**
 * SGD with a short dependency chain after the gradient: v ← (μv + λθ) + g and θ ← (θ − αμv − αλθ) − αg. Nesterov momentum
 * replaces αμ by αμ² and α by α(1 + μ).
 */
struct SgdStep {
  Floats momentum = zeros();
  Floats decay = zeros();
  Floats ofVelocity = zeros();
  Floats ofParameter = zeros();
  Floats ofGradient = zeros();

  SgdStep() = default;
  SgdStep(const SgdUpdate& sgd, double rate) {
    const double mu = sgd.velocity ? sgd.momentum : 0;
    const double lambda = sgd.weightDecay;
    const double alpha = sgd.nesterov ? rate * (1 + mu) : rate;
    momentum = broadcast(static_cast<float>(mu));
    decay = broadcast(static_cast<float>(lambda));
    ofVelocity = broadcast(static_cast<float>(sgd.nesterov ? rate * mu * mu : rate * mu));
    ofParameter = broadcast(static_cast<float>(alpha * lambda));
    ofGradient = broadcast(static_cast<float>(alpha));
  }

  void operator()(Floats& value, Floats& velocity, Floats gradient) const {
    const Floats kept = subtractProduct(ofVelocity, velocity, subtractProduct(ofParameter, value, value));
    velocity = multiplyAdd(decay, value, momentum * velocity) + gradient;
    value = subtractProduct(ofGradient, gradient, kept);
  }
};

/// Computes dz of the previous layer.
[[gnu::always_inline]] inline void narrowBackward(NarrowLayer layer, NarrowLayer before) {
  for (int input = 0; input < layer.inputs; input += fours) {
    const Floats derivative = load(before.derivative + input * 4);
    const float* blocks = layer.parameters + input / 4 * lanes + input % 4;
    Floats sum = zeros();
    for (int unit = 0; unit < layer.units; unit++) {
      const float* const weights = blocks + unit / fours * layer.across * lanes + unit % fours * 4;
      sum = multiplyAdd(spreadOut(weights) * derivative, broadcastFour(layer.dz + unit * 4), sum);
    }
    store(before.dz + input * 4, sum);
  }
}

/// Computes the layer's gradients and, with a fused `update`, applies `move` to its parameters.
[[gnu::always_inline]] inline void narrowGradients(NarrowLayer layer, const SgdUpdate* update, SgdStep move) {
  for (int column = 0; column < layer.across; column++) {
    const float* const x = layer.x + column * 16;
    const Floats a = broadcastFour(x);
    const Floats b = broadcastFour(x + 4);
    const Floats c = broadcastFour(x + 8);
    const Floats d = broadcastFour(x + 12);
    for (int block = 0; block < layer.down; block++) {
      const Floats dz = load(layer.dz + block * lanes);
      const int at = (block * layer.across + column) * lanes;
      const Floats gradient = sumsOfFours(dz * a, dz * b, dz * c, dz * d);
      store(layer.gradients + at, gradient);
      if (!update) continue;
      Floats value = load(layer.parameters + at);
      Floats velocity = layer.velocity ? load(layer.velocity + at) : zeros();
      move(value, velocity, gradient);
      store(layer.parameters + at, value);
      if (layer.velocity) store(layer.velocity + at, velocity);
    }
  }
}

/// Forward pass and loss.
inline LossResult narrowEvaluate(const NarrowNetwork& network) {
  for (size_t i = 0; i + 1 < network.layers.size(); i++) narrowForward(network.layers[i]);
  return narrowLoss(network, false);
}

/// Steps of narrow networks of any depth.
class NarrowSteps {
 public:
  explicit NarrowSteps(NarrowNetwork& network) : network_(network) {}

  void load(const float* x, const float* y, const int32_t* order, int rows) { narrowLoad(network_, x, y, order, rows); }

  /// @returns whether the step included the update.
  bool step(StepState& state, const Context&) {
    if (network_.fused && state.learningRate != rate_) {
      rate_ = state.learningRate;
      move_ = SgdStep(*network_.fused, rate_);
    }
    const size_t count = network_.layers.size();
    for (size_t i = 0; i + 1 < count; i++) narrowForward(network_.layers[i]);
    state.add(narrowLoss(network_, true));
    for (size_t i = count; i-- > 0;) {
      const NarrowLayer& layer = network_.layers[i];
      // Uses the weights before the update.
      if (i > 0) narrowBackward(layer, network_.layers[i - 1]);
      narrowGradients(layer, network_.fused, move_);
    }
    return network_.fused;
  }

  const std::vector<Operation>& update() const { return network_.update; }
  void finish() const {}
  void evaluate(StepState& state, const Context&) { state.add(narrowEvaluate(network_)); }

 private:
  NarrowNetwork& network_;
  double rate_ = NAN;
  SgdStep move_;
};

}  // namespace ISA
}  // namespace descent
