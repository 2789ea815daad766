// Steps of networks as narrow-network.h has them. What the next operation waits for comes first: the step's time is that
// of one result after another.
#pragma once
#include <cmath>

#include "moment.h"
#include "narrow-curves.h"
#include "narrow-network.h"

namespace descent {
namespace ISA {

/// Σ over the inputs of weight · x for the row-th vector of units.
[[gnu::always_inline]] inline Floats weighted(const NarrowLayer& layer, int row) {
  const float* const blocks = layer.parameters + row * layer.across * lanes;
  Floats a = zeros();
  Floats b = zeros();
  Floats c = zeros();
  Floats d = zeros();
  // The last block first: its bias waits for nothing, and the sum then for nothing after the layer before.
  for (int block = layer.across - 1; block >= 0; block--) {
    const Floats weights = load(blocks + block * lanes);
    const float* const inputs = layer.x + block * 16;
    a = multiplyAdd(spread<0>(weights), everyFour(inputs), a);
    b = multiplyAdd(spread<1>(weights), everyFour(inputs + 4), b);
    c = multiplyAdd(spread<2>(weights), everyFour(inputs + 8), c);
    d = multiplyAdd(spread<3>(weights), everyFour(inputs + 12), d);
  }
  return (a + b) + (c + d);
}

[[gnu::always_inline]] inline void narrowForward(NarrowLayer layer) {
  for (int unit = 0, block = 0; unit < layer.units; unit += fours, block++) {
    Curve curved = curve(layer.activation, weighted(layer, block));
    float* const y = layer.y + block * lanes;
    if (unit + fours > layer.units) {
      const Mask used = firstLanes((layer.units - unit) * 4);
      curved.value = choose(used, curved.value, load(y));
      curved.slope = keep(used, curved.slope);
    }
    store(y, curved.value);
    store(layer.slope + block * lanes, curved.slope);
  }
}

/// The last layer with the loss. @param trains whether the gradient is wanted.
[[gnu::always_inline]] inline Judgement narrowJudge(const NarrowNetwork& network, bool trains) {
  const NarrowLayer layer = network.layers.back();
  const Floats share = every(network.share());
  Judgement result;
  for (int unit = 0, block = 0; unit < layer.units; unit += fours, block++) {
    const Curve curved = curve(layer.activation, weighted(layer, block));
    const Floats target = load(network.target + block * lanes);
    const Mask present = greater(load(network.present + block * lanes), zeros());
    const Curve judged = lossCurve(network.lossCode, curved.value, target);
    if (trains) store(layer.dz + block * lanes, keep(present, judged.slope * share * curved.slope));
    const Floats losses = keep(present, judged.value);
    result.lossSum += layer.units == 1 ? wideSumOfFour(losses) : wideSum(losses);
    result.right += network.rightOf(curved.value, target, present);
  }
  if (network.lossCode != loss::squaredError && network.lossCode != loss::perceptron) result.lossSum /= layer.units;
  return result;
}

/**
 * SGD written so that little waits for the gradient: v ← (μv + λθ) + g and θ ← (θ − αμv − αλθ) − αg, with Nesterov's
 * momentum αμ² and α(1 + μ) for αμ and α.
 */
struct Movement {
  Floats momentum = zeros();
  Floats decay = zeros();
  Floats ofVelocity = zeros();
  Floats ofParameter = zeros();
  Floats ofGradient = zeros();

  Movement() = default;
  Movement(const Operation& sgd, double rate) {
    const double mu = sgd.at[2] ? sgd.real[1] : 0;
    const double lambda = sgd.real[3];
    const double alpha = sgd.n[2] ? rate * (1 + mu) : rate;
    momentum = every(static_cast<float>(mu));
    decay = every(static_cast<float>(lambda));
    ofVelocity = every(static_cast<float>(sgd.n[2] ? rate * mu * mu : rate * mu));
    ofParameter = every(static_cast<float>(alpha * lambda));
    ofGradient = every(static_cast<float>(alpha));
  }

  void operator()(Floats& value, Floats& velocity, Floats gradient) const {
    const Floats kept = subtractProduct(ofVelocity, velocity, subtractProduct(ofParameter, value, value));
    velocity = multiplyAdd(decay, value, momentum * velocity) + gradient;
    value = subtractProduct(ofGradient, gradient, kept);
  }
};

/// The gradient before the layer, as that of the layer before.
[[gnu::always_inline]] inline void narrowBackward(NarrowLayer layer, NarrowLayer before) {
  for (int input = 0; input < layer.inputs; input += fours) {
    const Floats slope = load(before.slope + input * 4);
    const float* blocks = layer.parameters + input / 4 * lanes + input % 4;
    Floats sum = zeros();
    for (int unit = 0; unit < layer.units; unit++) {
      const float* const weights = blocks + unit / fours * layer.across * lanes + unit % fours * 4;
      sum = multiplyAdd(spreadOut(weights) * slope, everyFour(layer.dz + unit * 4), sum);
    }
    store(before.dz + input * 4, sum);
  }
}

/// The layer's gradients; moves its parameters, where `update` is a fused one, by `move`.
[[gnu::always_inline]] inline void narrowGradients(NarrowLayer layer, const Operation* update, Movement move) {
  for (int column = 0; column < layer.across; column++) {
    const float* const x = layer.x + column * 16;
    const Floats a = everyFour(x);
    const Floats b = everyFour(x + 4);
    const Floats c = everyFour(x + 8);
    const Floats d = everyFour(x + 12);
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

/// Forward and loss.
inline Judgement narrowEvaluate(const NarrowNetwork& network) {
  for (size_t i = 0; i + 1 < network.layers.size(); i++) narrowForward(network.layers[i]);
  return narrowJudge(network, false);
}

/// Steps of any network that was laid out.
class NarrowSteps {
 public:
  explicit NarrowSteps(NarrowNetwork& network) : network_(network) {}

  void load(const float* x, const float* y, const int32_t* order, int rows) { narrowLoad(network_, x, y, order, rows); }

  /// @returns whether the update is done.
  bool step(Moment& now, const Context&) {
    if (network_.fused && now.learningRate != rate_) {
      rate_ = now.learningRate;
      move_ = Movement(*network_.fused, rate_);
    }
    const size_t count = network_.layers.size();
    for (size_t i = 0; i + 1 < count; i++) narrowForward(network_.layers[i]);
    now.add(narrowJudge(network_, true));
    for (size_t i = count; i-- > 0;) {
      const NarrowLayer& layer = network_.layers[i];
      // Before the weights move.
      if (i > 0) narrowBackward(layer, network_.layers[i - 1]);
      narrowGradients(layer, network_.fused, move_);
    }
    return network_.fused;
  }

  const std::vector<Operation>& update() const { return network_.update; }
  void leave() const {}
  void evaluate(Moment& now, const Context&) { now.add(narrowEvaluate(network_)); }

 private:
  NarrowNetwork& network_;
  double rate_ = NAN;
  Movement move_;
};

}  // namespace ISA
}  // namespace descent
