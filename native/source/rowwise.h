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

template <typename Pooling> Windows windows(const Pooling& o) {
  return {o.height, o.width, o.kernelHeight, o.kernelWidth, o.strideY, o.strideX, o.outputHeight, o.outputWidth};
}
template <typename Sizes> Convolution convolution(const Sizes& o) {
  return {o.channels, o.height,       o.width,       o.kernelHeight, o.kernelWidth, o.strideY,
          o.strideX,  o.outputHeight, o.outputWidth, o.filters,      o.padTop,      o.padLeft};
}

/// Rows `from` to `end` of a batch, for the operations that work on rows independently. An operation is row-wise if it
/// has an overload here, otherwise it needs one in WholeBatch (dispatch.h).
struct RowRange {
  int from;
  int end;
  const RowScratch& memory;
  /// For pooling backward: the output of the relu before it, whose backward pass is fused; or null.
  const float* relu;

  int rows() const { return end - from; }

  void operator()(const ActivationForward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    activate(o.activation, o.x + skipped, o.y + skipped, int64_t{rows()} * o.size);
  }
  void operator()(const ActivationBackward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    activateBackward(o.activation, o.source + skipped, o.dy + skipped, int64_t{rows()} * o.size);
  }
  void operator()(const SoftmaxForward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    softmaxForward(o.x + skipped, o.y + skipped, rows(), o.size);
  }
  void operator()(const SoftmaxBackward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    softmaxBackward(o.y + skipped, o.dy + skipped, rows(), o.size);
  }
  void operator()(const ConvolutionForward& o) const {
    convolutionForward(convolution(o), o.x, o.bias, o.y, o.z, from, end, o.activation, memory);
  }
  void operator()(const ConvolutionBackwardWeights& o) const {
    convolutionBackwardWeights(convolution(o), o.x, o.dz, from, end, memory);
  }
  void operator()(const ConvolutionBackwardInput& o) const {
    convolutionBackwardInput(convolution(o), o.dz, o.weight, o.dx, from, end, memory);
  }
  void operator()(const MaxPoolingForward& o) const {
    const Planes p = planes(o);
    maxPoolingForward(o.x + p.cells, o.y + p.outputs, p.count, p.windows);
  }
  void operator()(const MaxPoolingBackward& o) const {
    const Planes p = planes(o);
    maxPoolingBackward(o.x + p.cells, o.y + p.outputs, o.dy + p.outputs, o.dx + p.cells, p.count, p.windows,
                       relu != nullptr);
  }
  void operator()(const AveragePoolingForward& o) const {
    const Planes p = planes(o);
    averagePoolingForward(o.x + p.cells, o.y + p.outputs, p.count, p.windows);
  }
  void operator()(const AveragePoolingBackward& o) const {
    const Planes p = planes(o);
    averagePoolingBackward(o.dy + p.outputs, o.dx + p.cells, p.count, p.windows, relu ? relu + p.cells : nullptr);
  }

 private:
  /// The planes of the rows, with the cells and outputs before them.
  struct Planes {
    Windows windows;
    int64_t cells;
    int64_t outputs;
    int count;
  };

  template <typename Pooling> Planes planes(const Pooling& o) const {
    const Windows w = windows(o);
    const int64_t before = int64_t{from} * o.channels;
    return {w, before * w.plane(), before * w.outputs(), rows() * o.channels};
  }
};

template <typename Struct> constexpr bool isRowWiseStruct = std::is_invocable_v<const RowRange&, const Struct&>;

inline bool isRowWise(const Operation& o) {
  return visit(o, [](const auto& known) { return isRowWiseStruct<std::decay_t<decltype(known)>>; });
}

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

/// Floats of scratch of a row-wise operation beyond gemmScratch: per thread, and shared (stored after those of the first
/// thread).
struct RowMemory {
  int64_t own;
  int64_t shared;
};

struct RowMemoryNeed {
  RowMemory operator()(const ConvolutionForward& o) const {
    return {forwardOwn(convolution(o)), forwardShared(convolution(o))};
  }
  RowMemory operator()(const ConvolutionBackwardWeights& o) const {
    return {weightsOwn(convolution(o)), weightsShared(convolution(o))};
  }
  RowMemory operator()(const ConvolutionBackwardInput& o) const {
    return {inputOwn(convolution(o)), inputShared(convolution(o))};
  }
  template <typename Other> RowMemory operator()(const Other&) const { return {0, 0}; }
};

/// Floats of scratch for the row-wise operations of a list, gemmScratch included.
inline int64_t rowWiseScratch(const std::vector<Operation>& list) {
  int64_t total = 0;
  int64_t largest = 0;
  for (const Operation& o : list) {
    const RowMemory memory = visit(o, RowMemoryNeed{});
    total += memory.own + memory.shared;
    largest = max(largest, memory.own + memory.shared);
  }
  return gemmScratch + max(largest, min(total, fusedScratch));
}

/// Prepares the memory of one thread; `shared` is null except for the first thread.
struct PrepareRows {
  float* own;
  float* shared;

  void operator()(const ConvolutionForward& o) const {
    if (shared) prepareForward(convolution(o), o.weight, shared);
  }
  void operator()(const ConvolutionBackwardWeights& o) const { prepareWeights(convolution(o), shared, own); }
  void operator()(const ConvolutionBackwardInput& o) const { prepareInput(convolution(o), o.weight, shared, own); }
  template <typename Other> void operator()(const Other&) const {}
};

/// Runs a row-wise operation.
inline void runRows(const Operation& o, const float* relu, int from, int end, const RowScratch& memory) {
  const RowRange range{from, end, memory, relu};
  visit(o, [&](const auto& known) {
    if constexpr (isRowWiseStruct<std::decay_t<decltype(known)>>) range(known);
  });
}

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
