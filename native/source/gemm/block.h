// One block of C, as the micro-kernel computes it and the epilogue stores it.
#pragma once
#include "matrix.h"

namespace descent {
namespace ISA {

struct Block {
  const float* a;
  ptrdiff_t aStride;
  const int32_t* aOffsets;
  const float* b;
  ptrdiff_t bStride;
  const int32_t* bOffsets;
  int depth;
  /// Mask of the last vector, and whether it is a whole vector.
  Mask last;
  bool whole;
  float* c;
  ptrdiff_t cStride;
  float* sums;
  const float* alongColumns;
  const float* alongRows;
  bool relu;
  /// Accumulates into C.
  bool adds;
  /// Segments from the block's first vector on; null if whole rows are stored.
  const Segment* segments;
  int parts;

  /// Sets what holds for all blocks of a round. The epilogue is set for blocks of the last round.
  void startRound(const int32_t* offsetsOfA, const int32_t* offsetsOfB, int kc) {
    depth = kc;
    aOffsets = offsetsOfA;
    bOffsets = offsetsOfB;
    relu = false;
    alongColumns = alongRows = nullptr;
    sums = nullptr;
  }
};

}  // namespace ISA
}  // namespace descent
