// Matrix products C(i, j) = Σ_k A(i, k) · B(k, j): A is broadcast number by number, B and C are taken in vectors along j.
// A block of blockRows × 2 vectors of C stays in registers over the whole depth. B may lie transposed, or be long: then
// panels of it are packed first; so is A where many panels meet it. C may be written transposed.
#pragma once
#include <cstddef>

#include "vector.h"

namespace descent {
namespace ISA {

constexpr int blockVectors = 2;
constexpr int panelWidth = blockVectors * lanes;
/// Rows of a block that has a vector more, where B has offsets: registers hold its sums as well, and fewer numbers of A
/// are broadcast for each of them.
constexpr int lowRows = blockRows * blockVectors / (blockVectors + 1);
/// Depth of a round where there are several: longer ones touch C less often, shorter ones leave more room for A.
constexpr int roundDepth = 512;
/// Floats of a packed panel at most, and the depth up to which one round is enough if A's blocks fit as well.
constexpr int panelFloats = 16 * 1024;
constexpr int onlyRound = panelFloats / panelWidth;
/// Panels that are packed together from rows of B: of rows that lie pages apart, less than four lines each come slowly, and
/// asked for in time (as in fetchTurned) they would push one another out of the second cache, where they share few places.
constexpr int panelsTogether = 4;
/// Rows of B that are asked for ahead: as many as the first cache holds where they are powers of two apart.
constexpr int rowsAhead = 6;
/// Floats of A packed at a time: they stay in the second cache while panels of B go by.
constexpr int64_t packedLeft = 144 * 1024;
/// Floats of scratch a product wants: packed blocks of A, packed panels of B, a block of C.
constexpr int64_t productScratch = packedLeft + panelsTogether * panelFloats + blockRows * panelWidth;
/// Panels of B from which on packed rows of A repay the packing; of a few rows each can be reached as it lies.
constexpr int panelsToPackFor = 9;
/// Floats of C from which its blocks are asked for before their sums are known.
constexpr int64_t fetchedFrom = 8 * 1024;

/// What is done with a block of sums before it is stored.
struct Epilogue {
  /// Added to every row of C: one number for each column j; or to every column: one for each row i.
  const float* alongColumns = nullptr;
  const float* alongRows = nullptr;
  bool relu = false;
};

/// Where a row of A or B lies for each k: a stride, or a table of distances.
struct Left {
  const float* at;
  /// Distances between rows (i) and between columns (k); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column;
  /// In place of `column`: the distance of each k; then `row` is 1.
  const int32_t* offsets = nullptr;
};
struct Right {
  const float* at;
  /// Distances between rows (k) and columns (j); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column = 1;
  /// In place of `row`: the distance of each k; then `column` is 1.
  const int32_t* offsets = nullptr;
};
struct Output {
  float* at;
  /// Distance between rows (i), columns being neighbours; transposed: between columns (j), rows being neighbours.
  ptrdiff_t stride;
  bool transposed = false;
  /// Also gets the sums as they are before the activation; lies as C does.
  float* sums = nullptr;
  /// Where only parts of C's rows are kept: `parts` for each vector of columns; B has offsets then.
  const struct Cut* cuts = nullptr;
  int parts = 0;
};

/// Lanes low … high − 1 of a vector of sums are stored so far behind the row's begin that lane 0 would lie at `at`.
struct Cut {
  int32_t low;
  int32_t high;
  int32_t at;
};

/// Cuts a vector needs where of every `pitch` columns some are kept.
inline int partsFor(int pitch) { return lanes / pitch + 2; }

/// The cuts of `columns` columns of which the first `length` of every `pitch` are kept, side by side.
inline void cutRows(int columns, int pitch, int length, Cut* to) {
  for (int first = 0; first < columns; first += lanes) {
    const int end = least(first + lanes, columns);
    for (int part = 0, row = first / pitch; part < partsFor(pitch); part++, row++) {
      const int low = most(row * pitch, first);
      const int high = least(row * pitch + length, end);
      *to++ = low < high ? Cut{low - first, high - first, first - row * (pitch - length)} : Cut{0, 0, 0};
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
  /// Lanes of the last vector, and whether these are all.
  Mask last;
  bool whole;
  float* c;
  ptrdiff_t cStride;
  float* sums;
  const float* alongColumns;
  const float* alongRows;
  bool relu;
  /// Adds to what C holds.
  bool adds;
  /// Of the block's first vector; null where all of a row is stored.
  const Cut* cuts;
  int parts;
};

enum class Steps { contiguous, rows, offsets };

/// One block: A's rows neighbours (contiguous), `aStride` apart with k neighbours (rows), or neighbours at distances by k.
template <int height, int width, Steps left, bool distances, bool masked>
void multiplyBlock(const Block& t) {
  Floats sum[height][width];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) sum[i][v] = zeros();
  const Mask last = t.last;
  const float* b = t.b;
  const float* a = t.a;
  // Three rows are reached from one pointer, so that the pointers fit into registers.
  constexpr int bases = (height + 2) / 3;
  const char* base[bases];
  const ptrdiff_t stride = t.aStride * static_cast<ptrdiff_t>(sizeof(float));
  if (left == Steps::rows)
    for (int i = 0; i < bases; i++) base[i] = reinterpret_cast<const char*>(a) + 3 * i * stride;
  for (int k = 0; k < t.depth; k++) {
    const float* from = distances ? b + t.bOffsets[k] : b;
    Floats right[width];
#pragma GCC unroll 4
    for (int v = 0; v < width; v++)
      right[v] = masked && v == width - 1 ? load(from + v * lanes, last) : load(from + v * lanes);
    const float* row = left == Steps::offsets ? a + t.aOffsets[k] : a;
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      const Floats one = left == Steps::rows
                             ? every(*reinterpret_cast<const float*>(base[i / 3] + (i % 3) * stride))
                             : every(row[i]);
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) sum[i][v] = multiplyAdd(one, right[v], sum[i][v]);
    }
    if (!distances) b += t.bStride;
    if (left == Steps::contiguous) a += t.aStride;
    if (left == Steps::rows)
#pragma GCC unroll 8
      for (int i = 0; i < bases; i++) base[i] += sizeof(float);
  }
  float* c = t.c;
  if (distances && t.cuts) {
    const bool relu = t.relu;
    const bool adds = t.adds;
    const ptrdiff_t stride = t.cStride;
    float* const before = t.sums;
    const bool ready = !adds && !before;
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      const Floats bias = t.alongRows ? every(t.alongRows[i]) : zeros();
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) {
        sum[i][v] = sum[i][v] + bias;
        if (ready && relu) sum[i][v] = larger(zeros(), sum[i][v]);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) {
      for (int part = 0; part < t.parts; part++) {
        const Cut cut = t.cuts[v * t.parts + part];
        if (cut.low == cut.high) continue;
        const Window window = lanesBetween(cut.low, cut.high);
        float* to = c + cut.at;
        if (ready) {
#pragma GCC unroll 16
          for (int i = 0; i < height; i++, to += stride) storeWindow(to, sum[i][v], window);
          continue;
        }
        float* sums = before ? before + cut.at : nullptr;
#pragma GCC unroll 16
        for (int i = 0; i < height; i++, to += stride) {
          Floats value = sum[i][v];
          if (adds) value = value + loadWindow(to, window);
          if (sums) {
            storeWindow(sums, value, window);
            sums += stride;
          }
          if (relu) value = larger(zeros(), value);
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
      if (t.alongRows) value = value + every(t.alongRows[i]);
      if (t.sums) store(t.sums + i * t.cStride + v * lanes, value, mask);
      if (t.relu) value = larger(zeros(), value);
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
  // Through memory, so that there is one way for all sums: code for each would be many times as long.
  float kept[height * width * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) store(kept + (i * width + v) * lanes, sum[i][v]);
#pragma GCC unroll 1
  for (int i = 0; i < height; i++, c += t.cStride)
#pragma GCC unroll 1
    for (int v = 0; v < width; v++)
      finish(load(kept + (i * width + v) * lanes), i, v, c + v * lanes, v == width - 1 ? last : firstLanes(lanes));
}

using MultiplyBlock = void (*)(const Block&);

/// The blocks of one way to reach A and B, by height and vectors.
template <Steps left, bool distances, bool masked> struct Blocks {
  MultiplyBlock table[blockRows + 1][blockVectors + 2];
  constexpr Blocks() : table() { fill<blockRows>(); }
  template <int height> constexpr void fill() {
    if constexpr (height > 0) {
      table[height][1] = multiplyBlock<height, 1, left, distances, masked>;
      table[height][2] = multiplyBlock<height, 2, left, distances, masked>;
      if constexpr (distances && height <= lowRows) table[height][3] = multiplyBlock<height, 3, left, distances, masked>;
      fill<height - 1>();
    }
  }
};

template <Steps left, bool distances, bool masked>
inline MultiplyBlock blockOf(int height, int width) {
  static constexpr Blocks<left, distances, masked> blocks;
  return blocks.table[height][width];
}

inline MultiplyBlock chooseBlock(Steps left, bool distances, bool whole, int height, int width) {
  if (distances) return blockOf<Steps::contiguous, true, true>(height, width);
  switch (left) {
    case Steps::offsets:
      return blockOf<Steps::offsets, false, false>(height, width);
    case Steps::rows:
      return whole ? blockOf<Steps::rows, false, false>(height, width) : blockOf<Steps::rows, false, true>(height, width);
    default:
      return whole ? blockOf<Steps::contiguous, false, false>(height, width)
                   : blockOf<Steps::contiguous, false, true>(height, width);
  }
}

/// to [count ≤ lanes][stride] transposed from rows of `from`: element (r, c) goes to to[c · toStride + r]; rows missing up to a vector become zeros.
inline void packTransposed(const float* from, ptrdiff_t stride, int rows, int columns, float* to, ptrdiff_t toStride) {
  if (columns <= 6) {
    for (int c = 0; c < columns; c++) store(to + c * toStride, gather(from + c, stride, rows));
    return;
  }
  for (int c = 0; c < columns; c += lanes) {
    Floats block[lanes];
    const int some = least(lanes, columns - c);
    if (rows == lanes && some == lanes) {
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = load(from + r * stride + c);
    } else {
      const Mask mask = firstLanes(some);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < rows ? load(from + r * stride + c, mask) : zeros();
    }
    transpose(block);
    if (some == lanes) {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++) store(to + (c + k) * toStride, block[k]);
    } else {
#pragma GCC unroll 16
      for (int k = 0; k < lanes; k++)
        if (k < some) store(to + (c + k) * toStride, block[k]);
    }
  }
}

/// `depth` rows of B to panels [depth][panelWidth] that follow one another, of which the last has as many vectors as it
/// takes; zeros behind the columns.
inline void packRows(const Right& b, int k0, int j0, int depth, int columns, float* to) {
  const int before = (columns - 1) / panelWidth;
  const int inLast = columns - before * panelWidth;
  const int vectors = ceilDivided(inLast, lanes);
  const Mask mask = firstLanes(inLast - (vectors - 1) * lanes);
  const float* from = b.at + k0 * b.row + j0;
  for (int k = 0; k < depth; k++, from += b.row) {
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(from + rowsAhead * b.row + j);
    const float* row = from;
    for (int p = 0; p < before; p++, row += panelWidth)
#pragma GCC unroll 4
      for (int v = 0; v < blockVectors; v++)
        store(to + (int64_t{p} * depth + k) * panelWidth + v * lanes, load(row + v * lanes));
    float* last = to + int64_t{before} * depth * panelWidth + int64_t{k} * vectors * lanes;
    for (int v = 0; v < vectors; v++)
      store(last + v * lanes, v == vectors - 1 ? load(row + v * lanes, mask) : load(row + v * lanes));
  }
}

/// As many columns of B as a panel has, where k has neighbours, to a panel [depth][vectors · lanes].
inline void packTurned(const Right& b, int k0, int j0, int depth, int columns, int vectors, float* to) {
  for (int v = 0; v < vectors; v++)
    packTransposed(b.at + k0 + (j0 + v * lanes) * b.column, b.column, least(lanes, columns - v * lanes), depth,
                   to + v * lanes, vectors * lanes);
}

/// A block of A [height][depth] to [depth][height]. Whole vectors are stored where no more fill a row: what is too much
/// the next row writes over, so that up to lanes − 1 floats behind the block change.
inline void packBlock(const Left& a, int i0, int k0, int height, int depth, float* to) {
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
      const int some = least(lanes, height - first);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; r++) block[r] = r < some ? load(from + (first + r) * a.row + k) : zeros();
      transpose(block);
      float* const row = to + k * height + first;
      if (height <= lanes) {
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r]);
      } else {
        const Mask mask = firstLanes(some);
#pragma GCC unroll 16
        for (int r = 0; r < lanes; r++) store(row + r * height, block[r], mask);
      }
    }
  }
  for (; k < depth; k++)
    for (int i = 0; i < height; i++) to[k * height + i] = from[i * a.row + k];
}

/// A block of sums [height][width vectors] written transposed, with what the epilogue adds.
inline void storeTransposed(const float* block, int height, int columns, const Output& out, int i0, int j0,
                            const Epilogue& end, bool adds) {
  const int vectors = ceilDivided(columns, lanes);
  for (int v = 0; v < vectors; v++) {
    const int across = least(lanes, columns - v * lanes);
    for (int first = 0; first < height; first += lanes) {
      const int some = least(lanes, height - first);
      const Mask mask = firstLanes(some);
      const float* from = block + (first * vectors + v) * lanes;
      Floats row[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) row[i] = i < some ? load(from + i * vectors * lanes) : zeros();
      transpose(row);
      const Floats bias = end.alongRows ? load(end.alongRows + i0 + first, mask) : zeros();
      const ptrdiff_t start = (j0 + v * lanes) * out.stride + i0 + first;
      // Through memory, because the rows are told apart at run time.
      float turned[lanes * lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) store(turned + i * lanes, row[i]);
      for (int j = 0; j < across; j++) {
        float* to = out.at + start + j * out.stride;
        Floats value = load(turned + j * lanes) + bias;
        if (adds) value = value + load(to, mask);
        if (end.alongColumns) value = value + every(end.alongColumns[j0 + v * lanes + j]);
        if (out.sums) store(out.sums + start + j * out.stride, value, mask);
        if (end.relu) value = larger(zeros(), value);
        store(to, value, mask);
      }
    }
  }
}

/// Sizes that are not worth a driver: C in one vector a row, A and B as they lie.
inline bool isSmall(int m, int n, int depth) { return n <= lanes && depth <= 16 && m * depth <= 64; }

/// multiplySmall for one depth, so that B stays in registers.
template <int depth>
inline void multiplyDepth(const Left& a, const Right& b, const Output& out, int m, int n, const Epilogue& end) {
  const Mask mask = firstLanes(n);
  Floats right[depth];
#pragma GCC unroll 16
  for (int k = 0; k < depth; k++)
    right[k] = b.column == 1 ? load(b.at + k * b.row, mask) : gather(b.at + k, b.column, n);
  const Floats bias = end.alongColumns ? load(end.alongColumns, mask) : zeros();
  const float* row = a.at;
  float* to = out.at;
  float* sums = out.sums;
  for (int i = 0; i < m; i++, row += a.row, to += out.stride) {
    const float* from = row;
    Floats value = bias;
#pragma GCC unroll 16
    for (int k = 0; k < depth; k++, from += a.column) value = multiplyAdd(every(*from), right[k], value);
    if (sums) {
      store(sums, value, mask);
      sums += out.stride;
    }
    if (end.relu) value = larger(zeros(), value);
    store(to, value, mask);
  }
}

/// As `multiply` where isSmall; neither offsets nor a transposed result.
inline void multiplySmall(const Left& a, const Right& b, const Output& out, int m, int n, int depth,
                          const Epilogue& end) {
  using Multiply = void (*)(const Left&, const Right&, const Output&, int, int, const Epilogue&);
  static constexpr Multiply byDepth[] = {
      nullptr,           multiplyDepth<1>,  multiplyDepth<2>,  multiplyDepth<3>,  multiplyDepth<4>,  multiplyDepth<5>,
      multiplyDepth<6>,  multiplyDepth<7>,  multiplyDepth<8>,  multiplyDepth<9>,  multiplyDepth<10>, multiplyDepth<11>,
      multiplyDepth<12>, multiplyDepth<13>, multiplyDepth<14>, multiplyDepth<15>, multiplyDepth<16>};
  byDepth[depth](a, b, out, m, n, end);
}

/// Vectors of sums that blocks of up to `rows` by `vectors` have on average.
inline double sumsOfBlocks(int m, int n, int rows, int vectors) {
  const int across = ceilDivided(n, lanes);
  return double{1} * m * across / (ceilDivided(m, rows) * ceilDivided(across, vectors));
}

/// Asks for lines that are written to when the sums are known.
inline void fetchToWrite(const float* at, ptrdiff_t stride, int rows, int columns) {
  for (int i = 0; i < rows; i++, at += stride)
    for (int j = 0; j < columns; j += 16) __builtin_prefetch(at + j, 1);
}

/// Asks for a share of what packTurned is going to read for the next panel, so that all of it has come when the last
/// share has.
inline void fetchTurned(const Right& b, int k0, int j0, int depth, int columns, int share, int shares) {
  const float* const from = b.at + k0 + j0 * b.column;
  const int lines = ceilDivided(depth, 16);
  const int64_t all = int64_t{lines} * columns;
  const int end = static_cast<int>(all * (share + 1) / shares);
  for (int line = static_cast<int>(all * share / shares); line < end; line++)
    __builtin_prefetch(from + line / lines * b.column + line % lines * 16, 0, 2);
}

/**
 * C [m, n] = A [m, depth] · B [depth, n] with the epilogue. Deterministic: the order of sums depends on the sizes alone.
 * @param scratch productScratch floats.
 */
inline void multiply(const Left& a, const Right& b, const Output& out, int m, int n, int depth, const Epilogue& end,
                     float* scratch) {
  const bool low = b.offsets && sumsOfBlocks(m, n, lowRows, blockVectors + 1) >= sumsOfBlocks(m, n, blockRows, blockVectors);
  const int blocks = ceilDivided(m, low ? lowRows : blockRows);
  const int panel = low ? panelWidth + lanes : panelWidth;
  const int panels = ceilDivided(n, panel);
  float* const packedPanel = scratch + packedLeft;
  float* const sums = packedPanel + panelsTogether * panelFloats;
  const bool fetches = !out.cuts && !out.transposed && int64_t{m} * n >= fetchedFrom;
  // Rows that lie powers of two apart meet in the same few lines of the first cache; neighbours in a few lines do not.
  const bool dense = a.row == 1 && a.column <= 64;
  const bool manyPanels = panels >= (a.row == 1 ? 3 : panelsToPackFor) || (a.row % 256 == 0 && panels > 1);
  const bool mayPackLeft = !a.offsets && !dense && manyPanels;
  const bool once = depth <= onlyRound && (!mayPackLeft || int64_t{blocks} * blockRows * depth <= packedLeft);
  const int rounds = once ? 1 : ceilDivided(depth, roundDepth);
  const auto heightOf = [&](int block) { return m / blocks + (block < m % blocks ? 1 : 0); };
  Block t;
  t.parts = out.parts;
  for (int round = 0, k0 = 0; round < rounds; round++) {
    const int some = depth / rounds + (round < depth % rounds ? 1 : 0);
    const bool adds = round > 0;
    const bool ends = round == rounds - 1;
    const bool packsLeft = mayPackLeft && some >= 16;
    const int chunks = packsLeft ? ceilDivided(blocks, static_cast<int>(packedLeft / (blockRows * some))) : 1;
    const int together = ceilDivided(blocks, chunks);
    const bool packs = !b.offsets && (b.column != 1 || (!a.offsets && together >= 6 && some >= 64));
    const Steps steps = a.offsets ? Steps::offsets : packsLeft || a.row == 1 ? Steps::contiguous : Steps::rows;
    t.depth = some;
    t.aOffsets = a.offsets ? a.offsets + k0 : nullptr;
    t.bOffsets = b.offsets ? b.offsets + k0 : nullptr;
    t.relu = false;
    t.alongColumns = t.alongRows = nullptr;
    t.sums = nullptr;
    for (int first = 0, row = 0; first < blocks; first += together) {
      const int behind = least(first + together, blocks);
      int rowBehind = row;
      for (int block = first; block < behind; block++) {
        const int height = heightOf(block);
        if (packsLeft) packBlock(a, rowBehind, k0, height, some, scratch + int64_t{rowBehind - row} * some);
        rowBehind += height;
      }
      for (int j = 0; j < n; j += panel) {
        const int across = least(panel, n - j);
        const int vectors = ceilDivided(across, lanes);
        if (packs) {
          const int place = b.column == 1 ? j / panel % panelsTogether : 0;
          if (b.column != 1) packTurned(b, k0, j, some, across, vectors, packedPanel);
          else if (place == 0) packRows(b, k0, j, some, least(panelsTogether * panel, n - j), packedPanel);
          t.b = packedPanel + int64_t{place} * some * panelWidth;
          t.bStride = vectors * lanes;
        } else if (b.offsets) {
          t.b = b.at + j;
          t.bStride = 0;
        } else {
          t.b = b.at + k0 * b.row + j;
          t.bStride = b.row;
        }
        const bool whole = packs || across == vectors * lanes;
        // Of sums that are turned next, what packing filled up may stay.
        const int inLast = packs && out.transposed ? lanes : across - (vectors - 1) * lanes;
        t.last = firstLanes(inLast);
        t.whole = inLast == lanes;
        t.cuts = out.cuts ? out.cuts + j / lanes * out.parts : nullptr;
        for (int block = first, i0 = row; block < behind; block++) {
          const int height = heightOf(block);
          if (packsLeft) {
            t.a = scratch + int64_t{i0 - row} * some;
            t.aStride = height;
          } else {
            t.a = a.offsets ? a.at + i0 : a.at + i0 * a.row + k0 * a.column;
            t.aStride = a.row == 1 ? a.column : a.row;
          }
          if (packs && b.column != 1 && j + panel < n)
            fetchTurned(b, k0, j + panel, some, least(panel, n - j - panel), block - first, behind - first);
          const MultiplyBlock multiplied = chooseBlock(steps, b.offsets != nullptr, whole, height, vectors);
          if (out.transposed) {
            t.c = sums;
            t.cStride = vectors * lanes;
            t.adds = false;
            multiplied(t);
            storeTransposed(sums, height, across, out, i0, j, ends ? end : Epilogue{}, adds);
          } else {
            const int start = out.cuts ? 0 : j;
            t.c = out.at + i0 * out.stride + start;
            t.cStride = out.stride;
            t.adds = adds;
            if (ends) {
              t.relu = end.relu;
              t.alongColumns = end.alongColumns ? end.alongColumns + j : nullptr;
              t.alongRows = end.alongRows ? end.alongRows + i0 : nullptr;
              t.sums = out.sums ? out.sums + i0 * out.stride + start : nullptr;
            }
            if (fetches) fetchToWrite(t.c, t.cStride, height, across);
            multiplied(t);
          }
          i0 += height;
        }
      }
      row = rowBehind;
    }
    k0 += some;
  }
}

/// y(r, u) = Σ_k x(r, k) · w(u, k) for few rows, both with k neighbours: `units` sums at a time over vectors along k.
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
