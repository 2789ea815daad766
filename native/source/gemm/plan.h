// The plan of a product: which blocks it has and what is packed. A pure function of sizes and layouts, which
// native/test/gemm-plan.cpp tests at compile time.
#pragma once
#include "matrix.h"

namespace descent {
namespace ISA {

/// Rows of a block that is `vectors` wide. The registers hold its sums, the vectors of B for one k, and one element of A
/// in all lanes.
constexpr int rowsInRegisters(int vectors) { return (registers - vectors - 1) / vectors; }

/// Vectors per row of a block. Two need fewer loads per multiply-add than one, and leave less of a narrow C empty than
/// three.
constexpr int blockVectors = 2;
/// Rows and columns of a block.
constexpr int MR = rowsInRegisters(blockVectors);
constexpr int NR = blockVectors * lanes;
/// MR of blocks with an additional vector, for a B with offsets. They need as many registers and fewer broadcasts.
constexpr int wideBlockMR = rowsInRegisters(blockVectors + 1);
/// Depth per round: a larger KC updates C less often, a smaller KC fits more rows of A.
constexpr int KC = 512;
/// Maximum floats of a packed panel, and the maximum depth of a single round if the blocks of A fit as well.
constexpr int panelFloats = 16 * 1024;
constexpr int singleRoundDepth = panelFloats / NR;
static_assert(KC <= singleRoundDepth, "a panel of a round fits in its scratch memory");
/// Panels packed at a time from rows of B (NC = panelsPerPack · NR). Rows that are pages apart need several adjacent lines
/// each, because prefetched lines of single panels would evict each other from the few sets that they share in the L2
/// cache.
constexpr int panelsPerPack = 4;
/// Floats of A packed at a time (MC · KC); they stay in the L2 cache for all panels of B.
constexpr int64_t packedAFloats = 144 * 1024;
/// Floats of scratch: packed blocks of A, packed panels of B, a block of C.
constexpr int64_t gemmScratch = packedAFloats + panelsPerPack * panelFloats + MR * NR;

/// Minimum floats of C for which its blocks are prefetched. A smaller C stays in the L1 cache.
constexpr int64_t prefetchFrom = 8 * 1024;
/// Minimum depth for packing A. Fewer k than a vector has lanes would be transposed one by one.
constexpr int packAFromDepth = 16;
/// Minimum depth, and minimum blocks per panel, for packing a B that is stored in the order of its use. The rows of a
/// shallow panel stay in the L1 cache unpacked, and few blocks do not repay the copy.
constexpr int packBFromDepth = 64;
constexpr int packBFromBlocks = 6;
/// Floats between the columns of A up to which its blocks are within a few lines and packing gains nothing.
constexpr ptrdiff_t compactColumns = 64;
/// Rows of A that are a multiple of this apart share few sets of the L1 cache.
constexpr ptrdiff_t conflictingRows = 256;

/// How the micro-kernel reads A: contiguous rows (i) at a stride along k, contiguous k with rows at a stride, or contiguous
/// rows at an offset per k.
enum class AccessA { contiguous, rows, offsets };

struct GemmPlan {
  /// Blocks along the rows, of rowsPerBlock rows each; the first `tallBlocks` have one more.
  int blocks;
  int rowsPerBlock;
  int tallBlocks;
  /// Columns of a panel: NR, or one vector more.
  int panel;
  /// Rounds over the depth, of depthPerRound each; the first `deepRounds` have one more.
  int rounds;
  int depthPerRound;
  int deepRounds;
  /// MC in blocks: how many use a panel before the next. All of them unless A is packed.
  int blocksPerChunk;
  bool packsA;
  bool packsB;
  bool prefetchesC;
  AccessA access;

  constexpr int height(int block) const { return rowsPerBlock + (block < tallBlocks ? 1 : 0); }
  constexpr int firstRow(int block) const { return block * rowsPerBlock + min(block, tallBlocks); }
  constexpr int depth(int round) const { return depthPerRound + (round < deepRounds ? 1 : 0); }
};

/// Average vectors of sums per block, for blocks of up to `rows` × `vectors`.
constexpr double averageBlockVectors(int m, int n, int rows, int vectors) {
  const int across = ceilDivide(n, lanes);
  return double{1} * m * across / (ceilDivide(m, rows) * ceilDivide(across, vectors));
}

/// Whether blocks have an additional vector. Packed panels have NR columns, so this needs a B that is never packed.
constexpr bool hasWideBlocks(const MatrixB& b, int m, int n) {
  return b.offsets && averageBlockVectors(m, n, wideBlockMR, blockVectors + 1) >=
                          averageBlockVectors(m, n, MR, blockVectors);
}

/// Minimum panels of B for which packing A pays off: each panel reads all of A, the first one when it is packed.
constexpr int packAFromPanels(const MatrixA& a) {
  // Unpacked, its rows would evict each other from the L1 cache.
  if (a.row % conflictingRows == 0) return 2;
  // Copying contiguous rows costs less than transposing.
  return a.row == 1 ? 3 : 9;
}

constexpr bool mayPackA(const MatrixA& a, int panels) {
  const bool isCompact = a.row == 1 && a.column <= compactColumns;
  return !a.offsets && !isCompact && panels >= packAFromPanels(a);
}

/// A B that is stored across the order of its use cannot be loaded as vectors.
constexpr bool packsB(const MatrixA& a, const MatrixB& b, int blocksPerPanel, int kc) {
  if (b.offsets) return false;
  return b.column != 1 || (!a.offsets && blocksPerPanel >= packBFromBlocks && kc >= packBFromDepth);
}

/// The plan for C [m, n] = A [m, depth] · B [depth, n]. Reads sizes and layouts, no elements.
[[gnu::always_inline]] constexpr GemmPlan planGemm(const MatrixA& a, const MatrixB& b, const MatrixC& c, int m, int n,
                                                   int depth) {
  GemmPlan plan{};
  const bool isWide = hasWideBlocks(b, m, n);
  plan.blocks = ceilDivide(m, isWide ? wideBlockMR : MR);
  plan.rowsPerBlock = m / plan.blocks;
  plan.tallBlocks = m % plan.blocks;
  plan.panel = isWide ? NR + lanes : NR;
  const bool packable = mayPackA(a, ceilDivide(n, plan.panel));
  const bool fits = !packable || int64_t{plan.blocks} * MR * depth <= packedAFloats;
  plan.rounds = depth <= singleRoundDepth && fits ? 1 : ceilDivide(depth, KC);
  plan.depthPerRound = depth / plan.rounds;
  plan.deepRounds = depth % plan.rounds;
  const int kc = plan.depth(0);
  plan.packsA = packable && kc >= packAFromDepth;
  const int chunks = plan.packsA ? ceilDivide(plan.blocks, static_cast<int>(packedAFloats / (MR * kc))) : 1;
  plan.blocksPerChunk = ceilDivide(plan.blocks, chunks);
  plan.packsB = packsB(a, b, plan.blocksPerChunk, kc);
  plan.prefetchesC = !c.segments && !c.transposed && int64_t{m} * n >= prefetchFrom;
  plan.access = a.offsets ? AccessA::offsets : plan.packsA || a.row == 1 ? AccessA::contiguous : AccessA::rows;
  return plan;
}

}  // namespace ISA
}  // namespace descent
