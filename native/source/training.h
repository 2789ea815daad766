// One training as the host gives it, and what the compiled kernels of each kind of vector offer.
#pragma once
#include <cstdint>
#include <memory>

#include "program.h"
#include "team.h"

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
  std::unique_ptr<Team> team;
  std::unique_ptr<float[], FreeFloats> scratch;
  int64_t scratchFloats = 0;
};

struct Training : Machine {
  Data data;
  Sampling sampling = Sampling::sequential;
  /// Words of the keys of the streams shuffling and dropout.
  uint32_t orderKey[2] = {0, 0};
  uint32_t dropoutKey[2] = {0, 0};
  int32_t* order = nullptr;
  /// Epoch whose rows `order` holds; −1 at first.
  int64_t orderedEpoch = -1;
};

/// Limits and results of one slice; the position is moved on in place.
struct Slice {
  int64_t epoch;
  int64_t step;
  double lossSum;
  double right;
  int64_t epochs;
  int64_t steps;
  const double* learningRates;
  /// Four a finished epoch.
  double* metrics;
  /// Not 0 asks to stop; null: nobody asks.
  const int32_t* stop;
  /// Epochs finished.
  int64_t finished;
};

struct Kernels {
  const char* name;
  /// Floats of scratch each thread wants for a program.
  int64_t (*scratchFor)(const Program&);
  Reason (*run)(Training&, Slice&);
  /// inputs [rows, features], outputs [rows, outputs]; as many rows as one likes.
  void (*predict)(Machine&, const float* inputs, float* outputs, int64_t rows);
};

/// The one set that this addon was compiled with. Only a processor that runs them may call it.
const Kernels& compiledKernels();

}  // namespace descent
