// Operations that take each row of the batch for itself. Those that follow one another go over a few rows at a time, so
// that the next finds in the caches what the one before wrote, and threads meet once for all of them.
#pragma once
#include "activation.h"
#include "convolution-input.h"
#include "convolution-weights.h"
#include "pooling.h"
#include "program.h"
#include "softmax.h"

namespace descent {
namespace ISA {

/// Floats of one operand's rows that are taken at a time.
constexpr int64_t rowBlock = 2048;
/// Operations that go together, and floats of their scratch beside a product's unless one alone wants more.
constexpr int longestSequence = 32;
constexpr int64_t sequenceScratch = 128 * 1024;

inline Windows windowsOf(const int32_t* n) { return {n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]}; }
inline Convolution convolutionOf(const int32_t* n) {
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11]};
}

inline bool isRowWise(const Operation& o) { return (o.code >= 4 && o.code <= 10) || (o.code >= 14 && o.code <= 17); }
inline bool isConvolution(const Operation& o) { return o.code >= 8 && o.code <= 10; }

/// Numbers of each row in an operand; zero for weights and their gradients, which no operand overlaps.
inline int64_t rowFloats(const Operation& o, int operand) {
  switch (o.code) {
    case 8: return operand == 0 ? convolutionOf(o.n).sample() : operand >= 3 ? convolutionOf(o.n).outputs() : 0;
    case 9: return operand == 0 ? convolutionOf(o.n).sample() : operand == 1 ? convolutionOf(o.n).outputs() : 0;
    case 10: return operand == 0 ? convolutionOf(o.n).outputs() : operand == 2 ? convolutionOf(o.n).sample() : 0;
    case 14:
    case 15:
    case 16:
    case 17: {
      const bool pooled = o.code == 17 ? operand == 0 : operand == 1 || operand == 2;
      const Windows w = windowsOf(o.n);
      return o.n[0] * (pooled ? w.outputs() : w.plane());
    }
    default: return o.n[0];
  }
}

inline int64_t widestRow(const Operation& o) {
  int64_t floats = 1;
  for (int operand = 0; operand < maximumOperands; operand++)
    if (o.at[operand]) floats = most(floats, rowFloats(o, operand));
  return floats;
}

/// Floating-point operations a row.
inline double rowCost(const Operation& o) {
  switch (o.code) {
    case 4: return 10.0 * o.n[0];
    case 5: return 4.0 * o.n[0];
    case 6:
    case 7: return 20.0 * o.n[0];
    case 8:
    case 9:
    case 10: return 2.0 * static_cast<double>(convolutionOf(o.n).outputs()) * convolutionOf(o.n).taps();
    default: return 4.0 * static_cast<double>(widestRow(o));
  }
}

/// Floats of scratch beside a product's: of each thread, and behind them in the first thread's what all share.
inline int64_t rowOwn(const Operation& o) {
  switch (o.code) {
    case 8: return forwardOwn(convolutionOf(o.n));
    case 9: return weightsOwn(convolutionOf(o.n));
    case 10: return inputOwn(convolutionOf(o.n));
    default: return 0;
  }
}
inline int64_t rowShared(const Operation& o) {
  switch (o.code) {
    case 8: return forwardShared(convolutionOf(o.n));
    case 9: return weightsShared(convolutionOf(o.n));
    case 10: return inputShared(convolutionOf(o.n));
    default: return 0;
  }
}

/// Floats of scratch for all row-wise operations of a list, a product's included.
inline int64_t rowScratchOf(const std::vector<Operation>& list) {
  int64_t together = 0;
  int64_t alone = 0;
  for (const Operation& o : list) {
    if (!isConvolution(o)) continue;
    const int64_t floats = rowOwn(o) + rowShared(o);
    together += floats;
    alone = most(alone, floats);
  }
  return productScratch + most(alone, least(together, sequenceScratch));
}

/// Before the rows, for each thread's own memory; `shared` for the first one.
inline void prepareRows(const Operation& o, float* own, float* shared) {
  if (o.code == 8 && shared) prepareForward(convolutionOf(o.n), o.at[1], shared);
  else if (o.code == 9) prepareWeights(convolutionOf(o.n), shared, own);
  else if (o.code == 10) prepareInput(convolutionOf(o.n), o.at[1], shared, own);
}

/// @param relu of pooling backward: the output of a relu before it, whose slopes are taken along; or null.
inline void performRows(const Operation& o, const float* relu, int from, int end, const RowScratch& memory) {
  float* const* at = o.at;
  const auto rowsOf = [&](int operand) { return at[operand] + from * rowFloats(o, operand); };
  const int planes = (end - from) * o.n[0];
  switch (o.code) {
    case 4: return activate(o.n[1], rowsOf(0), rowsOf(1), planes);
    case 5: return activateBack(o.n[1], rowsOf(0), rowsOf(1), planes);
    case 6: return softmaxForward(rowsOf(0), rowsOf(1), end - from, o.n[0]);
    case 7: return softmaxBackward(rowsOf(0), rowsOf(1), end - from, o.n[0]);
    case 8: return convolutionForward(convolutionOf(o.n), at[0], at[2], at[3], at[4], from, end, o.n[12], memory);
    case 9: return convolutionBackwardWeights(convolutionOf(o.n), at[0], at[1], from, end, memory);
    case 10: return convolutionBackwardInput(convolutionOf(o.n), at[0], at[1], at[2], from, end, memory);
    case 14: return maxPoolingForward(rowsOf(0), rowsOf(1), planes, windowsOf(o.n));
    case 15: return maxPoolingBackward(rowsOf(0), rowsOf(1), rowsOf(2), rowsOf(3), planes, windowsOf(o.n), relu != nullptr);
    case 16: return averagePoolingForward(rowsOf(0), rowsOf(1), planes, windowsOf(o.n));
    case 17:
      return averagePoolingBackward(rowsOf(0), rowsOf(1), planes, windowsOf(o.n), relu ? relu + from * rowFloats(o, 1) : nullptr);
  }
}

/// Whether `next` may see the first rows of what `before` does to them: it must not write where other rows still lie.
inline bool mayFollow(const Operation& before, const Operation& next, int64_t capacity) {
  for (int a = 0; a < maximumOperands; a++) {
    for (int b = 0; b < maximumOperands; b++) {
      if (!before.at[a] || !next.at[b]) continue;
      const int64_t first = rowFloats(before, a);
      const int64_t second = rowFloats(next, b);
      if (before.at[a] == next.at[b] && first == second) continue;
      if (before.at[a] < next.at[b] + second * capacity && next.at[b] < before.at[a] + first * capacity) return false;
    }
  }
  return true;
}

/// The output of the relu whose slopes `next` takes where `pooling` put its own; null where it is something else. Of a
/// maximum, what the cell that won gets depends on the maximum alone.
inline const float* reluOfPooling(const Operation& pooling, const Operation& next) {
  if (next.code != 5 || next.n[1] != activation::relu || (pooling.code != 15 && pooling.code != 17)) return nullptr;
  const int dx = pooling.code == 15 ? 3 : 1;
  const bool same = next.at[1] == pooling.at[dx] && rowFloats(next, 1) == rowFloats(pooling, dx);
  return same && (pooling.code == 17 || next.at[0] == pooling.at[0]) ? next.at[0] : nullptr;
}

/// Operations that go together, each with its place in the scratch of a thread.
struct RowSequence {
  struct Part {
    const Operation* operation;
    const float* relu;
    int64_t own;
    int64_t shared;
  };
  Part parts[longestSequence];
  int count = 0;
  int64_t widest = 1;
  /// Floating-point operations a row.
  double cost = 0;
};

/// Collects operations from `first` on, as many as may go together. @returns the one behind them.
inline const Operation* collectRowWise(const Operation* first, const Operation* end, int64_t capacity,
                                       int64_t scratchFloats, RowSequence& sequence) {
  int64_t used = productScratch;
  const Operation* next = first;
  for (; next != end && sequence.count < longestSequence && isRowWise(*next); next++) {
    const int64_t own = rowOwn(*next);
    const int64_t shared = rowShared(*next);
    bool joins = used + own + shared <= scratchFloats;
    for (const Operation* before = first; before != next; before++) joins = joins && mayFollow(*before, *next, capacity);
    if (!joins) break;
    sequence.cost += rowCost(*next);
    const float* const relu = next == first ? nullptr : reluOfPooling(*(next - 1), *next);
    if (relu) {
      sequence.parts[sequence.count - 1].relu = relu;
      continue;
    }
    sequence.parts[sequence.count++] = {next, nullptr, used, used + own};
    sequence.widest = most(sequence.widest, widestRow(*next));
    used += own + shared;
  }
  return next;
}

/// Performs operations from `first` on, as many as may go together. @returns the one behind them.
inline const Operation* performRowWise(const Operation* first, const Operation* end, int rows, int64_t capacity,
                                       const Context& context) {
  RowSequence sequence;
  const Operation* const next = collectRowWise(first, end, capacity, context.scratchFloats, sequence);
  const int threads = context.team ? context.team->threads() : 1;
  const auto overParts = [&](const auto& work) {
    for (int i = 0; i < sequence.count; i++) work(sequence.parts[i]);
  };
  overParts([&](const RowSequence::Part& part) {
    for (int i = 0; i < threads && isConvolution(*part.operation); i++) {
      float* const scratch = context.scratch + i * context.scratchFloats;
      prepareRows(*part.operation, scratch + part.own, i == 0 ? scratch + part.shared : nullptr);
    }
  });
  const int block = sequence.count == 1 ? rows : static_cast<int>(most<int64_t>(1, rowBlock / sequence.widest));
  share(context, sequence.cost * rows, rows, 1, [&](int from, int to, float* scratch) {
    for (int row = from; row < to; row += block)
      overParts([&](const RowSequence::Part& part) {
        performRows(*part.operation, part.relu, row, least(row + block, to),
                    {scratch, scratch + part.own, context.scratch + part.shared});
      });
  });
  overParts([&](const RowSequence::Part& part) {
    const Operation& o = *part.operation;
    if (o.code == 9)
      finishWeights(convolutionOf(o.n), o.at[2], o.at[3], context.scratch + part.own, threads, context.scratchFloats);
  });
  return next;
}

}  // namespace ISA
}  // namespace descent
