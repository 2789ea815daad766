// Performs the operations of a program, trains by the definition in src/engine/program.ts, and predicts.
#pragma once
#include <cmath>

#include "dense.h"
#include "locally-connected.h"
#include "loss.h"
#include "narrow.h"
#include "normalization.h"
#include "optimizers.h"
#include "random.h"
#include "rowwise.h"
#include "training.h"

namespace descent {
namespace ISA {

/// Denormal numbers count as zero while this lives; then the thread's mode is what it was.
class FlushedDenormals {
 public:
#if defined(DESCENT_NEON)
  FlushedDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(mode_));
    asm volatile("msr fpcr, %0" : : "r"(mode_ | (uint64_t{1} << 24)));
  }
  ~FlushedDenormals() { asm volatile("msr fpcr, %0" : : "r"(mode_)); }
#else
  FlushedDenormals() : mode_(_mm_getcsr()) { _mm_setcsr(static_cast<unsigned>(mode_) | 0x8040); }
  ~FlushedDenormals() { _mm_setcsr(static_cast<unsigned>(mode_)); }
#endif
  FlushedDenormals(const FlushedDenormals&) = delete;
  FlushedDenormals& operator=(const FlushedDenormals&) = delete;

 private:
  uint64_t mode_;
};

/// The values of the moment.
struct Moment {
  int rows;
  double learningRate;
  /// The training's steps before this one.
  uint64_t step;
  Key dropout;
  double lossSum;
  double right;
};

inline Local localOf(const int32_t* n) { return {n[0], n[1], n[2], n[3], n[4], n[5]}; }

/// Floats of scratch an operation that is not row-wise wants: a product's, and its own.
inline int64_t scratchOf(const Operation& operation, int capacity) {
  switch (operation.code) {
    case 11:
    case 12:
    case 13: return productScratch + localScratch(localOf(operation.n), capacity);
    case 23: return productScratch + 2 * most(int64_t{operation.n[0]}, int64_t{turnedWidth} * lanes) + 2 * lanes;
    default: return productScratch;
  }
}

/// Performs an operation that is not row-wise.
inline void perform(const Operation& o, Moment& now, const Context& context) {
  const int rows = now.rows;
  float* const* at = o.at;
  const int32_t* n = o.n;
  const double* real = o.real;
  const auto elementwise = [&](int64_t count, double cost, auto work) {
    share(context, cost * static_cast<double>(count), static_cast<int>(count), optimizerGrain,
          [&](int from, int end, float*) { work(from, end); });
  };
  switch (o.code) {
    case 1: return denseForward(at[0], at[1], at[2], at[3], at[4], rows, n[0], n[1], n[2], context);
    case 2: return denseBackwardWeights(at[0], at[1], at[2], at[3], rows, n[0], n[1], context);
    case 3: return denseBackwardInput(at[0], at[1], at[2], rows, n[0], n[1], context);
    case 11: return localForward(at[0], at[1], at[2], at[3], at[4], localOf(n), rows, n[6], context);
    case 12: return localBackwardWeights(at[0], at[1], at[2], at[3], localOf(n), rows, context);
    case 13: return localBackwardInput(at[0], at[1], at[2], localOf(n), rows, context);
    case 18: {
      const Normalization state{at[1], at[2], at[3], at[4], at[5], at[6], real[2], real[3]};
      return normalizationForward(at[0], at[7], {rows, n[0], n[1]}, state);
    }
    case 19:
      return normalizationInference(at[0], at[5], {rows, n[0], n[1]}, at[1], at[2], at[3], at[4], real[2]);
    case 20:
      return normalizationBackward(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], {rows, n[0], n[1]});
    case 21: {
      const Key key{now.dropout.low, now.dropout.high | (static_cast<uint32_t>(n[2]) << 24)};
      return elementwise(int64_t{rows} * n[0], 20, [&](int from, int end) {
        dropoutForward(at[0], at[1], at[2], from, end, real[1], key, static_cast<uint32_t>(now.step));
      });
    }
    case 22:
      return elementwise(int64_t{rows} * n[0], 2,
                         [&](int from, int end) { dropoutBackward(at[0] + from, at[1] + from, end - from); });
    case 23: {
      const Judgement judgement =
          judge(n[1], n[2], at[0], at[1], at[2], rows, n[0], context.scratch + productScratch);
      now.lossSum += judgement.lossSum;
      now.right += static_cast<double>(judgement.right);
      return;
    }
    case 24: return clipGradients(at[0], n[0], real[1]);
    case 25: {
      const Sgd sgd{static_cast<float>(now.learningRate), static_cast<float>(real[1]), n[2] != 0,
                    static_cast<float>(real[3])};
      return elementwise(n[0], 16, [&](int from, int end) { sgdUpdate(at[0], at[1], at[2], from, end, sgd); });
    }
    case 26: {
      const Adam adam{now.learningRate, real[1], real[2], real[3], n[4] != 0, real[5]};
      const double step = static_cast<double>(now.step + 1);
      return elementwise(n[0], 30,
                         [&](int from, int end) { adamUpdate(at[0], at[1], at[2], at[3], from, end, adam, step); });
    }
    case 27:
      return elementwise(n[0], 25, [&](int from, int end) {
        scaledUpdate(at[0], at[1], at[2], from, end, now.learningRate, real[1], 1 - real[1], real[2]);
      });
    case 28:
      return elementwise(n[0], 25, [&](int from, int end) {
        scaledUpdate(at[0], at[1], at[2], from, end, now.learningRate, 1, 1, real[1]);
      });
  }
}

inline void performAll(const std::vector<Operation>& list, Moment& now, int64_t capacity, const Context& context) {
  const Operation* const end = list.data() + list.size();
  for (const Operation* o = list.data(); o != end;) {
    if (isRowWise(*o)) o = performRowWise(o, end, now.rows, capacity, context);
    else perform(*o++, now, context);
  }
}

inline Context contextOf(const Machine& machine) {
  return {machine.team.get(), machine.scratch.get(), machine.scratchFloats};
}

inline void copyRow(const float* from, float* to, int64_t width) {
  overVectors(width, [&](int64_t i, Mask mask) { store(to + i, load(from + i, mask), mask); });
}

inline void fetch(const float* from, int64_t width) {
  for (int64_t i = 0; i < width; i += 16) __builtin_prefetch(from + i);
}

/// Rows in the given order, or one after another.
inline void gather(const float* from, float* to, int width, const int32_t* order, int count) {
  if (!order) return copyRow(from, to, int64_t{width} * count);
  for (int i = 0; i < count; i++) {
    // The next row lies anywhere in memory: asked for now, it arrives while this one is copied.
    if (i + 1 < count) fetch(from + int64_t{order[i + 1]} * width, width);
    copyRow(from + int64_t{order[i]} * width, to + int64_t{i} * width, width);
  }
}

inline void orderRows(Training& t, int64_t epoch) {
  const int32_t n = t.data.trainingRows;
  const Key key{t.orderKey[0], t.orderKey[1]};
  const uint32_t row = static_cast<uint32_t>(epoch);
  if (t.sampling == Sampling::shuffle) permute(t.order, n, key, row);
  else if (t.sampling == Sampling::random) drawWithReplacement(t.order, n, key, row);
  t.orderedEpoch = epoch;
}

/// What holds for all steps of a slice.
struct Way {
  int64_t stepsPerEpoch;
  /// Full batches go by narrowStep.
  bool narrow;
  /// Of a narrow program.
  const Operation* fused;
  explicit Way(const Training& t)
      : stepsPerEpoch((int64_t{t.data.trainingRows} + t.program.capacity - 1) / t.program.capacity),
        narrow(isNarrow(t.program)),
        fused(narrow ? fusedUpdate(t.program) : nullptr) {}
};

/// Fills the buffers input and target.
inline void loadBatch(Training& t, int64_t first, int rows, bool narrow) {
  const Program& program = t.program;
  const bool sequential = t.sampling == Sampling::sequential;
  const int32_t* order = sequential ? nullptr : t.order + first;
  const float* x = t.data.trainingX + (sequential ? first * program.features : 0);
  const float* y = t.data.trainingY + (sequential ? first * program.targets : 0);
  if (narrow) {
    gatherColumns(x, program.input, program.features, order);
    gatherColumns(y, program.target, program.targets, order);
  } else {
    gather(x, program.input, program.features, order, rows);
    gather(y, program.target, program.targets, order, rows);
  }
}

inline void trainStep(Training& t, Slice& slice, double learningRate, const Way& way, const Context& context) {
  const Program& program = t.program;
  const int64_t first = slice.step * program.capacity;
  const int rows = static_cast<int>(least<int64_t>(program.capacity, t.data.trainingRows - first));
  const bool narrow = way.narrow && rows == narrowRows;
  if (t.orderedEpoch != slice.epoch) orderRows(t, slice.epoch);
  if (!t.loaded) loadBatch(t, first, rows, narrow);
  // The only batch of all epochs stays where it is.
  t.loaded = t.sampling == Sampling::sequential && way.stepsPerEpoch == 1 && t.data.validationRows == 0;
  Moment now{rows, learningRate, static_cast<uint64_t>(slice.epoch * way.stepsPerEpoch + slice.step),
             {t.dropoutKey[0], t.dropoutKey[1]}, slice.lossSum, slice.right};
  if (narrow) {
    const Judgement judgement = narrowStep(program, learningRate, way.fused, context.scratch);
    now.lossSum += judgement.lossSum;
    now.right += static_cast<double>(judgement.right);
  } else {
    performAll(program.list[forwardList], now, program.capacity, context);
    performAll(program.list[backwardList], now, program.capacity, context);
  }
  if (!narrow || !way.fused) performAll(program.list[updateList], now, program.capacity, context);
  slice.lossSum = now.lossSum;
  slice.right = now.right;
  slice.step++;
}

/// Validates, writes the epoch's metrics and moves on. @returns false when the validation loss is not finite.
inline bool finishEpoch(Training& t, Slice& slice, const Context& context) {
  const Program& program = t.program;
  const Data& data = t.data;
  Moment now{0, 0, 0, {0, 0}, 0, 0};
  for (int64_t first = 0; first < data.validationRows; first += program.capacity) {
    now.rows = static_cast<int>(least<int64_t>(program.capacity, data.validationRows - first));
    gather(data.validationX + first * program.features, program.input, program.features, nullptr, now.rows);
    gather(data.validationY + first * program.targets, program.target, program.targets, nullptr, now.rows);
    performAll(program.list[evaluationList], now, program.capacity, context);
  }
  if (!std::isfinite(now.lossSum)) return false;
  const double answers = program.answersPerRow ? program.answersPerRow : NAN;
  double* metrics = slice.metrics + 4 * slice.finished;
  metrics[0] = slice.lossSum / data.trainingRows;
  metrics[1] = slice.right / (data.trainingRows * answers);
  metrics[2] = data.validationRows ? now.lossSum / data.validationRows : NAN;
  metrics[3] = data.validationRows ? now.right / (data.validationRows * answers) : NAN;
  slice.finished++;
  slice.epoch++;
  slice.step = 0;
  slice.lossSum = 0;
  slice.right = 0;
  return true;
}

Reason run(Training& t, Slice& slice) {
  const FlushedDenormals flushed;
  const Context context = contextOf(t);
  t.loaded = false;
  const Way way(t);
  for (int64_t steps = 0;; steps++) {
    if (slice.step == way.stepsPerEpoch && !finishEpoch(t, slice, context)) return Reason::diverged;
    if (slice.finished == slice.epochs) return Reason::epochs;
    if (slice.stop && __atomic_load_n(slice.stop, __ATOMIC_RELAXED) != 0) return Reason::stop;
    if (steps == slice.steps) return Reason::steps;
    trainStep(t, slice, slice.learningRates[slice.finished], way, context);
    if (!std::isfinite(slice.lossSum)) return Reason::diverged;
  }
}

void predict(Machine& machine, const float* inputs, float* outputs, int64_t rows) {
  const FlushedDenormals flushed;
  const Program& program = machine.program;
  const Context context = contextOf(machine);
  const auto copy = [&](const float* from, float* to, int count, int width) {
    share(context, 10.0 * count * width, count, 1, [&](int first, int end, float*) {
      copyRow(from + int64_t{first} * width, to + int64_t{first} * width, int64_t{end - first} * width);
    });
  };
  for (int64_t first = 0; first < rows; first += program.capacity) {
    Moment now{static_cast<int>(least<int64_t>(program.capacity, rows - first)), 0, 0, {0, 0}, 0, 0};
    copy(inputs + first * program.features, program.input, now.rows, program.features);
    performAll(program.list[predictionList], now, program.capacity, context);
    copy(program.output, outputs + first * program.outputs, now.rows, program.outputs);
  }
}

int64_t scratchFor(const Program& program) {
  int64_t floats = productScratch;
  for (const auto& list : program.list) {
    floats = most(floats, rowScratchOf(list));
    for (const Operation& operation : list) floats = most(floats, scratchOf(operation, program.capacity));
  }
  return wholeLines(floats);
}

}  // namespace ISA
}  // namespace descent
