// Threefry-2x32 with 20 rounds, many counters at a time; the definition is rng.ts of the engine.
#pragma once
#include "vector.h"

namespace descent {
namespace ISA {

/// Low and high word of a stream's key.
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

/// Words of `lanes` blocks in a row, the first block `first`: words 2i in `even`, 2i + 1 in `odd`.
inline void blocksOf(Key key, uint32_t first, uint32_t second, Words& even, Words& odd) {
  const Words k0 = everyWord(key.low);
  const Words k1 = everyWord(key.high);
  const Words k2 = everyWord(0x1bd11bda ^ key.low ^ key.high);
  Words x0 = plus(plus(everyWord(first), counting()), k0);
  Words x1 = plus(everyWord(second), k1);
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k1); x1 = plus(plus(x1, k2), everyWord(1));
  fourRounds<17, 29, 16, 24>(x0, x1); x0 = plus(x0, k2); x1 = plus(plus(x1, k0), everyWord(2));
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k0); x1 = plus(plus(x1, k1), everyWord(3));
  fourRounds<17, 29, 16, 24>(x0, x1); x0 = plus(x0, k1); x1 = plus(plus(x1, k2), everyWord(4));
  fourRounds<13, 15, 26, 6>(x0, x1); x0 = plus(x0, k2); x1 = plus(plus(x1, k0), everyWord(5));
  even = x0;
  odd = x1;
}

/// Words first · 2 … of `lanes` blocks in order.
inline void wordsOf(Key key, uint32_t first, uint32_t second, uint32_t (&to)[2 * lanes]) {
  Words even;
  Words odd;
  blocksOf(key, first, second, even, odd);
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
    wordsOf(key, static_cast<uint32_t>(first / 2), row, words);
    for (int32_t i = least(n - 1, first + width - 1); i >= most(first, 1); i--) {
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
    wordsOf(key, static_cast<uint32_t>(first / 2), row, words);
    for (int32_t i = first; i < least(n, first + width); i++) order[i] = scaled(words[i - first], n);
  }
}

/**
 * mask [from … end] = 0 with probability `rate`, else 1/(1 − rate); y = x · mask. y may be x.
 * @param from a multiple of 2 · lanes.
 */
inline void dropoutForward(const float* x, float* mask, float* y, int from, int end, double rate, Key key,
                           uint32_t step) {
  const Words threshold = everyWord(static_cast<uint32_t>(rate * 4294967296.0));
  const Floats kept = every(static_cast<float>(1 / (1 - rate)));
  for (int64_t i = from; i < end; i += 2 * lanes) {
    uint32_t words[2 * lanes];
    wordsOf(key, static_cast<uint32_t>(i / 2), step, words);
    for (int part = 0; part < 2; part++) {
      const int64_t at = i + part * lanes;
      if (at >= end) break;
      const Mask valid = firstLanes(static_cast<int>(least<int64_t>(lanes, end - at)));
      const Floats factor = keep(notBelow(loadWords(words + part * lanes), threshold), kept);
      store(mask + at, factor, valid);
      store(y + at, load(x + at, valid) * factor, valid);
    }
  }
}

/// dy [count] ← dy · mask.
inline void dropoutBackward(const float* mask, float* dy, int64_t count) {
  overVectors(count, [&](int64_t i, auto valid) {
    store(dy + i, load(dy + i, valid) * load(mask + i, valid), valid);
  });
}

}  // namespace ISA
}  // namespace descent
