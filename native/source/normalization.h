// Batch normalization per channel over rows × positions; x [rows, channels, positions].
#pragma once
#include <cmath>

#include "context.h"

namespace descent {
namespace ISA {

struct Channels {
  int rows;
  int channels;
  int positions;
  double count() const { return static_cast<double>(rows) * positions; }
  int64_t start(int row, int channel) const { return (int64_t{row} * channels + channel) * positions; }
};

/// Calls work(index, mask) for vectors over all values of one channel.
template <typename Work> inline void forEachInChannel(const Channels& c, int channel, const Work& work) {
  for (int row = 0; row < c.rows; row++) {
    const int64_t start = c.start(row, channel);
    forEachVector(c.positions, [&](int64_t i, auto mask) { work(start + i, mask); });
  }
}

struct Normalization {
  const float* gamma;
  const float* beta;
  float* mean;
  float* inverse;
  float* runningMean;
  float* runningVariance;
  double momentum;
  double epsilon;
};

/// Stores the statistics of one channel, given its mean and the sum of squared differences.
inline void storeStatistics(const Normalization& n, int channel, double mean, double squares, double count) {
  n.mean[channel] = static_cast<float>(mean);
  n.inverse[channel] = static_cast<float>(1 / std::sqrt(squares / count + n.epsilon));
  n.runningMean[channel] = static_cast<float>(n.momentum * n.runningMean[channel] + (1 - n.momentum) * mean);
  if (count > 1)
    n.runningVariance[channel] =
        static_cast<float>(n.momentum * n.runningVariance[channel] + (1 - n.momentum) * squares / (count - 1));
}

/// Normalizes the columns of a matrix, with vectors along the channels.
inline void normalizeColumns(const float* x, float* y, const Channels& c, const Normalization& n) {
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    double total = 0;
    for (int row = 0; row < c.rows; row++) total += x[c.start(row, channel)];
    const double mean = total / count;
    double squares = 0;
    for (int row = 0; row < c.rows; row++) {
      const double difference = x[c.start(row, channel)] - mean;
      squares += difference * difference;
    }
    storeStatistics(n, channel, mean, squares, count);
  }
  for (int row = 0; row < c.rows; row++) {
    const int64_t start = c.start(row, 0);
    forEachVector(c.channels, [&](int64_t i, auto mask) {
      const Floats scale = load(n.gamma + i, mask) * load(n.inverse + i, mask);
      const Floats difference = load(x + start + i, mask) - load(n.mean + i, mask);
      store(y + start + i, multiplyAdd(scale, difference, load(n.beta + i, mask)), mask);
    });
  }
}

inline void normalizationForward(const float* x, float* y, const Channels& c, const Normalization& n) {
  if (c.positions == 1) return normalizeColumns(x, y, c, n);
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    double total = 0;
    forEachInChannel(c, channel, [&](int64_t i, auto mask) { total += wideSum(load(x + i, mask)); });
    const double mean = total / count;
    const Floats centre = broadcast(static_cast<float>(mean));
    double squares = 0;
    forEachInChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats difference = selectOrZero(mask, load(x + i, mask) - centre);
      squares += wideSum(difference * difference);
    });
    storeStatistics(n, channel, mean, squares, count);
    const Floats scale = broadcast(n.gamma[channel] * n.inverse[channel]);
    const Floats shift = broadcast(n.beta[channel]);
    forEachInChannel(c, channel, [&](int64_t i, auto mask) {
      store(y + i, multiplyAdd(scale, load(x + i, mask) - centre, shift), mask);
    });
  }
}

inline void normalizationInference(const float* x, float* y, const Channels& c, const float* gamma, const float* beta,
                                   const float* mean, const float* variance, double epsilon) {
  for (int channel = 0; channel < c.channels; channel++) {
    const Floats scale = broadcast(static_cast<float>(gamma[channel] / std::sqrt(variance[channel] + epsilon)));
    const Floats centre = broadcast(mean[channel]);
    const Floats shift = broadcast(beta[channel]);
    forEachInChannel(c, channel, [&](int64_t i, auto mask) {
      store(y + i, multiplyAdd(scale, load(x + i, mask) - centre, shift), mask);
    });
  }
}

/// dx may be dy, or null.
inline void normalizationBackward(const float* x, const float* gamma, const float* mean, const float* inverse,
                                  const float* dy, float* dGamma, float* dBeta, float* dx, const Channels& c) {
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    const Floats centre = broadcast(mean[channel]);
    const Floats spread = broadcast(inverse[channel]);
    double shift = 0;
    double scale = 0;
    forEachInChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats grad = load(dy + i, mask);
      shift += wideSum(grad);
      scale += wideSum(grad * (load(x + i, mask) - centre) * spread);
    });
    dBeta[channel] = static_cast<float>(shift);
    dGamma[channel] = static_cast<float>(scale);
    if (!dx) continue;
    const Floats factor = broadcast(gamma[channel] * inverse[channel]);
    const Floats meanShift = broadcast(static_cast<float>(shift / count));
    const Floats meanScale = broadcast(static_cast<float>(scale / count));
    forEachInChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats normalized = (load(x + i, mask) - centre) * spread;
      const Floats grad = load(dy + i, mask) - meanShift;
      store(dx + i, factor * subtractProduct(normalized, meanScale, grad), mask);
    });
  }
}

}  // namespace ISA
}  // namespace descent
