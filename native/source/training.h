// The state of a training, and the interface of compiled kernels.
#pragma once
#include <cstdint>
#include <memory>

#include "program.h"
#include "thread-pool.h"

namespace descent {

struct Data {
  int32_t trainingRows = 0;
  const float* trainingX = nullptr;
  const float* trainingY = nullptr;
  int32_t validationRows = 0;
  const float* validationX = nullptr;
  const float* validationY = nullptr;
};

enum class Sampling { sequential, shuffle, random };
enum class Reason { epochs, steps, stop, diverged };

struct FreeFloats {
  void operator()(float* floats) const;
};

/// A program ready to run, with its threads and their scratch memory.
struct Machine {
  Program program;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<float[], FreeFloats> scratch;
  int64_t scratchFloats = 0;
};

struct Training : Machine {
  Data data;
  Sampling sampling = Sampling::sequential;
  /// Keys of the streams `shuffling` and `dropout`.
  uint32_t orderKey[2] = {0, 0};
  uint32_t dropoutKey[2] = {0, 0};
  int32_t* order = nullptr;
  /// The epoch that `order` belongs to; initially −1.
  int64_t orderedEpoch = -1;
};

/// Limits and results of one slice; the position is advanced in place.
struct Slice {
  int64_t epoch;
  int64_t step;
  double lossSum;
  double right;
  int64_t epochs;
  int64_t steps;
  const double* learningRates;
  /// Four values per finished epoch.
  double* metrics;
  /// A nonzero value requests a stop; may be null.
  const int32_t* stop;
  /// Epochs finished.
  int64_t finished;
};

struct Kernels {
  const char* name;
  /// Floats of scratch per thread for a program.
  int64_t (*scratchFor)(const Program&);
  Reason (*run)(Training&, Slice&);
  /// inputs [rows, features], outputs [rows, outputs]; any number of rows.
  void (*predict)(Machine&, const float* inputs, float* outputs, int64_t rows);
};

/// The kernels that this addon was compiled with. Call only on a processor that supports them.
const Kernels& compiledKernels();

}  // namespace descent
