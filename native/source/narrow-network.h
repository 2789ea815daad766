// Small dense networks over batches of up to four rows, laid out for whole vectors. A buffer [4, width] is held as
// [width, 4], a row in each lane of a four, so that a vector holds as many neighbours as it has fours. Parameters lie in
// blocks of a vector: as many units as there are fours, and of each the weights of four inputs in a row. A bias is the
// weight of one more input that is always 1. Rows and columns that only fill vectors up hold zeros.
#pragma once
#include <vector>

#include "context.h"
#include "loss.h"
#include "program.h"

namespace descent {
namespace ISA {

constexpr int narrowRows = 4;
constexpr int fours = lanes / 4;

struct NarrowLayer {
  /// As the arena holds them: without the bias, and the distances of weights and bias from the first parameter.
  int inputs;
  int units;
  int64_t weight;
  /// −1: none.
  int64_t bias;
  int activation;
  /// Blocks along the inputs, bias among them, and along the units.
  int across;
  int down;
  /// Floats of the layers before, in all blocks.
  int64_t before;
  /// Blocks [down, across].
  float* parameters;
  float* gradients;
  /// Null where SGD has none, or is not what updates.
  float* velocity;
  /// [across · 4, 4], [down · fours, 4] and, as that, the activation's derivative and the gradient of its input.
  float* x;
  float* y;
  float* slope;
  float* dz;

  int64_t size() const { return int64_t{down} * across * lanes; }
  int columns() const { return inputs + (bias < 0 ? 0 : 1); }
  /// Calls work(place in the arena's range, place in the blocks) for all parameters.
  template <typename Work> void each(Work work) const {
    for (int unit = 0; unit < units; unit++) {
      for (int input = 0; input < columns(); input++) {
        const int64_t from = input < inputs ? weight + int64_t{unit} * inputs + input : bias + unit;
        work(from, (unit / fours * across + input / 4) * lanes + unit % fours * 4 + input % 4);
      }
    }
  }
};

/// Parameters, their gradients or a state of the optimizer, in the arena and in blocks.
struct NarrowRange {
  float* arena;
  float* blocks;
};

struct NarrowNetwork {
  std::vector<NarrowLayer> layers;
  /// Parameters, gradients, states.
  std::vector<NarrowRange> ranges;
  /// The list, over blocks.
  std::vector<Operation> update;
  /// Where the update is SGD and nothing else: it, so that parameters move as soon as their gradients are known.
  const Operation* fused = nullptr;
  int lossCode = 0;
  int accuracyCode = 0;
  /// As the last y; and 1 where a batch has an output, else 0.
  float* target = nullptr;
  float* present = nullptr;
  /// Rows `present` tells of.
  int rows = 0;

  /// What an element's slope counts in the gradient of the batch's mean.
  float share() const {
    const bool summed = lossCode == loss::squaredError || lossCode == loss::perceptron;
    return 1 / static_cast<float>(summed ? rows : rows * layers.back().units);
  }

  /// Right answers among those that are present.
  int rightOf(Floats output, Floats truth, Mask there) const {
    if (accuracyCode == accuracy::none) return 0;
    return countOf(butNot(there, wrongAnswers(accuracyCode, output, truth)));
  }

  /// From the arena to the blocks, and back.
  void enter() const {
    eachPlace([](float& arena, float& block) { block = arena; });
  }
  void leave() const {
    eachPlace([](float& arena, float& block) { arena = block; });
  }

 private:
  template <typename Work> void eachPlace(Work work) const {
    for (const NarrowRange& range : ranges)
      for (const NarrowLayer& layer : layers)
        layer.each([&](int64_t arena, int64_t block) { work(range.arena[arena], range.blocks[layer.before + block]); });
  }
};

/// Rows in the given order, or one after another, to [width, 4], zeros behind the last.
inline void gatherColumns(const float* from, float* to, int width, const int32_t* order, int rows) {
  for (int row = 0; row < narrowRows; row++) {
    if (row >= rows) {
      for (int i = 0; i < width; i++) to[i * narrowRows + row] = 0;
      continue;
    }
    const float* at = from + (order ? int64_t{order[row]} : row) * width;
    for (int i = 0; i < width; i++) to[i * narrowRows + row] = at[i];
  }
}

/// Makes of up to four rows the batch.
inline void narrowLoad(NarrowNetwork& network, const float* x, const float* y, const int32_t* order, int rows) {
  const NarrowLayer& last = network.layers.back();
  gatherColumns(x, network.layers[0].x, network.layers[0].inputs, order, rows);
  gatherColumns(y, network.target, last.units, order, rows);
  if (rows == network.rows) return;
  network.rows = rows;
  for (int i = 0; i < last.units * narrowRows; i++) network.present[i] = i % narrowRows < rows;
}

}  // namespace ISA
}  // namespace descent
