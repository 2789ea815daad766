// Layout of the sums of a weight gradient: vectors run along the filters or, with few filters, along the positions.
#pragma once
#include "../gemm/plan.h"
#include "convolution.h"

namespace descent {
namespace ISA {

/// Filters per block when vectors run along the positions.
constexpr int runFilters = 4;

/// Whether vectors run along the positions.
inline bool vectorsAlongPositions(const Convolution& c) {
  const double filters = double{1} * c.positions() * ceilDivide(c.filters, lanes);
  return 1.2 * c.filters * ceilDivide(c.run(), lanes) < filters;
}
/// Floats per tap of a thread's sums: one vector per filter, or one float per filter in whole vectors.
inline int tapWidth(const Convolution& c) { return vectorsAlongPositions(c) ? c.filters * lanes : c.paddedFilters(); }
/// Floats of these sums, with the bias last, and of the gradients in the layout of the kernel.
inline int64_t sumFloats(const Convolution& c) { return int64_t{c.taps() + 1} * tapWidth(c); }
inline int64_t gradFloats(const Convolution& c) {
  return vectorsAlongPositions(c) ? int64_t{min(runFilters, c.filters)} * ceilDivide(c.run(), lanes) * lanes
                                 : int64_t{c.positions()} * c.paddedFilters();
}

/// Maximum adjacent taps per block.
constexpr int tapColumns = 7;

}  // namespace ISA
}  // namespace descent
