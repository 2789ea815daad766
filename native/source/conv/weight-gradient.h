// The weight gradient of a convolution: for each tap, the output gradients times the cells of the tap.
#pragma once
#include "weight-sums-filters.h"
#include "weight-sums-positions.h"

namespace descent {
namespace ISA {

/// Floats shared by all threads: offsets of the taps.
inline int64_t weightsShared(const Convolution& c) { return wholeLines(c.taps()); }
/// Floats per thread beyond gemmScratch: a padded image, sums, gradients.
inline int64_t weightsOwn(const Convolution& c) { return paddedFloats(c) + wholeLines(sumFloats(c) + gradFloats(c)); }

/// Fills the shared memory, and clears each thread's sums and gradients, whose padding stays zero.
inline void prepareWeights(const Convolution& c, float* shared, float* own) {
  if (shared) fillOffsets(c, reinterpret_cast<int32_t*>(shared));
  clear(own + paddedFloats(c), sumFloats(c) + gradFloats(c));
}

/// Adds the rows from … end − 1 to a thread's sums.
inline void convolutionBackwardWeights(const Convolution& c, const float* x, const float* dz, int from, int end,
                                       const RowScratch& memory) {
  const int32_t* const tapOffsets = reinterpret_cast<const int32_t*>(memory.shared);
  const auto add = vectorsAlongPositions(c) ? addSampleRuns : addSampleTransposed;
  float* const sums = memory.own + paddedFloats(c);
  for (int row = from; row < end; row++)
    add(c, padPlanes(c, x + row * c.sample(), memory.own), tapOffsets, dz + row * c.outputs(), sums + sumFloats(c), sums);
}

/// dWeight [filters, channels, kernel] = Σ over rows and positions of dz · cells; dBias = Σ dz. Adds the sums of all
/// `threads`, `stride` floats apart, in order.
inline void finishWeights(const Convolution& c, float* dWeight, float* dBias, float* own, int threads, int64_t stride) {
  const int taps = c.taps();
  const int width = tapWidth(c);
  float* const sums = own + paddedFloats(c);
  for (int i = 1; i < threads; i++) {
    const float* more = sums + i * stride;
    forEachVector(sumFloats(c), [&](int64_t j, auto mask) {
      store(sums + j, load(sums + j, mask) + load(more + j, mask), mask);
    });
  }
  const bool alongPositions = vectorsAlongPositions(c);
  const auto summed = [&](int tap, int f) {
    const float* const of = sums + int64_t{tap} * width;
    return alongPositions ? sum(load(of + f * lanes)) : of[f];
  };
  for (int f = 0; f < c.filters; f++) {
    for (int tap = 0; tap < taps; tap++) dWeight[int64_t{f} * taps + tap] = summed(tap, f);
    if (dBias) dBias[f] = summed(taps, f);
  }
}

}  // namespace ISA
}  // namespace descent
