// The forward pass of a convolution, with vectors along the filters or along the positions.
#pragma once
#include "../activation.h"
#include "tiles.h"

namespace descent {
namespace ISA {

/// Floats shared by all threads: transposed filters, offsets of the taps, segments of runs.
inline int64_t transposedFilters(const Convolution& c) { return wholeLines(int64_t{c.taps()} * c.paddedFilters()); }
inline int64_t forwardShared(const Convolution& c) {
  const int64_t segments = int64_t{ceilDivide(c.run(), lanes)} * segmentsPerVector(c.planeWidth());
  const int64_t segmentFloats = segments * (sizeof(Segment) / sizeof(float));
  return transposedFilters(c) + wholeLines(c.taps()) + wholeLines(segmentFloats);
}
/// Floats per thread beyond gemmScratch: a padded image.
inline int64_t forwardOwn(const Convolution& c) { return paddedFloats(c); }

/// Transposes filters [filters, taps] to [taps, paddedFilters], zero-padded.
inline void transposeFilters(const Convolution& c, const float* weight, float* to) {
  for (int f = 0; f < c.paddedFilters(); f += lanes) {
    const int count = min(lanes, c.filters - f);
    packTransposed(weight + int64_t{f} * c.taps(), c.taps(), count, c.taps(), to + f, c.paddedFilters());
  }
}

/// Whether vectors along the filters are better filled than vectors along the positions.
inline bool alongFilters(const Convolution& c) {
  const double positions = double{1} * c.filters * ceilDivide(c.run(), lanes) * (c.taps() + 2);
  double filters = double{1} * c.positions() * ceilDivide(c.filters, lanes) * (c.taps() + 8);
  const int sums = min(c.outputWidth, MR) * min(2, ceilDivide(c.filters, lanes));
  if (sums < 8) filters *= 8.0 / sums;
  return filters < positions;
}

/// Whether runs cover several rows, of which only segments are stored.
inline bool segmentsRuns(const Convolution& c) { return c.outputHeight > 1 && !alongFilters(c); }

/// Fills the shared memory.
inline void prepareForward(const Convolution& c, const float* weight, float* shared) {
  transposeFilters(c, weight, shared);
  fillOffsets(c, reinterpret_cast<int32_t*>(shared + transposedFilters(c)));
  if (segmentsRuns(c))
    segmentRows(c.run(), c.planeWidth(), c.outputWidth,
                reinterpret_cast<Segment*>(shared + transposedFilters(c) + wholeLines(c.taps())));
}

/// y [rows, filters, positions] = activation(x ⋆ weight + bias), z before the activation, for the rows from … end − 1.
inline void convolutionForward(const Convolution& c, const float* x, const float* bias, float* y, float* z, int from,
                               int end, Activation activation, const RowScratch& memory) {
  const float* const transposed = memory.shared;
  const int32_t* const tapOffsets = reinterpret_cast<const int32_t*>(transposed + transposedFilters(c));
  const Segment* const segments = reinterpret_cast<const Segment*>(transposed + transposedFilters(c) + wholeLines(c.taps()));
  const bool filtersAlong = alongFilters(c);
  const bool tiles = filtersAlong && fitsTiles(c);
  const bool fused = activation == Activation::linear || activation == Activation::relu;
  const int positions = c.positions();
  const int planeWidth = c.planeWidth();
  Epilogue epilogue;
  epilogue.relu = activation == Activation::relu;
  (filtersAlong ? epilogue.alongColumns : epilogue.alongRows) = bias;
  for (int row = from; row < end; row++) {
    const float* planes = padPlanes(c, x + row * c.sample(), memory.own);
    float* const to = y + row * c.outputs();
    float* const sums = z ? z + row * c.outputs() : nullptr;
    if (tiles) {
      convolveTiles(c, planes, transposed, tapOffsets, {to, positions, true, sums}, epilogue, memory.product);
    } else if (filtersAlong) {
      for (int i = 0; i < c.outputHeight; i++) {
        const int64_t start = int64_t{i} * c.outputWidth;
        gemm({planes + int64_t{i} * planeWidth, 1, 0, tapOffsets}, {transposed, c.paddedFilters()},
             {to + start, positions, true, sums ? sums + start : nullptr}, c.outputWidth, c.filters, c.taps(), epilogue,
             memory.product);
      }
    } else {
      gemm({transposed, 1, c.paddedFilters()}, {planes, 0, 1, tapOffsets},
           {to, positions, false, sums, segmentsRuns(c) ? segments : nullptr, segmentsPerVector(planeWidth)}, c.filters, c.run(),
           c.taps(), epilogue, memory.product);
    }
    if (!fused) activate(activation, to, to, c.outputs());
  }
}

}  // namespace ISA
}  // namespace descent
