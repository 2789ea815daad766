// The plan of products, tested at compile time for one instruction set: this file compiles if and only if the tests pass.
#include "../source/gemm/plan.h"

namespace descent {
namespace ISA {
namespace {

constexpr int32_t table[1] = {};
/// Operands by their layouts. Plans read no elements.
constexpr MatrixA rowsOfA(ptrdiff_t stride) { return {nullptr, stride, 1}; }
constexpr MatrixA columnsOfA(ptrdiff_t stride) { return {nullptr, 1, stride}; }
constexpr MatrixA offsetsOfA() { return {nullptr, 1, 0, table}; }
constexpr MatrixB rowsOfB(ptrdiff_t stride) { return {nullptr, stride}; }
constexpr MatrixB columnsOfB(ptrdiff_t stride) { return {nullptr, 1, stride}; }
constexpr MatrixB offsetsOfB() { return {nullptr, 0, 1, table}; }
constexpr MatrixC rowsOfC(ptrdiff_t stride) { return {nullptr, stride}; }
constexpr MatrixC columnsOfC(ptrdiff_t stride) { return {nullptr, stride, true}; }

/// Registers: sums, vectors of B, and one element of A.
constexpr bool fill(int rows, int vectors) {
  return rows * vectors + vectors + 1 <= registers && (rows + 1) * vectors + vectors + 1 > registers;
}
static_assert(fill(MR, 2) && fill(wideBlockMR, 3), "blocks use all registers that hold another row, and no more");
static_assert(registers != 32 || (MR == 14 && wideBlockMR == 9), "28 or 27 sums of 32 registers");
static_assert(registers != 16 || (MR == 6 && wideBlockMR == 4), "12 sums of 16 registers");

/// A hidden layer of 784 inputs and 128 units, 32 rows: A is the batch, B the transposed weights.
constexpr GemmPlan hidden = planGemm(rowsOfA(784), columnsOfB(784), rowsOfC(128), 32, 128, 784);
static_assert(hidden.panel == NR, "packed panels have NR columns");
static_assert(hidden.packsB, "transposed weights cannot be loaded as vectors");
static_assert(!hidden.prefetchesC, "32 · 128 floats of C stay in the L1 cache");
static_assert(registers != 32 || hidden.blocks == 3, "32 rows are 11 + 11 + 10");
static_assert(registers != 32 || (hidden.height(0) == 11 && hidden.height(1) == 11 && hidden.height(2) == 10), "");
static_assert(registers != 16 || hidden.blocks == 6, "32 rows are 6 + 6 + 5 + 5 + 5 + 5");
static_assert(registers != 16 || (hidden.height(1) == 6 && hidden.height(2) == 5 && hidden.firstRow(2) == 12), "");
// 784 exceeds 16 Ki / 32 = 512 of AVX-512, and fits in 1024 of AVX2 and 2048 of NEON.
static_assert(lanes != 16 || (hidden.rounds == 2 && hidden.depth(0) == 392 && hidden.depth(1) == 392), "");
static_assert(lanes == 16 || (hidden.rounds == 1 && hidden.depth(0) == 784), "");
// 128 columns are 4, 8 or 16 panels. Rows of A are packed from 9.
static_assert(hidden.packsA == (lanes == 4), "packing is repaid by nine panels");
static_assert(hidden.access == (lanes == 4 ? AccessA::contiguous : AccessA::rows), "");
static_assert(hidden.blocksPerChunk == hidden.blocks, "all rows use a panel before the next");

/// The output layer of W6: 2048 inputs, 1000 units, 256 rows.
constexpr GemmPlan wide = planGemm(rowsOfA(2048), columnsOfB(2048), rowsOfC(1000), 256, 1000, 2048);
static_assert(wide.packsA && wide.packsB && wide.prefetchesC, "");
static_assert(wide.rounds == 4 && wide.depth(0) == 512 && wide.depth(3) == 512, "2048 is four times KC");
// 144 Ki / (14 · 512) = 20.6 blocks fit, so 19 blocks are one chunk. Of AVX2, 144 Ki / (6 · 512) = 48 fit.
static_assert(registers != 32 || (wide.blocks == 19 && wide.blocksPerChunk == 19), "256 / 14 is 18.3");
static_assert(registers != 16 || (wide.blocks == 43 && wide.blocksPerChunk == 43), "256 / 6 is 42.7");

/// Rows of A that exceed the packed floats: chunks are even.
constexpr GemmPlan tall = planGemm(rowsOfA(500), columnsOfB(500), rowsOfC(400), 4000, 400, 500);
static_assert(tall.packsA && tall.rounds == 1 && tall.depth(0) == 500, "500 is below KC");
// 144 Ki / (14 · 500) = 21 blocks fit, so 286 blocks are 14 chunks of 21. Of AVX2, 49 fit: 667 blocks are 14 chunks of 48.
static_assert(registers != 32 || (tall.blocks == 286 && tall.blocksPerChunk == 21), "286 / 14 is 20.4");
static_assert(registers != 16 || (tall.blocks == 667 && tall.blocksPerChunk == 48), "667 / 14 is 47.6");

/// Which layouts of A are packed, for three panels and 100 rows.
constexpr GemmPlan threePanels(const MatrixA& a) { return planGemm(a, rowsOfB(3 * NR), rowsOfC(3 * NR), 100, 3 * NR, 100); }
static_assert(!threePanels(rowsOfA(100)).packsA, "transposing is repaid by nine panels");
static_assert(threePanels(rowsOfA(256)).packsA, "rows that are 1 KiB apart evict each other");
static_assert(threePanels(rowsOfA(1024)).packsA, "");
static_assert(!threePanels(rowsOfA(128)).packsA, "rows that are 512 bytes apart share twice as many sets");
static_assert(threePanels(columnsOfA(100)).packsA, "copying is repaid by three panels");
static_assert(!threePanels(columnsOfA(64)).packsA, "columns within four lines are read in place");
static_assert(!threePanels(offsetsOfA()).packsA, "a table of offsets replaces packing");
static_assert(threePanels(offsetsOfA()).access == AccessA::offsets, "");
static_assert(!planGemm(rowsOfA(256), rowsOfB(NR), rowsOfC(NR), 100, NR, 100).packsA, "one panel reads A once");
static_assert(!planGemm(columnsOfA(100), rowsOfB(90), rowsOfC(90), 100, 90, 15).packsA, "15 k are too few for a transposition");
static_assert(planGemm(columnsOfA(100), rowsOfB(3 * NR), rowsOfC(3 * NR), 100, 3 * NR, 16).packsA, "16 suffice");

/// When a B that is stored in the order of its use is packed.
constexpr bool packsRowsOfB(const MatrixA& a, int blocks, int depth) {
  return planGemm(a, rowsOfB(NR), rowsOfC(NR), blocks * MR, NR, depth).packsB;
}
static_assert(packsRowsOfB(rowsOfA(70), 6, 64) && !packsRowsOfB(rowsOfA(70), 6, 63), "from a depth of 64");
static_assert(!packsRowsOfB(rowsOfA(70), 5, 64), "from six blocks");
static_assert(!packsRowsOfB(offsetsOfA(), 6, 64), "transposed filters are in order");

/// Blocks of three vectors need a B with offsets that they fill better.
constexpr int wholeColumns = 3 * lanes;
static_assert(planGemm(columnsOfA(16), offsetsOfB(), rowsOfC(wholeColumns), wideBlockMR, wholeColumns, 25).panel == wholeColumns, "");
static_assert(planGemm(columnsOfA(16), offsetsOfB(), rowsOfC(NR), MR, NR, 25).panel == NR, "two vectors have more rows");
static_assert(!planGemm(columnsOfA(16), offsetsOfB(), rowsOfC(NR), MR, NR, 25).packsB, "offsets replace packing");

/// C is prefetched from 8 Ki floats, unless it is transposed.
constexpr bool prefetches(const MatrixC& c, int m, int n) { return planGemm(rowsOfA(9), rowsOfB(n), c, m, n, 9).prefetchesC; }
static_assert(prefetches(rowsOfC(128), 64, 128) && !prefetches(rowsOfC(128), 63, 128), "");
static_assert(!prefetches(columnsOfC(64), 64, 128), "its blocks are stored through memory");

/// Whether a plan covers its product and stays inside its scratch memory.
constexpr bool holds(const GemmPlan& plan, int m, int depth) {
  const int last = plan.blocks - 1;
  const int lastRound = plan.rounds - 1;
  const bool coversRows = plan.firstRow(last) + plan.height(last) == m && plan.height(last) > 0 && plan.height(0) <= MR;
  const bool coversDepth = plan.depthPerRound * plan.rounds + plan.deepRounds == depth && plan.depth(lastRound) > 0;
  const bool fitsPanel = !plan.packsB || int64_t{plan.depth(0)} * NR <= panelFloats;
  // Packing stores whole vectors, so up to a vector after the last block changes.
  const bool fitsBlocks = !plan.packsA || int64_t{plan.blocksPerChunk} * MR * plan.depth(0) <= packedAFloats;
  return coversRows && coversDepth && fitsPanel && fitsBlocks && plan.blocksPerChunk >= 1;
}
constexpr int sizes[] = {1, 2, 5, 15, 16, 17, 63, 100, 256, 513, 1025, 3000, 70000};
constexpr bool allHold(const MatrixA& a, const MatrixB& b) {
  for (const int m : sizes)
    for (const int n : sizes)
      for (const int depth : sizes)
        if (!holds(planGemm(a, b, rowsOfC(n), m, n, depth), m, depth)) return false;
  return true;
}
static_assert(allHold(rowsOfA(256), columnsOfB(100)), "");
static_assert(allHold(rowsOfA(100), rowsOfB(100)), "");
static_assert(allHold(columnsOfA(100), columnsOfB(100)), "");
static_assert(allHold(columnsOfA(100), offsetsOfB()), "");
static_assert(allHold(offsetsOfA(), rowsOfB(100)), "");

}  // namespace
}  // namespace ISA
}  // namespace descent
