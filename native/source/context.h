// Execution context of kernels: scratch memory per thread, and the division of work between threads.
#pragma once
#include "thread-pool.h"
#include "vector.h"

namespace descent {
namespace ISA {

struct Context {
  /// Null for one thread.
  ThreadPool* pool;
  float* scratch;
  /// Floats of scratch memory per thread.
  int64_t scratchFloats;
};

/// Scratch memory of a row-wise operation.
struct RowScratch {
  /// Per thread: for matrix products, and for the operation.
  float* product;
  float* own;
  /// Shared by all threads.
  const float* shared;
};

/// Rounds up to whole cache lines.
inline int64_t wholeLines(int64_t floats) { return (floats + 15) / 16 * 16; }

inline void clear(float* to, int64_t count) {
  forEachVector(count, [&](int64_t i, auto mask) { store(to + i, zeros(), mask); });
}

/// Floating-point operations below which a barrier costs more than parallel execution saves.
constexpr double parallelFrom = 400000;

/**
 * Calls work(from, end, scratch) over 0 … count, one part per thread; parts are multiples of `grain`, and small work is
 * not split. Parts write disjoint outputs and sums are never split, so results do not depend on the number of threads.
 */
template <typename Work>
inline void parallelFor(const Context& context, double operations, int count, int grain, const Work& work) {
  const int threads = context.pool ? context.pool->threads() : 1;
  if (threads == 1 || operations < parallelFrom || count <= grain) {
    work(0, count, context.scratch);
    return;
  }
  struct Shared {
    const Context& context;
    const Work& work;
    int count;
    int grain;
  } shared{context, work, count, grain};
  context.pool->run(
      [](void* from, int part, int parts) {
        const Shared& s = *static_cast<const Shared*>(from);
        const int64_t grains = (s.count + s.grain - 1) / s.grain;
        const int first = static_cast<int>(grains * part / parts * s.grain);
        const int end = static_cast<int>(min<int64_t>(s.count, grains * (part + 1) / parts * s.grain));
        if (first < end) s.work(first, end, s.context.scratch + part * s.context.scratchFloats);
      },
      &shared);
}

}  // namespace ISA
}  // namespace descent
