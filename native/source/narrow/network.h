/**
 * The layout of small dense networks with batches of up to four rows. A vector consists of groups of four lanes
 * ("fours"). A buffer [4, width] is stored transposed as [width, 4], so that each four contains one column and each of its
 * lanes one row. Parameters are stored in blocks of one vector: one unit per four, with its weights of four adjacent
 * inputs. The bias is the weight of an additional input that is always 1. Padding is zero.
 */
#pragma once
#include <vector>

#include "../context.h"
#include "../loss.h"
#include "../program.h"

namespace descent {
namespace ISA {

constexpr int narrowRows = 4;
constexpr int fours = lanes / 4;

struct NarrowLayer {
  /// Sizes without the bias, and offsets of weights and bias from the first parameter in the arena.
  int inputs;
  int units;
  int64_t weight;
  /// −1: none.
  int64_t bias;
  Activation activation;
  /// Number of blocks along the inputs, including the bias, and along the units.
  int across;
  int down;
  /// Floats in the blocks of earlier layers.
  int64_t before;
  /// Blocks [down, across].
  float* parameters;
  float* gradients;
  /// Null without fused SGD, or without momentum.
  float* velocity;
  /// Input [across · 4, 4]; output, activation derivative and dz, each [down · fours, 4].
  float* x;
  float* y;
  float* derivative;
  float* dz;

  int64_t size() const { return int64_t{down} * across * lanes; }
  int columns() const { return inputs + (bias < 0 ? 0 : 1); }
  /// Calls work(offset in the arena's range, offset in the blocks) for all parameters.
  template <typename Work> void each(Work work) const {
    for (int unit = 0; unit < units; unit++) {
      for (int input = 0; input < columns(); input++) {
        const int64_t from = input < inputs ? weight + int64_t{unit} * inputs + input : bias + unit;
        work(from, (unit / fours * across + input / 4) * lanes + unit % fours * 4 + input % 4);
      }
    }
  }
};

/// Parameters, gradients or optimizer state, in the arena and in blocks.
struct NarrowRange {
  float* arena;
  float* blocks;
};

struct NarrowNetwork {
  std::vector<NarrowLayer> layers;
  /// Parameters, gradients, optimizer state.
  std::vector<NarrowRange> ranges;
  /// The update list, over blocks.
  std::vector<Operation> update;
  /// The SGD operation if it is the only update; it is fused with the computation of the gradients.
  const SgdUpdate* fused = nullptr;
  LossFunction loss = LossFunction::squaredError;
  Accuracy accuracy = Accuracy::none;
  /// Targets in the layout of the last y; `present` is 1 for outputs of existing rows, otherwise 0.
  float* target = nullptr;
  float* present = nullptr;
  /// Rows marked in `present`.
  int rows = 0;

  /// The factor of an element's derivative in the gradient of the batch's mean.
  float share() const {
    return 1 / static_cast<float>(isMeanOfElements(loss) ? rows * layers.back().units : rows);
  }

  /// Number of correct predictions among the present outputs.
  int countCorrect(Floats output, Floats truth, Mask there) const {
    if (accuracy == Accuracy::none) return 0;
    return countOf(andNot(there, wrongLanes(accuracy, output, truth)));
  }

  /// Copies between the arena and the blocks.
  void packParameters() const {
    eachPlace([](float& arena, float& block) { block = arena; });
  }
  void unpackParameters() const {
    eachPlace([](float& arena, float& block) { arena = block; });
  }

 private:
  template <typename Work> void eachPlace(Work work) const {
    for (const NarrowRange& range : ranges)
      for (const NarrowLayer& layer : layers)
        layer.each([&](int64_t arena, int64_t block) { work(range.arena[arena], range.blocks[layer.before + block]); });
  }
};

/// Transposes rows, in the given order or sequentially, to [width, 4], zero-padded.
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

/// Loads a batch of up to four rows.
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
