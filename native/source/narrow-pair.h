// Steps of the smallest networks, a hidden layer and one output, whose parameters stay in registers: a result that goes
// through memory comes ten cycles later.
#pragma once
#include "narrow.h"

namespace descent {
namespace ISA {

inline bool isPair(const NarrowNetwork& network) {
  return network.fused && network.layers.size() == 2 && network.layers[1].units == 1;
}

/// Some vectors of parameters.
template <int count> struct Held {
  Floats value[count];
  Floats velocity[count];
  Floats gradient[count];

  void move(const Movement& movement) {
#pragma GCC unroll 16
    for (int i = 0; i < count; i++) movement(value[i], velocity[i], gradient[i]);
  }
};

/// Four products of weights and inputs, summed.
inline Floats products(Floats weights, const Floats* x) {
  const Floats low = spread<0>(weights) * x[0] + spread<1>(weights) * x[1];
  const Floats high = spread<2>(weights) * x[2] + spread<3>(weights) * x[3];
  return low + high;
}

/**
 * The hidden layer as narrow-network.h has it, in so many vectors of units or fewer and so many blocks along the inputs. Of
 * the output's layer a weight fills its input's four and the bias the first one, so that neither its sums nor its
 * gradients need other places than the hidden units have.
 */
template <int vectors, int blocks> class PairSteps {
 public:
  explicit PairSteps(NarrowNetwork& network)
      : network_(network), hidden_(network.layers[0]), output_(network.layers[1]),
        biased_(firstLanes(output_.bias < 0 ? 0 : 4)) {
    for (int i = 0; i < vectors; i++) used_[i] = firstLanes(most(0, hidden_.units - i * fours) * 4);
    for (int i = 0; i < vectors * blocks; i++) {
      below_.value[i] = held(hidden_.parameters, i);
      below_.velocity[i] = held(hidden_.velocity, i);
      below_.gradient[i] = held(hidden_.gradients, i);
    }
    for (int i = 0; i <= vectors; i++) {
      above_.value[i] = spreadOutput(output_.parameters, i);
      above_.velocity[i] = spreadOutput(output_.velocity, i);
      above_.gradient[i] = spreadOutput(output_.gradients, i);
    }
  }

  /// Back to where the network has them.
  [[gnu::always_inline]] void leave() const {
    for (int i = 0; i < least(vectors, hidden_.down) * blocks; i++) {
      store(hidden_.parameters + i * lanes, below_.value[i]);
      store(hidden_.gradients + i * lanes, below_.gradient[i]);
      if (hidden_.velocity) store(hidden_.velocity + i * lanes, below_.velocity[i]);
    }
    for (int i = 0; i <= vectors; i++) {
      gatherOutput(above_.value[i], output_.parameters, i);
      gatherOutput(above_.gradient[i], output_.gradients, i);
      if (output_.velocity) gatherOutput(above_.velocity[i], output_.velocity, i);
    }
  }

  void load(const float* x, const float* y, const int32_t* order, int rows) {
    narrowLoad(network_, x, y, order, rows);
    share_ = every(network_.share());
  }

  [[gnu::always_inline]] bool step(Moment& now, const Context&) {
    if (now.learningRate != rate_) {
      rate_ = now.learningRate;
      move_ = Movement(*network_.fused, rate_);
    }
    Floats x[blocks * 4];
#pragma GCC unroll 8
    for (int i = 0; i < blocks * 4; i++) x[i] = everyFour(hidden_.x + i * 4);
    Floats y[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      const Floats* const weights = below_.value + i * blocks;
      y[i] = products(weights[0], x);
      if (blocks == 2) y[i] = y[i] + products(weights[blocks - 1], x + blocks * 4 - 4);
    }
    Floats slope[vectors];
    curves(hidden_.activation, y, slope);
    Floats sum = above_.value[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      sum = multiplyAdd(above_.value[i], y[i], sum);
      slope[i] = slope[i] * above_.value[i];
    }
    const Curve answer = curve(output_.activation, sumOverFours(sum));
    const Floats target = everyFour(network_.target);
    const Mask present = greater(everyFour(network_.present), zeros());
    const Curve judged = lossCurve(network_.lossCode, answer.value, target);
    const Floats dz = keep(present, judged.slope * share_ * answer.slope);
    now.lossSum += wideSumOfFour(keep(present, judged.value));
    now.right += network_.rightOf(answer.value, target, present) / fours;
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      const Floats below = slope[i] * dz;
#pragma GCC unroll 2
      for (int j = 0; j < blocks; j++) {
        const Floats* const column = x + j * 4;
        below_.gradient[i * blocks + j] =
            sumsOfFours(below * column[0], below * column[1], below * column[2], below * column[3]);
      }
      above_.gradient[i] = keep(used_[i], sumInFours(dz * y[i]));
    }
    above_.gradient[vectors] = keep(biased_, sumInFours(dz));
    below_.move(move_);
    above_.move(move_);
    return true;
  }

  const std::vector<Operation>& update() const { return network_.update; }
  void evaluate(Moment& now, const Context&) {
    leave();
    now.add(narrowEvaluate(network_));
  }

 private:
  NarrowNetwork& network_;
  const NarrowLayer& hidden_;
  const NarrowLayer& output_;
  Mask used_[vectors];
  Mask biased_;
  double rate_ = NAN;
  Floats share_ = zeros();
  Movement move_;
  Held<vectors * blocks> below_;
  Held<vectors + 1> above_;

  Floats held(const float* from, int i) const {
    return from && i < hidden_.down * blocks ? descent::ISA::load(from + i * lanes) : zeros();
  }
  /// Where a vector of the output's parameters has its places in the layer's blocks: work(lane, place).
  template <typename Work> void places(int vector, Work work) const {
    const auto place = [](int input) { return input / 4 * lanes + input % 4; };
    if (vector == vectors) {
      if (output_.bias >= 0) work(0, place(output_.inputs));
      return;
    }
    for (int i = 0; i < fours && vector * fours + i < output_.inputs; i++) work(i * 4, place(vector * fours + i));
  }
  Floats spreadOutput(const float* from, int vector) const {
    float some[lanes] = {};
    if (from) places(vector, [&](int lane, int place) { for (int i = 0; i < 4; i++) some[lane + i] = from[place]; });
    return descent::ISA::load(some);
  }
  void gatherOutput(Floats value, float* to, int vector) const {
    float some[lanes];
    store(some, value);
    places(vector, [&](int lane, int place) { to[place] = some[lane]; });
  }
};

}  // namespace ISA
}  // namespace descent
