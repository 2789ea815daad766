// Operations that take each row of the batch for itself. Those that follow one another go over a few rows at a time, so
// that the next finds in the first cache what the one before wrote, and threads meet once for all of them.
#pragma once
#include "activation.h"
#include "pooling.h"
#include "program.h"
#include "softmax.h"

namespace descent {
namespace ISA {

/// Floats of one operand's rows that are taken at a time.
constexpr int64_t rowBlock = 2048;

inline Windows windowsOf(const int32_t* n) { return {n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]}; }

/// What an operation reads and writes of each row: `floats` and, pooled, `pooled` numbers.
struct RowWise {
  bool is;
  int64_t floats;
  int64_t pooled;
  /// Floating-point operations.
  double cost;
};

inline RowWise rowWiseOf(const Operation& o) {
  const int64_t width = o.n[0];
  switch (o.code) {
    case 4: return {true, width, 0, 10.0 * width};
    case 5: return {true, width, 0, 4.0 * width};
    case 6:
    case 7: return {true, width, 0, 20.0 * width};
    case 14:
    case 15:
    case 16:
    case 17: {
      const Windows w = windowsOf(o.n);
      return {true, width * w.plane(), width * w.outputs(), 4.0 * width * w.plane()};
    }
    default: return {false, 0, 0, 0};
  }
}

inline void performRows(const Operation& o, int from, int end) {
  const RowWise row = rowWiseOf(o);
  const int64_t in = from * row.floats;
  const int64_t out = from * row.pooled;
  const int64_t count = (end - from) * row.floats;
  const int planes = (end - from) * o.n[0];
  float* const* at = o.at;
  switch (o.code) {
    case 4: return activate(o.n[1], at[0] + in, at[1] + in, count);
    case 5: return activateBack(o.n[1], at[0] + in, at[1] + in, count);
    case 6: return softmaxForward(at[0] + in, at[1] + in, end - from, o.n[0]);
    case 7: return softmaxBackward(at[0] + in, at[1] + in, end - from, o.n[0]);
    case 14: return maxPoolingForward(at[0] + in, at[1] + out, planes, windowsOf(o.n));
    case 15:
      return maxPoolingBackward(at[0] + in, at[1] + out, at[2] + out, at[3] + in, planes, windowsOf(o.n));
    case 16: return averagePoolingForward(at[0] + in, at[1] + out, planes, windowsOf(o.n));
    case 17: return averagePoolingBackward(at[0] + out, at[1] + in, planes, windowsOf(o.n));
  }
}

/// Whether `next` may see the first rows of what `before` does to them: it must not write where other rows still lie.
inline bool mayFollow(const Operation& before, const Operation& next, int64_t capacity) {
  const auto widthOf = [](const Operation& o, int operand) {
    const RowWise row = rowWiseOf(o);
    const bool whole = o.code < 14 || (o.code == 17 ? operand == 1 : operand == 0 || operand == 3);
    return whole ? row.floats : row.pooled;
  };
  for (int a = 0; a < maximumOperands; a++) {
    for (int b = 0; b < maximumOperands; b++) {
      if (!before.at[a] || !next.at[b]) continue;
      const int64_t first = widthOf(before, a);
      const int64_t second = widthOf(next, b);
      if (before.at[a] == next.at[b] && first == second) continue;
      if (before.at[a] < next.at[b] + second * capacity && next.at[b] < before.at[a] + first * capacity) return false;
    }
  }
  return true;
}

/// Performs operations from `first` on, as many as may go together. @returns the one behind them.
inline const Operation* performRowWise(const Operation* first, const Operation* end, int rows, int64_t capacity,
                                       const Context& context) {
  const Operation* next = first;
  double cost = 0;
  int64_t widest = 1;
  for (; next != end; next++) {
    const RowWise row = rowWiseOf(*next);
    if (!row.is) break;
    bool joins = true;
    for (const Operation* before = first; before != next; before++) joins = joins && mayFollow(*before, *next, capacity);
    if (!joins) break;
    cost += row.cost;
    widest = most(widest, row.floats);
  }
  const int block = next - first == 1 ? rows : static_cast<int>(most<int64_t>(1, rowBlock / widest));
  share(context, cost * rows, rows, 1, [&](int from, int to, float*) {
    for (int row = from; row < to; row += block)
      for (const Operation* o = first; o != next; o++) performRows(*o, row, least(row + block, to));
  });
  return next;
}

}  // namespace ISA
}  // namespace descent
