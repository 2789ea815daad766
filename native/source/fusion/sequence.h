// Sequences of row-wise operations are fused: they run over a few rows at a time, so that intermediate results stay in the
// caches and threads synchronize once.
#pragma once
#include "row-memory.h"

namespace descent {
namespace ISA {

/// Floats of an operand per block of rows.
constexpr int64_t rowBlock = 2048;
/// Maximum operations of a fused sequence.
constexpr int maximumFused = 32;

inline int64_t widestRow(const Operation& o) {
  int64_t floats = 1;
  for (int operand = 0; operand < o.operands; operand++)
    if (o.at[operand]) floats = max(floats, o.rowFloats[operand]);
  return floats;
}

/// Floating-point operations a row.
struct RowCost {
  int64_t widest;

  double operator()(const ActivationForward& o) const { return 10.0 * o.size; }
  double operator()(const ActivationBackward& o) const { return 4.0 * o.size; }
  double operator()(const SoftmaxForward& o) const { return 20.0 * o.size; }
  double operator()(const SoftmaxBackward& o) const { return 20.0 * o.size; }
  double operator()(const ConvolutionForward& o) const { return products(convolution(o)); }
  double operator()(const ConvolutionBackwardWeights& o) const { return products(convolution(o)); }
  double operator()(const ConvolutionBackwardInput& o) const { return products(convolution(o)); }
  template <typename Other> double operator()(const Other&) const { return 4.0 * static_cast<double>(widest); }

  static double products(const Convolution& c) { return 2.0 * static_cast<double>(c.outputs()) * c.taps(); }
};

/// Whether `next` may run on a block of rows before `before` has run on all rows, so that operands must not overlap.
inline bool canFuse(const Operation& before, const Operation& next, int64_t capacity) {
  for (int a = 0; a < before.operands; a++) {
    for (int b = 0; b < next.operands; b++) {
      if (!before.at[a] || !next.at[b]) continue;
      const int64_t first = before.rowFloats[a];
      const int64_t second = next.rowFloats[b];
      if (before.at[a] == next.at[b] && first == second) continue;
      if (before.at[a] < next.at[b] + second * capacity && next.at[b] < before.at[a] + first * capacity) return false;
    }
  }
  return true;
}

/// The output of the relu whose backward pass `next` can be fused into `pooling`, or null. For max pooling, the relu's
/// derivative at the winning cell depends only on the maximum.
inline const float* fusedRelu(const Operation& pooling, const Operation& next) {
  const auto* const backward = as<ActivationBackward>(next);
  if (!backward || backward->activation != Activation::relu) return nullptr;
  const auto isGradient = [&](const float* dx, int64_t floats) { return backward->dy == dx && backward->size == floats; };
  if (const auto* const o = as<MaxPoolingBackward>(pooling)) {
    const bool same = isGradient(o->dx, o->channels * windows(*o).plane()) && backward->source == o->x;
    return same ? backward->source : nullptr;
  }
  if (const auto* const o = as<AveragePoolingBackward>(pooling))
    return isGradient(o->dx, o->channels * windows(*o).plane()) ? backward->source : nullptr;
  return nullptr;
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
    const RowMemory memory = visit(*next, RowMemoryNeed{});
    bool joins = used + memory.own + memory.shared <= scratchFloats;
    for (const Operation* before = first; before != next; before++) joins = joins && canFuse(*before, *next, capacity);
    if (!joins) break;
    sequence.cost += visit(*next, RowCost{widestRow(*next)});
    const float* const relu = next == first ? nullptr : fusedRelu(*(next - 1), *next);
    if (relu) {
      sequence.parts[sequence.count - 1].relu = relu;
      continue;
    }
    sequence.parts[sequence.count++] = {next, nullptr, used, used + memory.own};
    sequence.widest = max(sequence.widest, widestRow(*next));
    used += memory.own + memory.shared;
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
    for (int i = 0; i < threads; i++) {
      float* const scratch = context.scratch + i * context.scratchFloats;
      visit(*part.operation, PrepareRows{scratch + part.own, i == 0 ? scratch + part.shared : nullptr});
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
    if (const auto* const o = as<ConvolutionBackwardWeights>(*part.operation))
      finishWeights(convolution(*o), o->dWeight, o->dBias, context.scratch + part.own, threads, context.scratchFloats);
  });
  return next;
}

}  // namespace ISA
}  // namespace descent
