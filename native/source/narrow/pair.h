// Steps of the smallest networks, with one hidden layer and one output. Their parameters stay in registers, which avoids
// the latency of memory.
#pragma once
#include "steps.h"

namespace descent {
namespace ISA {

inline bool isPair(const NarrowNetwork& network) {
  return network.fused && network.layers.size() == 2 && network.layers[1].units == 1;
}

/// Vectors of parameters with their velocities and gradients.
template <int count> struct ParameterVectors {
  Floats value[count];
  Floats velocity[count];
  Floats gradient[count];

  void move(const SgdStep& movement) {
#pragma GCC unroll 16
    for (int i = 0; i < count; i++) movement(value[i], velocity[i], gradient[i]);
  }
};

/// The sum of four products of weights and inputs.
inline Floats products(Floats weights, const Floats* x) {
  const Floats low = spread<0>(weights) * x[0] + spread<1>(weights) * x[1];
  const Floats high = spread<2>(weights) * x[2] + spread<3>(weights) * x[3];
  return low + high;
}

/**
 * The hidden layer has the layout of network.h, with up to `vectors` vectors of units and `blocks` blocks along the
 * inputs. Each weight of the output layer fills the four of its input, and the bias the first four, so that sums and
 * gradients need no permutation.
 */
template <int vectors, int blocks> class PairSteps {
 public:
  explicit PairSteps(NarrowNetwork& network)
      : network_(network), hidden_(network.layers[0]), output_(network.layers[1]),
        biased_(firstLanes(output_.bias < 0 ? 0 : 4)) {
    for (int i = 0; i < vectors; i++) used_[i] = firstLanes(max(0, hidden_.units - i * fours) * 4);
    for (int i = 0; i < vectors * blocks; i++) {
      hiddenParameters_.value[i] = held(hidden_.parameters, i);
      hiddenParameters_.velocity[i] = held(hidden_.velocity, i);
      hiddenParameters_.gradient[i] = held(hidden_.gradients, i);
    }
    for (int i = 0; i <= vectors; i++) {
      outputParameters_.value[i] = spreadOutput(output_.parameters, i);
      outputParameters_.velocity[i] = spreadOutput(output_.velocity, i);
      outputParameters_.gradient[i] = spreadOutput(output_.gradients, i);
    }
  }

  /// Stores the registers to the network's blocks.
  [[gnu::always_inline]] void finish() const {
    for (int i = 0; i < min(vectors, hidden_.down) * blocks; i++) {
      store(hidden_.parameters + i * lanes, hiddenParameters_.value[i]);
      store(hidden_.gradients + i * lanes, hiddenParameters_.gradient[i]);
      if (hidden_.velocity) store(hidden_.velocity + i * lanes, hiddenParameters_.velocity[i]);
    }
    for (int i = 0; i <= vectors; i++) {
      gatherOutput(outputParameters_.value[i], output_.parameters, i);
      gatherOutput(outputParameters_.gradient[i], output_.gradients, i);
      if (output_.velocity) gatherOutput(outputParameters_.velocity[i], output_.velocity, i);
    }
  }

  void load(const float* x, const float* y, const int32_t* order, int rows) {
    narrowLoad(network_, x, y, order, rows);
    share_ = broadcast(network_.share());
  }

  [[gnu::always_inline]] bool step(StepState& state, const Context&) {
    if (state.learningRate != rate_) {
      rate_ = state.learningRate;
      move_ = SgdStep(*network_.fused, rate_);
    }
    Floats x[blocks * 4];
#pragma GCC unroll 8
    for (int i = 0; i < blocks * 4; i++) x[i] = broadcastFour(hidden_.x + i * 4);
    Floats y[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      const Floats* const weights = hiddenParameters_.value + i * blocks;
      y[i] = products(weights[0], x);
      if (blocks == 2) y[i] = y[i] + products(weights[blocks - 1], x + blocks * 4 - 4);
    }
    Floats derivative[vectors];
    curves(hidden_.activation, y, derivative);
    Floats sum = outputParameters_.value[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      sum = multiplyAdd(outputParameters_.value[i], y[i], sum);
      derivative[i] = derivative[i] * outputParameters_.value[i];
    }
    const Curve answer = curve(output_.activation, sumOverFours(sum));
    const Floats target = broadcastFour(network_.target);
    const Mask present = greater(broadcastFour(network_.present), zeros());
    const Curve judged = lossCurve(network_.loss, answer.value, target);
    const Floats dz = selectOrZero(present, judged.derivative * share_ * answer.derivative);
    state.lossSum += wideSumOfFour(selectOrZero(present, judged.value));
    state.right += network_.countCorrect(answer.value, target, present) / fours;
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      const Floats below = derivative[i] * dz;
#pragma GCC unroll 2
      for (int j = 0; j < blocks; j++) {
        const Floats* const column = x + j * 4;
        hiddenParameters_.gradient[i * blocks + j] =
            sumsOfFours(below * column[0], below * column[1], below * column[2], below * column[3]);
      }
      outputParameters_.gradient[i] = selectOrZero(used_[i], sumInFours(dz * y[i]));
    }
    outputParameters_.gradient[vectors] = selectOrZero(biased_, sumInFours(dz));
    hiddenParameters_.move(move_);
    outputParameters_.move(move_);
    return true;
  }

  const std::vector<Operation>& update() const { return network_.update; }
  void evaluate(StepState& state, const Context&) {
    finish();
    state.add(narrowEvaluate(network_));
  }

 private:
  NarrowNetwork& network_;
  const NarrowLayer& hidden_;
  const NarrowLayer& output_;
  Mask used_[vectors];
  Mask biased_;
  double rate_ = NAN;
  Floats share_ = zeros();
  SgdStep move_;
  ParameterVectors<vectors * blocks> hiddenParameters_;
  ParameterVectors<vectors + 1> outputParameters_;

  Floats held(const float* from, int i) const {
    return from && i < hidden_.down * blocks ? descent::ISA::load(from + i * lanes) : zeros();
  }
  /// Calls work(lane, offset in the blocks) for each parameter in a vector of the output layer.
  template <typename Work> void places(int vector, Work work) const {
    const auto place = [](int input) { return input / 4 * lanes + input % 4; };
    if (vector == vectors) {
      if (output_.bias >= 0) work(0, place(output_.inputs));
      return;
    }
    for (int i = 0; i < fours && vector * fours + i < output_.inputs; i++) work(i * 4, place(vector * fours + i));
  }
  Floats spreadOutput(const float* from, int vector) const {
    float buffer[lanes] = {};
    if (from) places(vector, [&](int lane, int place) { for (int i = 0; i < 4; i++) buffer[lane + i] = from[place]; });
    return descent::ISA::load(buffer);
  }
  void gatherOutput(Floats value, float* to, int vector) const {
    float buffer[lanes];
    store(buffer, value);
    places(vector, [&](int lane, int place) { to[place] = buffer[lane]; });
  }
};

}  // namespace ISA
}  // namespace descent
