// Detects programs of small dense networks and lays them out.
#pragma once
#include "activation.h"
#include "narrow-network.h"

namespace descent {
namespace ISA {

/// Maximum layer width; wider layers are faster with vectors along the units.
constexpr int narrowWidth = 16;

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
    for (const Operation& o : forward) {
      if (o.code != 1 || o.at[0] != x || o.n[0] != width || max(o.n[0], o.n[1]) > narrowWidth) return false;
      x = o.at[3];
      width = o.n[1];
    }
    return !forward.empty() && width == program_.targets;
  }

  /// Whether all operands of the list are ranges over all parameters.
  bool hasUpdate(const std::vector<Operation>& list) {
    if (list.empty()) return false;
    const Operation& last = list.back();
    if (last.code < 25 || last.code > 28) return false;
    count_ = last.n[0];
    const Operation* decay = nullptr;
    for (const Operation& o : list)
      if (o.code == 29) decay = &o;
    if (decay && (decay->at[0] != last.at[0] || decay->at[2] != last.at[1])) return false;
    network_.ranges.push_back({last.at[0], nullptr});
    network_.ranges.push_back({decay ? decay->at[1] : last.at[1], nullptr});
    for (int i = decay ? 1 : 2; i < 4; i++)
      if (last.at[i]) network_.ranges.push_back({last.at[i], nullptr});
    for (const Operation& o : list) {
      const bool clips = o.code == 24 && o.at[0] == gradients();
      if (&o != &last && ((!clips && &o != decay) || o.n[0] != count_)) return false;
    }
    if (list.size() == 1 && last.code == 25) network_.fused = &last;
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
    const Operation& last = forward.back();
    if (o == end || o->code != 23 || o->at[0] != last.at[3] || o->at[1] != program_.target || !o->at[2]) return false;
    if (o->n[0] != last.n[1] || o->n[1] == loss::categoricalCrossentropy || o->n[2] == accuracy::argmax) return false;
    network_.lossCode = o->n[1];
    network_.accuracyCode = o->n[2];
    const float* dy = o++->at[2];
    network_.layers.resize(forward.size());
    for (size_t i = forward.size(); i-- > 0;) {
      const Operation& dense = forward[i];
      const float* const source = dense.n[2] == activation::gelu ? dense.at[4] : dense.at[3];
      const bool hasActivation = o != end && o->code == 5;
      if (hasActivation ? o->at[1] != dy || o->at[0] != source || o->n[0] != dense.n[1] || o->n[1] != dense.n[2]
                        : dense.n[2] != activation::linear)
        return false;
      if (hasActivation) o++;
      if (o == end || o->code != 2 || o->at[0] != dense.at[0] || o->at[1] != dy) return false;
      if (o->n[0] != dense.n[0] || o->n[1] != dense.n[1] || !readLayer(dense, *o++, network_.layers[i])) return false;
      if (i == 0) break;
      if (o == end || o->code != 3 || o->at[0] != dy || o->at[1] != dense.at[1]) return false;
      if (o->n[0] != dense.n[0] || o->n[1] != dense.n[1]) return false;
      dy = o++->at[2];
    }
    return o == end;
  }

  bool readLayer(const Operation& dense, const Operation& backward, NarrowLayer& layer) const {
    const int64_t weights = int64_t{dense.n[0]} * dense.n[1];
    if (!covers(dense.at[1], weights)) return false;
    layer.weight = dense.at[1] - parameters();
    layer.bias = -1;
    if (backward.at[2] != gradients() + layer.weight || !dense.at[2] != !backward.at[3]) return false;
    if (dense.at[2]) {
      if (!covers(dense.at[2], dense.n[1])) return false;
      layer.bias = dense.at[2] - parameters();
      if (backward.at[3] != gradients() + layer.bias) return false;
    }
    layer.inputs = dense.n[0];
    layer.units = dense.n[1];
    layer.activation = dense.n[2];
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
      const Operation& o = list[i];
      const Operation& dense = forward[i];
      if (o.code != 1 || o.at[0] != x || o.at[1] != dense.at[1] || o.at[2] != dense.at[2]) return false;
      for (int n = 0; n < 3; n++)
        if (o.n[n] != dense.n[n]) return false;
      x = o.at[3];
    }
    const Operation& o = list.back();
    if (o.code != 23 || o.at[0] != x || o.at[1] != program_.target) return false;
    return o.n[1] == network_.lossCode && o.n[2] == network_.accuracyCode;
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
      layer.velocity = network_.fused && network_.fused->at[2] ? ranges[2].blocks + before : nullptr;
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
      o.n[0] = blocks;
      for (float*& at : o.at) {
        const float* const from = at;
        for (const NarrowRange& range : network_.ranges)
          if (from == range.arena) at = range.blocks;
      }
    }
    if (network_.fused) network_.fused = network_.update.data();
  }
};

}  // namespace ISA
}  // namespace descent
