// Scratch memory of row-wise operations.
#pragma once
#include "row-range.h"

namespace descent {
namespace ISA {

/// Scratch of a fused sequence beyond gemmScratch unless one operation needs more.
constexpr int64_t fusedScratch = 128 * 1024;

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

}  // namespace ISA
}  // namespace descent
