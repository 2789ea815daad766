// The rate of each micro-kernel on operands in the L1 cache. `npm run bench -- blocks` compiles this file with the options
// of the addon and judges the rates. Prints a line of JSON for each block.
#include <chrono>
#include <cstdio>

#include "../source/gemm/micro-kernel.h"

namespace descent {
namespace ISA {
namespace {

constexpr int depth = 128;
/// Repetitions a measurement; the best of several is taken.
constexpr int calls = 2'000;
constexpr int measurements = 40;

alignas(64) float rowsOfA[MR * depth];
alignas(64) float panelOfB[depth * (blockVectors + 1) * lanes];
alignas(64) float blockOfC[MR * (blockVectors + 1) * lanes];
int32_t offsetsOfA[depth];
int32_t offsetsOfB[depth];

template <typename Work> double bestSeconds(Work work) {
  double best = 1e9;
  for (int measurement = 0; measurement < measurements; measurement++) {
    const auto begin = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; call++) work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (elapsed.count() < best) best = elapsed.count();
  }
  return best / calls;
}

/// Multiply-adds of vectors a second, with all operands in registers.
double registerRate() {
  constexpr int sums = 12;
  // The compiler does not know the factor and so computes no step in advance.
  const volatile float factor = 0.5f;
  const Floats a = broadcast(factor);
  const double seconds = bestSeconds([a] {
    Floats sum[sums];
    for (Floats& each : sum) each = a;
    for (int k = 0; k < depth; k++)
#pragma GCC unroll 16
      for (int i = 0; i < sums; i++) sum[i] = multiplyAdd(sum[i], a, a);
    for (int i = 0; i < sums; i++) store(blockOfC + i * lanes, sum[i]);
  });
  return sums * double{depth} / seconds;
}

/// Multiply-adds of vectors a second.
double blockRate(AccessA access, bool hasOffsets, int rows, int vectors) {
  Block t{};
  t.a = rowsOfA;
  t.aStride = access == AccessA::rows ? depth : rows;
  t.b = panelOfB;
  t.bStride = vectors * lanes;
  t.last = firstLanes(lanes);
  t.whole = true;
  t.c = blockOfC;
  t.cStride = vectors * lanes;
  t.startRound(offsetsOfA, offsetsOfB, depth);
  for (int k = 0; k < depth; k++) {
    offsetsOfA[k] = k * rows;
    offsetsOfB[k] = k * vectors * lanes;
  }
  const MicroKernel kernel = selectMicroKernel(access, hasOffsets, true, rows, vectors);
  return double{1} * rows * vectors * depth / bestSeconds([&] { kernel(t); });
}

void print(const char* name, AccessA access, bool hasOffsets, int mostRows, int vectors) {
  for (int rows = 1; rows <= mostRows; rows++)
    std::printf("{\"access\":\"%s\",\"rows\":%d,\"vectors\":%d,\"lanes\":%d,\"rate\":%.4e}\n", name, rows, vectors, lanes,
                blockRate(access, hasOffsets, rows, vectors));
}

void measure() {
  for (float& value : rowsOfA) value = 0.5f;
  for (float& value : panelOfB) value = 0.25f;
  std::printf("{\"access\":\"registers\",\"rows\":6,\"vectors\":2,\"lanes\":%d,\"rate\":%.4e}\n", lanes, registerRate());
  for (int vectors = 1; vectors <= blockVectors; vectors++) {
    print("contiguous", AccessA::contiguous, false, MR, vectors);
    print("rows", AccessA::rows, false, MR, vectors);
    print("offsets-of-A", AccessA::offsets, false, MR, vectors);
    print("offsets-of-B", AccessA::contiguous, true, MR, vectors);
  }
  print("offsets-of-B", AccessA::contiguous, true, wideBlockMR, blockVectors + 1);
}

}  // namespace
}  // namespace ISA
}  // namespace descent

int main() { descent::ISA::measure(); }
