// Matrix products C(i, j) = Σ_k A(i, k) · B(k, j). The micro-kernel broadcasts elements of A and loads vectors of B along
// j; MR × NR elements of C stay in registers over the depth. A transposed or large B is packed in panels, and A is packed
// when it is used for many panels. C may be written transposed.
#pragma once
#include <cstddef>

#include "vector.h"

namespace descent {
namespace ISA {

constexpr int blockVectors = 2;
constexpr int NR = blockVectors * lanes;
/// MR of blocks with an additional vector, for a B with offsets. They need as many registers and fewer broadcasts.
constexpr int wideBlockMR = MR * blockVectors / (blockVectors + 1);
/// Depth per round: a larger KC updates C less often, a smaller KC fits more rows of A.
constexpr int KC = 512;
/// Maximum floats of a packed panel, and the maximum depth of a single round if the blocks of A fit as well.
constexpr int panelFloats = 16 * 1024;
constexpr int singleRoundDepth = panelFloats / NR;
/// Panels packed at a time from rows of B. Rows that are pages apart need several adjacent lines each, because prefetched
/// lines of single panels would evict each other from the few sets that they share in the L2 cache.
constexpr int panelsPerPack = 4;
/// Rows of B to prefetch ahead: as many as fit in the L1 cache when they are powers of two apart.
constexpr int prefetchRows = 6;
/// Floats of A packed at a time (MC · KC); they stay in the L2 cache for all panels of B.
constexpr int64_t packedAFloats = 144 * 1024;
/// Floats of scratch: packed blocks of A, packed panels of B, a block of C.
constexpr int64_t gemmScratch = packedAFloats + panelsPerPack * panelFloats + MR * NR;
/// Minimum panels of B for which packing a row-major A pays off.
constexpr int packAFromPanels = 9;
/// Minimum floats of C for which its blocks are prefetched.
constexpr int64_t prefetchFrom = 8 * 1024;

/// Applied to a block of C before it is stored.
struct Epilogue {
  /// Biases per column j, added to every row of C, or per row i, added to every column.
  const float* alongColumns = nullptr;
  const float* alongRows = nullptr;
  bool relu = false;
};

/// Layout of A and B: strides, or a table of offsets along k.
struct MatrixA {
  const float* at;
  /// Strides of rows (i) and columns (k); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column;
  /// Replaces `column`: the offset of each k; `row` is then 1.
  const int32_t* offsets = nullptr;
};
struct MatrixB {
  const float* at;
  /// Strides of rows (k) and columns (j); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column = 1;
  /// Replaces `row`: the offset of each k; `column` is then 1.
  const int32_t* offsets = nullptr;
};
struct MatrixC {
  float* at;
  /// Stride of rows (i) with contiguous columns or, if transposed, of columns (j) with contiguous rows.
  ptrdiff_t stride;
  bool transposed = false;
  /// Receives the values before the activation, in the layout of C; may be null.
  float* sums = nullptr;
  /// Stores only segments of the rows of C, `parts` per vector of columns. Requires a B with offsets.
  const struct Segment* segments = nullptr;
  int parts = 0;
};

/// Lanes low … high − 1 of a vector of sums are stored; `at` is the offset of lane 0 in the row.
struct Segment {
  int32_t low;
  int32_t high;
  int32_t at;
};

/// Segments per vector when some of every `pitch` columns are stored.
inline int segmentsPerVector(int pitch) { return lanes / pitch + 2; }

/// Computes the segments of `columns` columns, of which the first `length` of every `pitch` are stored contiguously.
inline void segmentRows(int columns, int pitch, int length, Segment* to) {
  for (int first = 0; first < columns; first += lanes) {
    const int end = min(first + lanes, columns);
    for (int part = 0, row = first / pitch; part < segmentsPerVector(pitch); part++, row++) {
      const int low = max(row * pitch, first);
      const int high = min(row * pitch + length, end);
      *to++ = low < high ? Segment{low - first, high - first, first - row * (pitch - length)} : Segment{0, 0, 0};
    }
  }
}

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
};

enum class AccessA { contiguous, rows, offsets };

/// Computes one block. A has contiguous rows at stride aStride along k (contiguous), contiguous k with rows aStride apart
/// (rows), or contiguous rows at an offset per k (offsets).
template <int height, int width, AccessA left, bool hasOffsets, bool masked>
void microKernel(const Block& t) {
  Floats sum[height][width];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) sum[i][v] = zeros();
  const Mask last = t.last;
  const float* b = t.b;
  const float* a = t.a;
  // One pointer addresses three rows, so that all pointers fit in registers.
  constexpr int bases = (height + 2) / 3;
  const char* base[bases];
  const ptrdiff_t stride = t.aStride * static_cast<ptrdiff_t>(sizeof(float));
  if (left == AccessA::rows)
    for (int i = 0; i < bases; i++) base[i] = reinterpret_cast<const char*>(a) + 3 * i * stride;
  for (int k = 0; k < t.depth; k++) {
    const float* from = hasOffsets ? b + t.bOffsets[k] : b;
    Floats right[width];
#pragma GCC unroll 4
    for (int v = 0; v < width; v++)
      right[v] = masked && v == width - 1 ? load(from + v * lanes, last) : load(from + v * lanes);
    const float* row = left == AccessA::offsets ? a + t.aOffsets[k] : a;
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      const Floats one = left == AccessA::rows
                             ? broadcast(*reinterpret_cast<const float*>(base[i / 3] + (i % 3) * stride))
                             : broadcast(row[i]);
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) sum[i][v] = multiplyAdd(one, right[v], sum[i][v]);
    }
    if (!hasOffsets) b += t.bStride;
    if (left == AccessA::contiguous) a += t.aStride;
    if (left == AccessA::rows)
#pragma GCC unroll 8
      for (int i = 0; i < bases; i++) base[i] += sizeof(float);
  }
  float* c = t.c;
  if (hasOffsets && t.segments) {
    const bool relu = t.relu;
    const bool adds = t.adds;
    const ptrdiff_t stride = t.cStride;
    float* const before = t.sums;
    const bool ready = !adds && !before;
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      const Floats bias = t.alongRows ? broadcast(t.alongRows[i]) : zeros();
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) {
        sum[i][v] = sum[i][v] + bias;
        if (ready && relu) sum[i][v] = maximum(zeros(), sum[i][v]);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) {
      for (int part = 0; part < t.parts; part++) {
        const Segment segment = t.segments[v * t.parts + part];
        if (segment.low == segment.high) continue;
        const Window window = lanesBetween(segment.low, segment.high);
        float* to = c + segment.at;
        if (ready) {
#pragma GCC unroll 16
          for (int i = 0; i < height; i++, to += stride) storeWindow(to, sum[i][v], window);
          continue;
        }
        float* sums = before ? before + segment.at : nullptr;
#pragma GCC unroll 16
        for (int i = 0; i < height; i++, to += stride) {
          Floats value = sum[i][v];
          if (adds) value = value + loadWindow(to, window);
          if (sums) {
            storeWindow(sums, value, window);
            sums += stride;
          }
          if (relu) value = maximum(zeros(), value);
          storeWindow(to, value, window);
        }
      }
    }
    return;
  }
  const bool plain = !t.adds && !t.alongColumns && !t.alongRows && !t.sums && !t.relu;
  const auto finish = [&](Floats value, int i, int v, float* to, auto mask) {
    if (!plain) {
      if (t.adds) value = value + load(to, mask);
      if (t.alongColumns) value = value + load(t.alongColumns + v * lanes, mask);
      if (t.alongRows) value = value + broadcast(t.alongRows[i]);
      if (t.sums) store(t.sums + i * t.cStride + v * lanes, value, mask);
      if (t.relu) value = maximum(zeros(), value);
    }
    store(to, value, mask);
  };
  if (masksAreFree || t.whole) {
    const auto mask = [&] {
      if constexpr (masksAreFree) return last;
      else return AllLanes{};
    }();
#pragma GCC unroll 16
    for (int i = 0; i < height; i++, c += t.cStride) {
#pragma GCC unroll 4
      for (int v = 0; v < width - 1; v++) finish(sum[i][v], i, v, c + v * lanes, AllLanes{});
      finish(sum[i][width - 1], i, width - 1, c + (width - 1) * lanes, mask);
    }
    return;
  }
  // Through memory, so that all sums share one loop; unrolled code would be many times as long.
  float spilled[height * width * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) store(spilled + (i * width + v) * lanes, sum[i][v]);
#pragma GCC unroll 1
  for (int i = 0; i < height; i++, c += t.cStride)
#pragma GCC unroll 1
    for (int v = 0; v < width; v++)
      finish(load(spilled + (i * width + v) * lanes), i, v, c + v * lanes, v == width - 1 ? last : firstLanes(lanes));
}

using MicroKernel = void (*)(const Block&);

/// The micro-kernels for one access to A and B, by height and vectors.
template <AccessA left, bool hasOffsets, bool masked> struct MicroKernels {
  MicroKernel table[MR + 1][blockVectors + 2];
  constexpr MicroKernels() : table() { fill<MR>(); }
  template <int height> constexpr void fill() {
    if constexpr (height > 0) {
      table[height][1] = microKernel<height, 1, left, hasOffsets, masked>;
      table[height][2] = microKernel<height, 2, left, hasOffsets, masked>;
      if constexpr (hasOffsets && height <= wideBlockMR) table[height][3] = microKernel<height, 3, left, hasOffsets, masked>;
      fill<height - 1>();
    }
  }
};

template <AccessA left, bool hasOffsets, bool masked>
inline MicroKernel findMicroKernel(int height, int width) {
  static constexpr MicroKernels<left, hasOffsets, masked> blocks;
  return blocks.table[height][width];
}

inline MicroKernel selectMicroKernel(AccessA left, bool hasOffsets, bool whole, int height, int width) {
  if (hasOffsets) return findMicroKernel<AccessA::contiguous, true, true>(height, width);
  switch (left) {
    case AccessA::offsets:
      return findMicroKernel<AccessA::offsets, false, false>(height, width);
    case AccessA::rows:
      return whole ? findMicroKernel<AccessA::rows, false, false>(height, width)
                   : findMicroKernel<AccessA::rows, false, true>(height, width);
    default:
      return whole ? findMicroKernel<AccessA::contiguous, false, false>(height, width)
                   : findMicroKernel<AccessA::contiguous, false, true>(height, width);
  }
}

/// Transposes up to `lanes` rows: element (r, c) goes to to[c · toStride + r]. Missing rows up to a vector become zero.
inline void packTransposed(const float* from, ptrdiff_t stride, int rows, int columns, float* to, ptrdiff_t toStride) {
  if (columns <= 6) {
    for (int c = 0; c < columns; c++) store(to + c * toStride, gather(from + c, stride, rows));
    return;
  }
  for (int c = 0; c < columns; c += lanes) {
    Floats block[lanes];
    const int count = min(lanes, columns - c);
    if (rows == lanes && count == lanes) {
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = load(from + r * stride + c);
    } else {
      const Mask mask = firstLanes(count);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < rows ? load(from + r * stride + c, mask) : zeros();
    }
    transpose(block);
    if (count == lanes) {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++) store(to + (c + k) * toStride, block[k]);
    } else {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++)
        if (k < count) store(to + (c + k) * toStride, block[k]);
    }
  }
}

/// Packs `depth` rows of B to consecutive panels [depth][NR], zero-padded. The last panel has only as many vectors as it
/// needs.
inline void packB(const MatrixB& b, int k0, int j0, int depth, int columns, float* to) {
  const int before = (columns - 1) / NR;
  const int inLast = columns - before * NR;
  const int vectors = ceilDivide(inLast, lanes);
  const Mask mask = firstLanes(inLast - (vectors - 1) * lanes);
  const float* from = b.at + k0 * b.row + j0;
  for (int k = 0; k < depth; k++, from += b.row) {
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(from + prefetchRows * b.row + j);
    const float* row = from;
    for (int p = 0; p < before; p++, row += NR)
#pragma GCC unroll 4
      for (int v = 0; v < blockVectors; v++)
        store(to + (int64_t{p} * depth + k) * NR + v * lanes, load(row + v * lanes));
    float* last = to + int64_t{before} * depth * NR + int64_t{k} * vectors * lanes;
    for (int v = 0; v < vectors; v++)
      store(last + v * lanes, v == vectors - 1 ? load(row + v * lanes, mask) : load(row + v * lanes));
  }
}

/// Packs columns of B, contiguous along k, to one panel [depth][vectors · lanes].
inline void packBTransposed(const MatrixB& b, int k0, int j0, int depth, int columns, int vectors, float* to) {
  for (int v = 0; v < vectors; v++)
    packTransposed(b.at + k0 + (j0 + v * lanes) * b.column, b.column, min(lanes, columns - v * lanes), depth,
                   to + v * lanes, vectors * lanes);
}

/// Packs a block of A [height][depth] to [depth][height]. Stores whole vectors, so the next row overwrites the excess, and
/// up to lanes − 1 floats after the block change.
inline void packA(const MatrixA& a, int i0, int k0, int height, int depth, float* to) {
  if (a.row == 1) {
    const Mask mask = firstLanes(height);
    const float* from = a.at + i0 + k0 * a.column;
    for (int k = 0; k < depth; k++, from += a.column, to += height) {
      if (height <= lanes) store(to, load(from, mask));
      else for (int i = 0; i < height; i++) to[i] = from[i];
    }
    return;
  }
  const float* from = a.at + i0 * a.row + k0;
  int k = 0;
  for (; k + lanes <= depth; k += lanes) {
    for (int first = 0; first < height; first += lanes) {
      Floats block[lanes];
      const int count = min(lanes, height - first);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < count ? load(from + (first + r) * a.row + k) : zeros();
      transpose(block);
      float* const row = to + k * height + first;
      if (height <= lanes) {
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r]);
      } else {
        const Mask mask = firstLanes(count);
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r], mask);
      }
    }
  }
  for (; k < depth; k++)
    for (int i = 0; i < height; i++) to[k * height + i] = from[i * a.row + k];
}

/// Stores a block of sums [height][width vectors] transposed, after the epilogue.
inline void storeTransposed(const float* block, int height, int columns, const MatrixC& out, int i0, int j0,
                            const Epilogue& epilogue, bool adds) {
  const int vectors = ceilDivide(columns, lanes);
  for (int v = 0; v < vectors; v++) {
    const int across = min(lanes, columns - v * lanes);
    for (int first = 0; first < height; first += lanes) {
      const int count = min(lanes, height - first);
      const Mask mask = firstLanes(count);
      const float* from = block + (first * vectors + v) * lanes;
      Floats row[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) row[i] = i < count ? load(from + i * vectors * lanes) : zeros();
      transpose(row);
      const Floats bias = epilogue.alongRows ? load(epilogue.alongRows + i0 + first, mask) : zeros();
      const ptrdiff_t start = (j0 + v * lanes) * out.stride + i0 + first;
      // Through memory, because rows are indexed at run time.
      float transposed[lanes * lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) store(transposed + i * lanes, row[i]);
      for (int j = 0; j < across; j++) {
        float* to = out.at + start + j * out.stride;
        Floats value = load(transposed + j * lanes) + bias;
        if (adds) value = value + load(to, mask);
        if (epilogue.alongColumns) value = value + broadcast(epilogue.alongColumns[j0 + v * lanes + j]);
        if (out.sums) store(out.sums + start + j * out.stride, value, mask);
        if (epilogue.relu) value = maximum(zeros(), value);
        store(to, value, mask);
      }
    }
  }
}

/// Whether the sizes are too small for blocking: one vector per row of C, A and B unpacked.
inline bool isSmall(int m, int n, int depth) { return n <= lanes && depth <= 16 && m * depth <= 64; }

/// gemmSmall for a constant depth, so that B stays in registers.
template <int depth>
inline void gemmSmallDepth(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, const Epilogue& epilogue) {
  const Mask mask = firstLanes(n);
  Floats right[depth];
#pragma GCC unroll 16
  for (int k = 0; k < depth; k++)
    right[k] = b.column == 1 ? load(b.at + k * b.row, mask) : gather(b.at + k, b.column, n);
  const Floats bias = epilogue.alongColumns ? load(epilogue.alongColumns, mask) : zeros();
  const float* row = a.at;
  float* to = out.at;
  float* sums = out.sums;
  for (int i = 0; i < m; i++, row += a.row, to += out.stride) {
    const float* from = row;
    Floats value = bias;
#pragma GCC unroll 16
    for (int k = 0; k < depth; k++, from += a.column) value = multiplyAdd(broadcast(*from), right[k], value);
    if (sums) {
      store(sums, value, mask);
      sums += out.stride;
    }
    if (epilogue.relu) value = maximum(zeros(), value);
    store(to, value, mask);
  }
}

/// gemm for small sizes (isSmall), without offsets or a transposed result.
inline void gemmSmall(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, int depth,
                      const Epilogue& epilogue) {
  using Multiply = void (*)(const MatrixA&, const MatrixB&, const MatrixC&, int, int, const Epilogue&);
  static constexpr Multiply byDepth[] = {
      nullptr,           gemmSmallDepth<1>,  gemmSmallDepth<2>,  gemmSmallDepth<3>,  gemmSmallDepth<4>,  gemmSmallDepth<5>,
      gemmSmallDepth<6>,  gemmSmallDepth<7>,  gemmSmallDepth<8>,  gemmSmallDepth<9>,  gemmSmallDepth<10>, gemmSmallDepth<11>,
      gemmSmallDepth<12>, gemmSmallDepth<13>, gemmSmallDepth<14>, gemmSmallDepth<15>, gemmSmallDepth<16>};
  byDepth[depth](a, b, out, m, n, epilogue);
}

/// Average vectors of sums per block, for blocks of up to `rows` × `vectors`.
inline double averageBlockVectors(int m, int n, int rows, int vectors) {
  const int across = ceilDivide(n, lanes);
  return double{1} * m * across / (ceilDivide(m, rows) * ceilDivide(across, vectors));
}

/// Prefetches the lines of a block of C for writing.
inline void prefetchForWrite(const float* at, ptrdiff_t stride, int rows, int columns) {
  for (int i = 0; i < rows; i++, at += stride)
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(at + j, 1);
}

/// Prefetches one of `parts` shares of what packBTransposed reads for the next panel.
inline void prefetchTransposed(const MatrixB& b, int k0, int j0, int depth, int columns, int part, int parts) {
  const float* const from = b.at + k0 + j0 * b.column;
  const int lines = ceilDivide(depth, 16);
  const int64_t all = int64_t{lines} * columns;
  const int end = static_cast<int>(all * (part + 1) / parts);
  for (int line = static_cast<int>(all * part / parts); line < end; line++)
    __builtin_prefetch(from + line / lines * b.column + line % lines * 16, 0, 2);
}

/**
 * C [m, n] = A [m, depth] · B [depth, n], with the epilogue. The order of summation depends only on the sizes.
 * @param scratch gemmScratch floats.
 */
inline void gemm(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, int depth,
                 const Epilogue& epilogue, float* scratch) {
  const bool isWide = b.offsets && averageBlockVectors(m, n, wideBlockMR, blockVectors + 1) >=
                                       averageBlockVectors(m, n, MR, blockVectors);
  const int blocks = ceilDivide(m, isWide ? wideBlockMR : MR);
  const int panel = isWide ? NR + lanes : NR;
  const int panels = ceilDivide(n, panel);
  float* const packedPanels = scratch + packedAFloats;
  float* const sums = packedPanels + panelsPerPack * panelFloats;
  const bool prefetches = !out.segments && !out.transposed && int64_t{m} * n >= prefetchFrom;
  // Rows that are powers of two apart share few sets of the L1 cache; rows within a few lines do not.
  const bool dense = a.row == 1 && a.column <= 64;
  const bool manyPanels = panels >= (a.row == 1 ? 3 : packAFromPanels) || (a.row % 256 == 0 && panels > 1);
  const bool mayPackA = !a.offsets && !dense && manyPanels;
  const bool isSingleRound = depth <= singleRoundDepth && (!mayPackA || int64_t{blocks} * MR * depth <= packedAFloats);
  const int rounds = isSingleRound ? 1 : ceilDivide(depth, KC);
  const auto blockHeight = [&](int block) { return m / blocks + (block < m % blocks ? 1 : 0); };
  Block t;
  t.parts = out.parts;
  for (int round = 0, k0 = 0; round < rounds; round++) {
    const int kc = depth / rounds + (round < depth % rounds ? 1 : 0);
    const bool adds = round > 0;
    const bool isLastRound = round == rounds - 1;
    const bool packsA = mayPackA && kc >= 16;
    const int chunks = packsA ? ceilDivide(blocks, static_cast<int>(packedAFloats / (MR * kc))) : 1;
    const int blocksPerChunk = ceilDivide(blocks, chunks);
    const bool packs = !b.offsets && (b.column != 1 || (!a.offsets && blocksPerChunk >= 6 && kc >= 64));
    const AccessA access = a.offsets ? AccessA::offsets : packsA || a.row == 1 ? AccessA::contiguous : AccessA::rows;
    t.depth = kc;
    t.aOffsets = a.offsets ? a.offsets + k0 : nullptr;
    t.bOffsets = b.offsets ? b.offsets + k0 : nullptr;
    t.relu = false;
    t.alongColumns = t.alongRows = nullptr;
    t.sums = nullptr;
    for (int first = 0, row = 0; first < blocks; first += blocksPerChunk) {
      const int blockEnd = min(first + blocksPerChunk, blocks);
      int rowEnd = row;
      for (int block = first; block < blockEnd; block++) {
        const int height = blockHeight(block);
        if (packsA) packA(a, rowEnd, k0, height, kc, scratch + int64_t{rowEnd - row} * kc);
        rowEnd += height;
      }
      for (int j = 0; j < n; j += panel) {
        const int across = min(panel, n - j);
        const int vectors = ceilDivide(across, lanes);
        if (packs) {
          const int place = b.column == 1 ? j / panel % panelsPerPack : 0;
          if (b.column != 1) packBTransposed(b, k0, j, kc, across, vectors, packedPanels);
          else if (place == 0) packB(b, k0, j, kc, min(panelsPerPack * panel, n - j), packedPanels);
          t.b = packedPanels + int64_t{place} * kc * NR;
          t.bStride = vectors * lanes;
        } else if (b.offsets) {
          t.b = b.at + j;
          t.bStride = 0;
        } else {
          t.b = b.at + k0 * b.row + j;
          t.bStride = b.row;
        }
        const bool whole = packs || across == vectors * lanes;
        // Sums that are transposed next may include the zero padding.
        const int inLast = packs && out.transposed ? lanes : across - (vectors - 1) * lanes;
        t.last = firstLanes(inLast);
        t.whole = inLast == lanes;
        t.segments = out.segments ? out.segments + j / lanes * out.parts : nullptr;
        for (int block = first, i0 = row; block < blockEnd; block++) {
          const int height = blockHeight(block);
          if (packsA) {
            t.a = scratch + int64_t{i0 - row} * kc;
            t.aStride = height;
          } else {
            t.a = a.offsets ? a.at + i0 : a.at + i0 * a.row + k0 * a.column;
            t.aStride = a.row == 1 ? a.column : a.row;
          }
          if (packs && b.column != 1 && j + panel < n)
            prefetchTransposed(b, k0, j + panel, kc, min(panel, n - j - panel), block - first, blockEnd - first);
          const MicroKernel kernel = selectMicroKernel(access, b.offsets != nullptr, whole, height, vectors);
          if (out.transposed) {
            t.c = sums;
            t.cStride = vectors * lanes;
            t.adds = false;
            kernel(t);
            storeTransposed(sums, height, across, out, i0, j, isLastRound ? epilogue : Epilogue{}, adds);
          } else {
            const int start = out.segments ? 0 : j;
            t.c = out.at + i0 * out.stride + start;
            t.cStride = out.stride;
            t.adds = adds;
            if (isLastRound) {
              t.relu = epilogue.relu;
              t.alongColumns = epilogue.alongColumns ? epilogue.alongColumns + j : nullptr;
              t.alongRows = epilogue.alongRows ? epilogue.alongRows + i0 : nullptr;
              t.sums = out.sums ? out.sums + i0 * out.stride + start : nullptr;
            }
            if (prefetches) prefetchForWrite(t.c, t.cStride, height, across);
            kernel(t);
          }
          i0 += height;
        }
      }
      row = rowEnd;
    }
    k0 += kc;
  }
}

/// y(u) = Σ_k x(k) · w(u, k) for one row, with vectors along k, `units` sums at a time.
template <int units>
inline void dotRow(const float* x, const float* w, ptrdiff_t stride, int depth, float* to) {
  Floats sums[units];
#pragma GCC unroll 16
  for (int u = 0; u < units; u++) sums[u] = zeros();
  int k = 0;
  for (; k + lanes <= depth; k += lanes) {
    const Floats one = load(x + k);
#pragma GCC unroll 16
    for (int u = 0; u < units; u++) sums[u] = multiplyAdd(one, load(w + u * stride + k), sums[u]);
  }
  if (k < depth) {
    const Mask mask = firstLanes(depth - k);
    const Floats one = load(x + k, mask);
#pragma GCC unroll 16
    for (int u = 0; u < units; u++) sums[u] = multiplyAdd(one, load(w + u * stride + k, mask), sums[u]);
  }
#pragma GCC unroll 16
  for (int u = 0; u < units; u++) to[u] = sum(sums[u]);
}

}  // namespace ISA
}  // namespace descent
