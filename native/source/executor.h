// Runs trainings and predictions as src/engine/program.ts specifies.
#pragma once
#include <cmath>

#include "dispatch.h"
#include "narrow/pair.h"
#include "narrow/plan.h"
#include "training.h"

namespace descent {
namespace ISA {

/// Flushes denormals to zero during its lifetime, then restores the thread's mode.
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

inline Context createContext(const Machine& machine) {
  return {machine.pool.get(), machine.scratch.get(), machine.scratchFloats};
}

inline void copyRow(const float* from, float* to, int64_t width) {
  forEachVector(width, [&](int64_t i, auto mask) { store(to + i, load(from + i, mask), mask); });
}

/// Inlined, because GCC would drop calls of a function that only prefetches.
[[gnu::always_inline]] inline void prefetchRow(const float* from, int64_t width) {
  for (int64_t i = 0; i < width; i += 16) __builtin_prefetch(from + i);
}

/// Copies rows in the given order, or sequentially.
inline void gather(const float* from, float* to, int width, const int32_t* order, int count) {
  if (!order) return copyRow(from, to, int64_t{width} * count);
  for (int i = 0; i < count; i++) {
    // Rows are in random order, so prefetch the next row while copying this one.
    if (i + 1 < count) prefetchRow(from + int64_t{order[i + 1]} * width, width);
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

/// Steps of general programs.
class GeneralSteps {
 public:
  explicit GeneralSteps(const Program& program) : program_(program) {}

  void load(const float* x, const float* y, const int32_t* order, int rows) {
    gather(x, program_.input, program_.features, order, rows);
    gather(y, program_.target, program_.targets, order, rows);
  }
  bool step(StepState& state, const Context& context) {
    runOperations(program_.list[forwardList], state, program_.capacity, context);
    runOperations(program_.list[backwardList], state, program_.capacity, context);
    return false;
  }
  const std::vector<Operation>& update() const { return program_.list[updateList]; }
  void finish() const {}
  void evaluate(StepState& state, const Context& context) {
    runOperations(program_.list[evaluationList], state, program_.capacity, context);
  }

 private:
  const Program& program_;
};

template <typename Steps>
inline void loadBatch(Training& t, const Slice& slice, int64_t first, int rows, Steps& steps) {
  if (t.orderedEpoch != slice.epoch) orderRows(t, slice.epoch);
  const bool sequential = t.sampling == Sampling::sequential;
  const int64_t skipped = sequential ? first : 0;
  steps.load(t.data.trainingX + skipped * t.program.features, t.data.trainingY + skipped * t.program.targets,
             sequential ? nullptr : t.order + first, rows);
}

/// Adds the losses and correct predictions of the validation rows to `state`.
template <typename Steps> inline void validate(const Training& t, Steps& steps, StepState& state, const Context& context) {
  const Program& program = t.program;
  const Data& data = t.data;
  for (int64_t first = 0; first < data.validationRows; first += program.capacity) {
    state.rows = static_cast<int>(min<int64_t>(program.capacity, data.validationRows - first));
    const float* const x = data.validationX + first * program.features;
    steps.load(x, data.validationY + first * program.targets, nullptr, state.rows);
    steps.evaluate(state, context);
  }
}

/// @tparam stays whether all epochs use the same single batch, which is loaded once.
template <bool stays, typename Steps>
Reason runSteps(Training& t, Slice& slice, const Steps& initial, const Context& context) {
  const Program& program = t.program;
  const double trainingRows = t.data.trainingRows;
  const double validationRows = t.data.validationRows ? t.data.validationRows : NAN;
  const double answers = program.answersPerRow ? program.answersPerRow : NAN;
  const int64_t stepsPerEpoch = (int64_t{t.data.trainingRows} + program.capacity - 1) / program.capacity;
  // Local copies, so that the compiler can keep the fields in registers.
  Slice s = slice;
  Steps steps(initial);
  Reason reason = Reason::diverged;
  if (stays) loadBatch(t, s, 0, t.data.trainingRows, steps);
  for (int64_t count = 0;; count++) {
    if (s.step == stepsPerEpoch) {
      StepState validation{0, 0, 0, {0, 0}, 0, 0};
      if (!stays) validate(t, steps, validation, context);
      if (!std::isfinite(validation.lossSum)) break;
      double* const metrics = s.metrics + 4 * s.finished;
      metrics[0] = s.lossSum / trainingRows;
      metrics[1] = s.right / (trainingRows * answers);
      metrics[2] = validation.lossSum / validationRows;
      metrics[3] = validation.right / (validationRows * answers);
      s.finished++;
      s.epoch++;
      s.step = 0;
      s.lossSum = 0;
      s.right = 0;
    }
    if (s.finished == s.epochs) {
      reason = Reason::epochs;
      break;
    }
    if (s.stop && __atomic_load_n(s.stop, __ATOMIC_RELAXED) != 0) {
      reason = Reason::stop;
      break;
    }
    if (count == s.steps) {
      reason = Reason::steps;
      break;
    }
    const int64_t first = s.step * program.capacity;
    const int rows = static_cast<int>(min<int64_t>(program.capacity, t.data.trainingRows - first));
    if (!stays) loadBatch(t, s, first, rows, steps);
    StepState state{rows, s.learningRates[s.finished], static_cast<uint64_t>(s.epoch * stepsPerEpoch + s.step),
               {t.dropoutKey[0], t.dropoutKey[1]}, s.lossSum, s.right};
    if (!steps.step(state, context)) runOperations(steps.update(), state, program.capacity, context);
    s.lossSum = state.lossSum;
    s.right = state.right;
    s.step++;
    if (!std::isfinite(s.lossSum)) break;
  }
  steps.finish();
  slice = s;
  return reason;
}

template <typename Steps> Reason runSteps(Training& t, Slice& slice, const Steps& steps, const Context& context) {
  const bool alone = t.data.trainingRows <= t.program.capacity && t.data.validationRows == 0;
  const bool stays = alone && t.sampling == Sampling::sequential;
  return stays ? runSteps<true>(t, slice, steps, context) : runSteps<false>(t, slice, steps, context);
}

/// Selects specialized steps for networks whose parameters fit in registers.
inline Reason runNarrow(Training& t, Slice& slice, NarrowNetwork& network, const Context& context) {
  constexpr int fewVectors = ceilDivide(4, fours);
  constexpr int manyVectors = ceilDivide(8, fours);
  const int vectors = isPair(network) ? network.layers[0].down : manyVectors + 1;
  const int blocks = network.layers[0].across;
  if (vectors > manyVectors || blocks > 2) return runSteps(t, slice, NarrowSteps(network), context);
  if (vectors > fewVectors && blocks == 2) return runSteps(t, slice, PairSteps<manyVectors, 2>(network), context);
  if (vectors > fewVectors) return runSteps(t, slice, PairSteps<manyVectors, 1>(network), context);
  if (blocks == 2) return runSteps(t, slice, PairSteps<fewVectors, 2>(network), context);
  return runSteps(t, slice, PairSteps<fewVectors, 1>(network), context);
}

Reason run(Training& t, Slice& slice) {
  const FlushedDenormals flushed;
  const Context context = createContext(t);
  NarrowNetwork network;
  const bool narrow = NarrowPlan(t.program, network).make(context.scratch, gemmScratch);
  if (!narrow) return runSteps(t, slice, GeneralSteps(t.program), context);
  network.packParameters();
  const Reason reason = runNarrow(t, slice, network, context);
  network.unpackParameters();
  return reason;
}

/// The operation that can read a batch's rows from the caller's memory: a first dense layer, which does not read past its
/// rows. Null if another operation needs the rows in the arena.
inline DenseForward* readerInPlace(Program& program) {
  std::vector<Operation>& list = program.list[predictionList];
  DenseForward* reader = nullptr;
  for (Operation& o : list) {
    for (int i = 0; i < o.operands; i++) {
      if (o.at[i] != program.input) continue;
      const bool isFirstDense = &o == &list.front() && i == 0 && o.type == OperationType::denseForward;
      if (!isFirstDense || o.denseForward.inputs != program.features) return nullptr;
      reader = &o.denseForward;
    }
  }
  return reader;
}

void predict(Machine& machine, const float* inputs, float* outputs, int64_t rows) {
  const FlushedDenormals flushed;
  Program& program = machine.program;
  const Context context = createContext(machine);
  DenseForward* const reader = readerInPlace(program);
  const auto copy = [&](const float* from, float* to, int count, int width) {
    parallelFor(context, 10.0 * count * width, count, 1, [&](int first, int end, float*) {
      copyRow(from + int64_t{first} * width, to + int64_t{first} * width, int64_t{end - first} * width);
    });
  };
  for (int64_t first = 0; first < rows; first += program.capacity) {
    StepState state{static_cast<int>(min<int64_t>(program.capacity, rows - first)), 0, 0, {0, 0}, 0, 0};
    const float* const from = inputs + first * program.features;
    if (reader) reader->x = from;
    else copy(from, program.input, state.rows, program.features);
    runOperations(program.list[predictionList], state, program.capacity, context);
    copy(program.output, outputs + first * program.outputs, state.rows, program.outputs);
  }
  if (reader) reader->x = program.input;
}

int64_t scratchFor(const Program& program) {
  int64_t floats = gemmScratch;
  for (const auto& list : program.list) {
    floats = max(floats, rowWiseScratch(list));
    for (const Operation& operation : list) floats = max(floats, operationScratch(operation, program.capacity));
  }
  return wholeLines(floats);
}

}  // namespace ISA
}  // namespace descent
