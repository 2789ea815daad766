// Matrix products C(i, j) = Σ_k A(i, k) · B(k, j), as five loops around a micro-kernel: over the depth (KC), over chunks of
// rows (MC), over groups of panels (NC), over panels (NR), and over blocks of rows (MR).
#pragma once
#include "micro-kernel.h"
#include "packing.h"
#include "small.h"

namespace descent {
namespace ISA {

/// The operands of a product, its plan, and its parts of the scratch memory. All functions on it are inlined into `gemm`,
/// because products of small networks take less time than the calls.
struct Product {
  const MatrixA& a;
  const MatrixB& b;
  const MatrixC& out;
  int n;
  const Epilogue& epilogue;
  GemmPlan plan;
  float* packedBlocks;
  float* packedPanels;
  float* sums;
};

/// Steps k0 … k0 + kc − 1 of the depth. Rounds after the first add to C, and the last applies the epilogue.
struct Round {
  int k0;
  int kc;
  bool adds;
  bool isLast;
};

/// Blocks `first` … `end` − 1.
struct Chunk {
  int first;
  int end;
};

/// Packs the blocks of A of a chunk, one after another.
[[gnu::always_inline]] inline void packChunk(const Product& p, const Round& round, const Chunk& chunk) {
  const int row = p.plan.firstRow(chunk.first);
  for (int block = chunk.first, i0 = row; block < chunk.end; block++) {
    const int height = p.plan.height(block);
    packA(p.a, i0, round.k0, height, round.kc, p.packedBlocks + int64_t{i0 - row} * round.kc);
    i0 += height;
  }
}

/// Points `t` to the panel of B from column j, after packing it if necessary.
[[gnu::always_inline]] inline void placePanel(const Product& p, const Round& round, int j, int across, int vectors,
                                              Block& t) {
  const MatrixB& b = p.b;
  if (p.plan.packsB) {
    const int place = b.column == 1 ? j / p.plan.panel % panelsPerPack : 0;
    if (b.column != 1) packBTransposed(b, round.k0, j, round.kc, across, vectors, p.packedPanels);
    else if (place == 0) packB(b, round.k0, j, round.kc, min(panelsPerPack * p.plan.panel, p.n - j), p.packedPanels);
    t.b = p.packedPanels + int64_t{place} * round.kc * NR;
    t.bStride = vectors * lanes;
  } else if (b.offsets) {
    t.b = b.at + j;
    t.bStride = 0;
  } else {
    t.b = b.at + round.k0 * b.row + j;
    t.bStride = b.row;
  }
  // Sums that are transposed next may include the zero padding.
  const int inLast = p.plan.packsB && p.out.transposed ? lanes : across - (vectors - 1) * lanes;
  t.last = firstLanes(inLast);
  t.whole = inLast == lanes;
  t.segments = p.out.segments ? p.out.segments + j / lanes * p.out.parts : nullptr;
}

/// Computes the block of C at (i0, j).
[[gnu::always_inline]] inline void multiplyBlock(const Product& p, const Round& round, MicroKernel kernel, int i0, int j,
                                                 int height, int across, Block& t) {
  const MatrixC& out = p.out;
  const Epilogue& epilogue = p.epilogue;
  if (out.transposed) {
    t.c = p.sums;
    t.cStride = ceilDivide(across, lanes) * lanes;
    t.adds = false;
    kernel(t);
    storeTransposed(p.sums, height, across, out, i0, j, round.isLast ? epilogue : Epilogue{}, round.adds);
    return;
  }
  const int start = out.segments ? 0 : j;
  t.c = out.at + i0 * out.stride + start;
  t.cStride = out.stride;
  t.adds = round.adds;
  if (round.isLast) {
    t.relu = epilogue.relu;
    t.alongColumns = epilogue.alongColumns ? epilogue.alongColumns + j : nullptr;
    t.alongRows = epilogue.alongRows ? epilogue.alongRows + i0 : nullptr;
    t.sums = out.sums ? out.sums + i0 * out.stride + start : nullptr;
  }
  if (p.plan.prefetchesC) prefetchForWrite(t.c, t.cStride, height, across);
  kernel(t);
}

/// Computes the columns of C from j for the blocks of a chunk.
[[gnu::always_inline]] inline void multiplyPanel(const Product& p, const Round& round, const Chunk& chunk, int j, Block& t) {
  const MatrixA& a = p.a;
  const MatrixB& b = p.b;
  const int across = min(p.plan.panel, p.n - j);
  const int vectors = ceilDivide(across, lanes);
  placePanel(p, round, j, across, vectors, t);
  const bool whole = p.plan.packsB || across == vectors * lanes;
  const int row = p.plan.firstRow(chunk.first);
  for (int block = chunk.first, i0 = row; block < chunk.end; block++) {
    const int height = p.plan.height(block);
    if (p.plan.packsA) {
      t.a = p.packedBlocks + int64_t{i0 - row} * round.kc;
      t.aStride = height;
    } else {
      t.a = a.offsets ? a.at + i0 : a.at + i0 * a.row + round.k0 * a.column;
      t.aStride = a.row == 1 ? a.column : a.row;
    }
    const int next = j + p.plan.panel;
    if (p.plan.packsB && b.column != 1 && next < p.n)
      prefetchTransposed(b, round.k0, next, round.kc, min(p.plan.panel, p.n - next), block - chunk.first,
                         chunk.end - chunk.first);
    const MicroKernel kernel = selectMicroKernel(p.plan.access, b.offsets != nullptr, whole, height, vectors);
    multiplyBlock(p, round, kernel, i0, j, height, across, t);
    i0 += height;
  }
}

/**
 * C [m, n] = A [m, depth] · B [depth, n], with the epilogue. The order of summation depends only on the sizes.
 * @param scratch gemmScratch floats.
 */
inline void gemm(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, int depth,
                 const Epilogue& epilogue, float* scratch) {
  float* const packedPanels = scratch + packedAFloats;
  const Product p{a,       b,            out, n, epilogue, planGemm(a, b, out, m, n, depth),
                  scratch, packedPanels, packedPanels + panelsPerPack * panelFloats};
  Block t;
  t.parts = out.parts;
  for (int index = 0, k0 = 0; index < p.plan.rounds; index++) {
    const Round round{k0, p.plan.depth(index), index > 0, index == p.plan.rounds - 1};
    t.startRound(a.offsets ? a.offsets + k0 : nullptr, b.offsets ? b.offsets + k0 : nullptr, round.kc);
    for (int first = 0; first < p.plan.blocks; first += p.plan.blocksPerChunk) {
      const Chunk chunk{first, min(first + p.plan.blocksPerChunk, p.plan.blocks)};
      if (p.plan.packsA) packChunk(p, round, chunk);
      for (int j = 0; j < n; j += p.plan.panel) multiplyPanel(p, round, chunk, j, t);
    }
    k0 += round.kc;
  }
}

}  // namespace ISA
}  // namespace descent
