// What kernels work with beside their operands: scratch memory of each thread, and the rule by which work is shared.
#pragma once
#include "team.h"
#include "vector.h"

namespace descent {
namespace ISA {

struct Context {
  /// Null with one thread.
  Team* team;
  float* scratch;
  /// Floats of scratch of each thread.
  int64_t scratchFloats;
};

/// Memory of an operation that takes the rows of a batch for themselves.
struct RowScratch {
  /// Of the thread: a product's; the operation's.
  float* product;
  float* own;
  /// Of all threads.
  const float* shared;
};

/// Floats of cache lines that hold so many.
inline int64_t wholeLines(int64_t floats) { return (floats + 15) / 16 * 16; }

inline void clear(float* to, int64_t count) {
  overVectors(count, [&](int64_t i, auto mask) { store(to + i, zeros(), mask); });
}

/// Floating-point operations below which a barrier costs more than a second thread saves.
constexpr double sharedFrom = 400000;

/**
 * Calls work(from, end, scratch) over 0 … count in parts that are multiples of `grain`, one a thread; small work stays
 * whole. Parts write to places of their own and sums are never split, so the result does not depend on the threads.
 */
template <typename Work>
inline void share(const Context& context, double operations, int count, int grain, const Work& work) {
  const int threads = context.team ? context.team->threads() : 1;
  if (threads == 1 || operations < sharedFrom || count <= grain) {
    work(0, count, context.scratch);
    return;
  }
  struct Shared {
    const Context& context;
    const Work& work;
    int count;
    int grain;
  } shared{context, work, count, grain};
  context.team->run(
      [](void* from, int part, int parts) {
        const Shared& s = *static_cast<const Shared*>(from);
        const int64_t grains = (s.count + s.grain - 1) / s.grain;
        const int first = static_cast<int>(grains * part / parts * s.grain);
        const int end = static_cast<int>(least<int64_t>(s.count, grains * (part + 1) / parts * s.grain));
        if (first < end) s.work(first, end, s.context.scratch + part * s.context.scratchFloats);
      },
      &shared);
}

}  // namespace ISA
}  // namespace descent
