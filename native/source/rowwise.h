// Operations that work on each row of the batch independently. Consecutive ones are fused: they run over a few rows at a
// time, so that intermediate results stay in the caches and threads synchronize once.
#pragma once
#include "activation.h"
#include "convolution-input.h"
#include "convolution-weights.h"
#include "pooling.h"
#include "program.h"
#include "softmax.h"

namespace descent {
namespace ISA {

/// Floats of an operand per block of rows.
constexpr int64_t rowBlock = 2048;
/// Maximum operations of a fused sequence, and its scratch beyond gemmScratch unless one operation needs more.
constexpr int maximumFused = 32;
constexpr int64_t fusedScratch = 128 * 1024;

inline Windows readWindows(const int32_t* n) { return {n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]}; }
inline Convolution readConvolution(const int32_t* n) {
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11]};
}

inline bool isRowWise(const Operation& o) { return (o.code >= 4 && o.code <= 10) || (o.code >= 14 && o.code <= 17); }
inline bool isConvolution(const Operation& o) { return o.code >= 8 && o.code <= 10; }

/// Floats per row of an operand; zero for weights and their gradients, which no other operand overlaps.
inline int64_t rowFloats(const Operation& o, int operand) {
  switch (o.code) {
    case 8: return operand == 0 ? readConvolution(o.n).sample() : operand >= 3 ? readConvolution(o.n).outputs() : 0;
    case 9: return operand == 0 ? readConvolution(o.n).sample() : operand == 1 ? readConvolution(o.n).outputs() : 0;
    case 10: return operand == 0 ? readConvolution(o.n).outputs() : operand == 2 ? readConvolution(o.n).sample() : 0;
    case 14:
    case 15:
    case 16:
    case 17: {
      const bool pooled = o.code == 17 ? operand == 0 : operand == 1 || operand == 2;
      const Windows w = readWindows(o.n);
      return o.n[0] * (pooled ? w.outputs() : w.plane());
    }
    default: return o.n[0];
  }
}

inline int64_t widestRow(const Operation& o) {
  int64_t floats = 1;
  for (int operand = 0; operand < maximumOperands; operand++)
    if (o.at[operand]) floats = max(floats, rowFloats(o, operand));
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
    case 10: return 2.0 * static_cast<double>(readConvolution(o.n).outputs()) * readConvolution(o.n).taps();
    default: return 4.0 * static_cast<double>(widestRow(o));
  }
}

/// Floats of scratch beyond gemmScratch: per thread, and shared (stored after those of the first thread).
inline int64_t rowOwn(const Operation& o) {
  switch (o.code) {
    case 8: return forwardOwn(readConvolution(o.n));
    case 9: return weightsOwn(readConvolution(o.n));
    case 10: return inputOwn(readConvolution(o.n));
    default: return 0;
  }
}
inline int64_t rowShared(const Operation& o) {
  switch (o.code) {
    case 8: return forwardShared(readConvolution(o.n));
    case 9: return weightsShared(readConvolution(o.n));
    case 10: return inputShared(readConvolution(o.n));
    default: return 0;
  }
}

/// Floats of scratch for the row-wise operations of a list, gemmScratch included.
inline int64_t rowWiseScratch(const std::vector<Operation>& list) {
  int64_t total = 0;
  int64_t largest = 0;
  for (const Operation& o : list) {
    if (!isConvolution(o)) continue;
    const int64_t floats = rowOwn(o) + rowShared(o);
    total += floats;
    largest = max(largest, floats);
  }
  return gemmScratch + max(largest, min(total, fusedScratch));
}

/// Prepares the memory of one thread; `shared` is null except for the first thread.
inline void prepareRows(const Operation& o, float* own, float* shared) {
  if (o.code == 8 && shared) prepareForward(readConvolution(o.n), o.at[1], shared);
  else if (o.code == 9) prepareWeights(readConvolution(o.n), shared, own);
  else if (o.code == 10) prepareInput(readConvolution(o.n), o.at[1], shared, own);
}

/// @param relu for pooling backward: the output of the relu before it, whose backward pass is fused; or null.
inline void runRows(const Operation& o, const float* relu, int from, int end, const RowScratch& memory) {
  float* const* at = o.at;
  const auto rowsOf = [&](int operand) { return at[operand] + from * rowFloats(o, operand); };
  const int planes = (end - from) * o.n[0];
  switch (o.code) {
    case 4: return activate(o.n[1], rowsOf(0), rowsOf(1), planes);
    case 5: return activateBackward(o.n[1], rowsOf(0), rowsOf(1), planes);
    case 6: return softmaxForward(rowsOf(0), rowsOf(1), end - from, o.n[0]);
    case 7: return softmaxBackward(rowsOf(0), rowsOf(1), end - from, o.n[0]);
    case 8: return convolutionForward(readConvolution(o.n), at[0], at[2], at[3], at[4], from, end, o.n[12], memory);
    case 9: return convolutionBackwardWeights(readConvolution(o.n), at[0], at[1], from, end, memory);
    case 10: return convolutionBackwardInput(readConvolution(o.n), at[0], at[1], at[2], from, end, memory);
    case 14: return maxPoolingForward(rowsOf(0), rowsOf(1), planes, readWindows(o.n));
    case 15: return maxPoolingBackward(rowsOf(0), rowsOf(1), rowsOf(2), rowsOf(3), planes, readWindows(o.n), relu != nullptr);
    case 16: return averagePoolingForward(rowsOf(0), rowsOf(1), planes, readWindows(o.n));
    case 17:
      return averagePoolingBackward(rowsOf(0), rowsOf(1), planes, readWindows(o.n),
                                    relu ? relu + from * rowFloats(o, 1) : nullptr);
  }
}

/// Whether `next` may run on a block of rows before `before` has run on all rows, so that operands must not overlap.
inline bool canFuse(const Operation& before, const Operation& next, int64_t capacity) {
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

/// The output of the relu whose backward pass `next` can be fused into `pooling`, or null. For max pooling, the relu's
/// derivative at the winning cell depends only on the maximum.
inline const float* fusedRelu(const Operation& pooling, const Operation& next) {
  if (next.code != 5 || next.n[1] != activation::relu || (pooling.code != 15 && pooling.code != 17)) return nullptr;
  const int dx = pooling.code == 15 ? 3 : 1;
  const bool same = next.at[1] == pooling.at[dx] && rowFloats(next, 1) == rowFloats(pooling, dx);
  return same && (pooling.code == 17 || next.at[0] == pooling.at[0]) ? next.at[0] : nullptr;
}

/// A sequence of fused operations, with their offsets in the scratch of a thread.
struct FusedSequence {
  struct Part {
    const Operation* operation;
    const float* relu;
    int64_t own;
    int64_t shared;
  };
  Part parts[maximumFused];
  int count = 0;
  int64_t widest = 1;
  /// Floating-point operations a row.
  double cost = 0;
};

/// Collects operations that can be fused, starting with `first`. @returns the next operation.
inline const Operation* collectFusable(const Operation* first, const Operation* end, int64_t capacity,
                                       int64_t scratchFloats, FusedSequence& sequence) {
  int64_t used = gemmScratch;
  const Operation* next = first;
  for (; next != end && sequence.count < maximumFused && isRowWise(*next); next++) {
    const int64_t own = rowOwn(*next);
    const int64_t shared = rowShared(*next);
    bool joins = used + own + shared <= scratchFloats;
    for (const Operation* before = first; before != next; before++) joins = joins && canFuse(*before, *next, capacity);
    if (!joins) break;
    sequence.cost += rowCost(*next);
    const float* const relu = next == first ? nullptr : fusedRelu(*(next - 1), *next);
    if (relu) {
      sequence.parts[sequence.count - 1].relu = relu;
      continue;
    }
    sequence.parts[sequence.count++] = {next, nullptr, used, used + own};
    sequence.widest = max(sequence.widest, widestRow(*next));
    used += own + shared;
  }
  return next;
}

/// Runs operations that can be fused, starting with `first`. @returns the next operation.
inline const Operation* runRowWise(const Operation* first, const Operation* end, int rows, int64_t capacity,
                                   const Context& context) {
  FusedSequence sequence;
  const Operation* const next = collectFusable(first, end, capacity, context.scratchFloats, sequence);
  const int threads = context.pool ? context.pool->threads() : 1;
  const auto overParts = [&](const auto& work) {
    for (int i = 0; i < sequence.count; i++) work(sequence.parts[i]);
  };
  overParts([&](const FusedSequence::Part& part) {
    for (int i = 0; i < threads && isConvolution(*part.operation); i++) {
      float* const scratch = context.scratch + i * context.scratchFloats;
      prepareRows(*part.operation, scratch + part.own, i == 0 ? scratch + part.shared : nullptr);
    }
  });
  const int block = sequence.count == 1 ? rows : static_cast<int>(max<int64_t>(1, rowBlock / sequence.widest));
  parallelFor(context, sequence.cost * rows, rows, 1, [&](int from, int to, float* scratch) {
    for (int row = from; row < to; row += block)
      overParts([&](const FusedSequence::Part& part) {
        runRows(*part.operation, part.relu, row, min(row + block, to),
                {scratch, scratch + part.own, context.scratch + part.shared});
      });
  });
  overParts([&](const FusedSequence::Part& part) {
    const Operation& o = *part.operation;
    if (o.code == 9)
      finishWeights(readConvolution(o.n), o.at[2], o.at[3], context.scratch + part.own, threads, context.scratchFloats);
  });
  return next;
}

}  // namespace ISA
}  // namespace descent
