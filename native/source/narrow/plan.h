// Detects programs of small dense networks and lays them out.
#pragma once
#include "../activation.h"
#include "network.h"

namespace descent {
namespace ISA {

/// Maximum layer width; wider layers are faster with vectors along the units.
constexpr int narrowWidth = 16;

/// Operations over a range of `count` parameters.
template <typename Struct, typename = void> struct hasCount : std::false_type {};
template <typename Struct> struct hasCount<Struct, std::void_t<decltype(Struct::count)>> : std::true_type {};

/// Operations that change parameters; their operands are parameters, gradients and optimizer state.
template <typename Struct, typename = void> struct changesParameters : std::false_type {};
template <typename Struct>
struct changesParameters<Struct, std::void_t<decltype(Struct::parameters)>>
    : std::is_same<decltype(Struct::parameters), float*> {};

inline bool isOptimizer(const Operation& o) {
  return visit(o, [](const auto& known) { return changesParameters<std::decay_t<decltype(known)>>::value; });
}

/// −1 for an operation that does not work on a range of parameters.
inline int64_t parameterCount(const Operation& o) {
  return visit(o, [](const auto& known) -> int64_t {
    if constexpr (hasCount<std::decay_t<decltype(known)>>::value) return known.count;
    else return -1;
  });
}

class NarrowPlan {
 public:
  NarrowPlan(const Program& program, NarrowNetwork& network) : program_(program), network_(network) {}

  /// Lays out the network in `memory`, which it then owns.
  /// @returns false if the program is not a small dense network or does not fit.
  bool make(float* memory, int64_t floats) {
    if (program_.capacity != narrowRows || !isChain() || !hasUpdate(program_.list[updateList])) return false;
    return matchesBackward(program_.list[backwardList]) && matchesEvaluation() && place(memory, floats);
  }

 private:
  const Program& program_;
  NarrowNetwork& network_;
  /// Floats in the range of all parameters.
  int64_t count_ = 0;

  const float* parameters() const { return network_.ranges[0].arena; }
  const float* gradients() const { return network_.ranges[1].arena; }

  bool isChain() const {
    const auto& forward = program_.list[forwardList];
    const float* x = program_.input;
    int width = program_.features;
    for (const Operation& operation : forward) {
      const auto* const o = as<DenseForward>(operation);
      if (!o || o->x != x || o->inputs != width || max(o->inputs, o->units) > narrowWidth) return false;
      x = o->y;
      width = o->units;
    }
    return !forward.empty() && width == program_.targets;
  }

  /// Whether all operands of the list are ranges over all parameters.
  bool hasUpdate(const std::vector<Operation>& list) {
    if (list.empty() || !isOptimizer(list.back())) return false;
    const Operation& last = list.back();
    count_ = parameterCount(last);
    auto& ranges = network_.ranges;
    ranges.push_back({last.at[0], nullptr});
    // Penalties are added to copies of the gradients, the second range.
    for (const Operation& o : list) {
      if (parameterCount(o) != count_) return false;
      const auto* const decay = as<DecayWeights>(o);
      const auto* const clip = as<ClipGradients>(o);
      if (&o != &last && !decay && !clip) return false;
      float* const from = decay ? const_cast<float*>(decay->gradients) : clip ? clip->gradients : last.at[1];
      if (ranges.size() == 1) ranges.push_back({from, nullptr});
      if (from != ranges.back().arena || (decay && decay->parameters != parameters())) return false;
      if (decay) ranges.push_back({decay->to, nullptr});
    }
    for (int i = 2; i < last.operands; i++)
      if (last.at[i]) ranges.push_back({last.at[i], nullptr});
    if (list.size() == 1) network_.fused = as<SgdUpdate>(last);
    return true;
  }

  bool covers(const float* from, int64_t length) const {
    return from >= parameters() && from + length <= parameters() + count_;
  }

  /// Reads the layers. @returns whether the list is the unweighted loss followed by each layer's gradients, last to first.
  bool matchesBackward(const std::vector<Operation>& list) {
    const auto& forward = program_.list[forwardList];
    const Operation* o = list.data();
    const Operation* const end = o + list.size();
    const auto* const loss = o == end ? nullptr : as<Loss>(*o++);
    const DenseForward& last = forward.back().denseForward;
    if (!loss || loss->output != last.y || loss->target != program_.target || !loss->gradient) return false;
    if (loss->outputs != last.units || loss->loss == LossFunction::categoricalCrossentropy) return false;
    if (loss->accuracy == Accuracy::argmax) return false;
    network_.loss = loss->loss;
    network_.accuracy = loss->accuracy;
    const float* dy = loss->gradient;
    network_.layers.resize(forward.size());
    for (size_t i = forward.size(); i-- > 0;) {
      const DenseForward& dense = forward[i].denseForward;
      const auto* const slope = o == end ? nullptr : as<ActivationBackward>(*o);
      if (slope ? !isSlope(*slope, dense, dy) : dense.activation != Activation::linear) return false;
      if (slope) o++;
      const auto* const weights = o == end ? nullptr : as<DenseBackwardWeights>(*o++);
      if (!weights || weights->dz != dy || !readLayer(dense, *weights, network_.layers[i])) return false;
      if (i == 0) break;
      const auto* const input = o == end ? nullptr : as<DenseBackwardInput>(*o++);
      if (!input || input->dz != dy || input->weight != dense.weight) return false;
      if (input->inputs != dense.inputs || input->units != dense.units) return false;
      dy = input->dx;
    }
    return o == end;
  }

  static bool isSlope(const ActivationBackward& o, const DenseForward& dense, const float* dy) {
    const float* const source = derivesFromInput(dense.activation) ? dense.z : dense.y;
    return o.dy == dy && o.source == source && o.size == dense.units && o.activation == dense.activation;
  }

  bool readLayer(const DenseForward& dense, const DenseBackwardWeights& backward, NarrowLayer& layer) const {
    if (backward.x != dense.x || backward.inputs != dense.inputs || backward.units != dense.units) return false;
    if (!covers(dense.weight, int64_t{dense.inputs} * dense.units)) return false;
    layer.weight = dense.weight - parameters();
    layer.bias = -1;
    if (backward.dWeight != gradients() + layer.weight || !dense.bias != !backward.dBias) return false;
    if (dense.bias) {
      if (!covers(dense.bias, dense.units)) return false;
      layer.bias = dense.bias - parameters();
      if (backward.dBias != gradients() + layer.bias) return false;
    }
    layer.inputs = dense.inputs;
    layer.units = dense.units;
    layer.activation = dense.activation;
    layer.across = ceilDivide(layer.columns(), 4);
    layer.down = ceilDivide(layer.units, fours);
    return true;
  }

  /// Whether the evaluation list matches the forward list.
  bool matchesEvaluation() const {
    const auto& forward = program_.list[forwardList];
    const auto& list = program_.list[evaluationList];
    if (list.size() != forward.size() + 1) return false;
    const float* x = program_.input;
    for (size_t i = 0; i < forward.size(); i++) {
      const auto* const o = as<DenseForward>(list[i]);
      const DenseForward& dense = forward[i].denseForward;
      if (!o || o->x != x || o->weight != dense.weight || o->bias != dense.bias) return false;
      if (o->inputs != dense.inputs || o->units != dense.units || o->activation != dense.activation) return false;
      x = o->y;
    }
    const auto* const loss = as<Loss>(list.back());
    if (!loss || loss->output != x || loss->target != program_.target) return false;
    return loss->loss == network_.loss && loss->accuracy == network_.accuracy;
  }

  bool place(float* memory, int64_t floats) {
    float* const end = memory + floats;
    bool fits = true;
    const auto allocate = [&](int64_t count) {
      float* const begin = memory;
      fits = fits && wholeLines(count) <= end - memory;
      if (!fits) return begin;
      clear(begin, count);
      memory += wholeLines(count);
      return begin;
    };
    auto& layers = network_.layers;
    auto& ranges = network_.ranges;
    int64_t blocks = 0;
    for (const NarrowLayer& layer : layers) blocks += layer.size();
    for (NarrowRange& range : ranges) range.blocks = allocate(blocks);
    int64_t before = 0;
    float* x = allocate(layers[0].across * 16);
    for (size_t i = 0; i < layers.size(); i++) {
      NarrowLayer& layer = layers[i];
      layer.before = before;
      layer.parameters = ranges[0].blocks + before;
      layer.gradients = ranges[1].blocks + before;
      layer.velocity = network_.fused && network_.fused->velocity ? ranges[2].blocks + before : nullptr;
      before += layer.size();
      const int64_t outputs = int64_t{layer.down} * lanes;
      layer.x = x;
      layer.y = x = allocate(i + 1 < layers.size() ? max<int64_t>(outputs, layers[i + 1].across * 16) : outputs);
      layer.derivative = allocate(outputs);
      layer.dz = allocate(outputs);
    }
    network_.target = allocate(layers.back().down * lanes);
    network_.present = allocate(layers.back().down * lanes);
    if (!fits) return false;
    for (const NarrowLayer& layer : layers)
      for (int row = 0; row < narrowRows && layer.bias >= 0; row++) layer.x[layer.inputs * narrowRows + row] = 1;
    translate(static_cast<int32_t>(blocks));
    return true;
  }

  /// Rewrites the update list to work on blocks.
  void translate(int32_t blocks) {
    network_.update = program_.list[updateList];
    for (Operation& o : network_.update) {
      visit(o, [&](auto& known) {
        if constexpr (hasCount<std::decay_t<decltype(known)>>::value) known.count = blocks;
      });
      for (int i = 0; i < o.operands; i++) {
        const float* const from = o.at[i];
        for (const NarrowRange& range : network_.ranges)
          if (from == range.arena) o.at[i] = range.blocks;
      }
    }
    if (network_.fused) network_.fused = as<SgdUpdate>(network_.update.front());
  }
};

}  // namespace ISA
}  // namespace descent
