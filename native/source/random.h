// Threefry-2x32 with 20 rounds, one counter per lane; specified in src/engine/rng.ts.
#pragma once
#include "vector.h"

namespace descent {
namespace ISA {

/// Low and high words of a stream's key.
struct Key {
  uint32_t low;
  uint32_t high;
};

template <int a, int b, int c, int d> inline void fourRounds(Words& x0, Words& x1) {
  x0 = plus(x0, x1); x1 = exclusiveOr(rotated<a>(x1), x0);
  x0 = plus(x0, x1); x1 = exclusiveOr(rotated<b>(x1), x0);
  x0 = plus(x0, x1); x1 = exclusiveOr(rotated<c>(x1), x0);
  x0 = plus(x0, x1); x1 = exclusiveOr(rotated<d>(x1), x0);
}

/// Words of `lanes` consecutive blocks from block `first`: words 2i in `even`, 2i + 1 in `odd`.
inline void randomBlocks(Key key, uint32_t first, uint32_t second, Words& even, Words& odd) {
  const Words k0 = broadcastWord(key.low);
  const Words k1 = broadcastWord(key.high);
  const Words k2 = broadcastWord(0x1bd11bda ^ key.low ^ key.high);
  Words x0 = plus(plus(broadcastWord(first), laneIndices()), k0);
  Words x1 = plus(broadcastWord(second), k1);
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k1); x1 = plus(plus(x1, k2), broadcastWord(1));
  fourRounds<17, 29, 16, 24>(x0, x1); x0 = plus(x0, k2); x1 = plus(plus(x1, k0), broadcastWord(2));
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k0); x1 = plus(plus(x1, k1), broadcastWord(3));
  fourRounds<17, 29, 16, 24>(x0, x1); x0 = plus(x0, k1); x1 = plus(plus(x1, k2), broadcastWord(4));
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k2); x1 = plus(plus(x1, k0), broadcastWord(5));
  even = x0;
  odd = x1;
}

/// The words of `lanes` consecutive blocks from block `first`, in order.
inline void randomWords(Key key, uint32_t first, uint32_t second, uint32_t (&to)[2 * lanes]) {
  Words even;
  Words odd;
  randomBlocks(key, first, second, even, odd);
  Floats a;
  Floats b;
  interleave(separated(asFloats(even)), separated(asFloats(odd)), a, b);
  storeWords(to, asWords(a));
  storeWords(to + lanes, asWords(b));
}

inline int32_t scaled(uint32_t word, int32_t bound) {
  return static_cast<int32_t>((static_cast<uint64_t>(word) * static_cast<uint64_t>(bound)) >> 32);
}

/// Fisher–Yates from the end, word i for entry i.
inline void permute(int32_t* order, int32_t n, Key key, uint32_t row) {
  constexpr int width = 2 * lanes;
  for (int32_t i = 0; i < n; i++) order[i] = i;
  for (int32_t group = (n - 1) / width; group >= 0; group--) {
    uint32_t words[width];
    const int32_t first = group * width;
    randomWords(key, static_cast<uint32_t>(first / 2), row, words);
    for (int32_t i = min(n - 1, first + width - 1); i >= max(first, 1); i--) {
      const int32_t j = scaled(words[i - first], i + 1);
      const int32_t kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
  }
}

/// order [n]: draws below n with replacement.
inline void drawWithReplacement(int32_t* order, int32_t n, Key key, uint32_t row) {
  constexpr int width = 2 * lanes;
  for (int32_t first = 0; first < n; first += width) {
    uint32_t words[width];
    randomWords(key, static_cast<uint32_t>(first / 2), row, words);
    for (int32_t i = first; i < min(n, first + width); i++) order[i] = scaled(words[i - first], n);
  }
}

/**
 * mask [from … end] = 0 with probability `rate`, otherwise 1/(1 − rate); y = x · mask. y may be x.
 * @param from a multiple of 2 · lanes.
 */
inline void dropoutForward(const float* x, float* mask, float* y, int from, int end, double rate, Key key,
                           uint32_t step) {
  const Words threshold = broadcastWord(static_cast<uint32_t>(rate * 4294967296.0));
  const Floats kept = broadcast(static_cast<float>(1 / (1 - rate)));
  for (int64_t i = from; i < end; i += 2 * lanes) {
    uint32_t words[2 * lanes];
    randomWords(key, static_cast<uint32_t>(i / 2), step, words);
    for (int part = 0; part < 2; part++) {
      const int64_t at = i + part * lanes;
      if (at >= end) break;
      const Mask valid = firstLanes(static_cast<int>(min<int64_t>(lanes, end - at)));
      const Floats factor = selectOrZero(notBelow(loadWords(words + part * lanes), threshold), kept);
      store(mask + at, factor, valid);
      store(y + at, load(x + at, valid) * factor, valid);
    }
  }
}

/// dy [count] ← dy · mask.
inline void dropoutBackward(const float* mask, float* dy, int64_t count) {
  forEachVector(count, [&](int64_t i, auto valid) {
    store(dy + i, load(dy + i, valid) * load(mask + i, valid), valid);
  });
}

}  // namespace ISA
}  // namespace descent
