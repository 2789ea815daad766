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

/// Calls work(index, mask) for vectors over all numbers of one channel.
template <typename Work> inline void overChannel(const Channels& c, int channel, const Work& work) {
  for (int row = 0; row < c.rows; row++) {
    const int64_t start = c.start(row, channel);
    overVectors(c.positions, [&](int64_t i, auto mask) { work(start + i, mask); });
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

/// Statistics of one channel given its mean and the sum of squares around it.
inline void keepStatistics(const Normalization& n, int channel, double mean, double squares, double count) {
  n.mean[channel] = static_cast<float>(mean);
  n.inverse[channel] = static_cast<float>(1 / std::sqrt(squares / count + n.epsilon));
  n.runningMean[channel] = static_cast<float>(n.momentum * n.runningMean[channel] + (1 - n.momentum) * mean);
  if (count > 1)
    n.runningVariance[channel] =
        static_cast<float>(n.momentum * n.runningVariance[channel] + (1 - n.momentum) * squares / (count - 1));
}

/// Channels that are the columns of a matrix: a vector holds neighbouring channels.
inline void normalizeColumns(const float* x, float* y, const Channels& c, const Normalization& n) {
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    double total = 0;
    for (int row = 0; row < c.rows; row++) total += x[c.start(row, channel)];
    const double mean = total / count;
    double squares = 0;
    for (int row = 0; row < c.rows; row++) {
      const double distance = x[c.start(row, channel)] - mean;
      squares += distance * distance;
    }
    keepStatistics(n, channel, mean, squares, count);
  }
  for (int row = 0; row < c.rows; row++) {
    const int64_t start = c.start(row, 0);
    overVectors(c.channels, [&](int64_t i, auto mask) {
      const Floats scale = load(n.gamma + i, mask) * load(n.inverse + i, mask);
      const Floats distance = load(x + start + i, mask) - load(n.mean + i, mask);
      store(y + start + i, multiplyAdd(scale, distance, load(n.beta + i, mask)), mask);
    });
  }
}

inline void normalizationForward(const float* x, float* y, const Channels& c, const Normalization& n) {
  if (c.positions == 1) return normalizeColumns(x, y, c, n);
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    double total = 0;
    overChannel(c, channel, [&](int64_t i, auto mask) { total += wideSum(load(x + i, mask)); });
    const double mean = total / count;
    const Floats centre = every(static_cast<float>(mean));
    double squares = 0;
    overChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats distance = keep(mask, load(x + i, mask) - centre);
      squares += wideSum(distance * distance);
    });
    keepStatistics(n, channel, mean, squares, count);
    const Floats scale = every(n.gamma[channel] * n.inverse[channel]);
    const Floats shift = every(n.beta[channel]);
    overChannel(c, channel, [&](int64_t i, auto mask) {
      store(y + i, multiplyAdd(scale, load(x + i, mask) - centre, shift), mask);
    });
  }
}

inline void normalizationInference(const float* x, float* y, const Channels& c, const float* gamma, const float* beta,
                                   const float* mean, const float* variance, double epsilon) {
  for (int channel = 0; channel < c.channels; channel++) {
    const Floats scale = every(static_cast<float>(gamma[channel] / std::sqrt(variance[channel] + epsilon)));
    const Floats centre = every(mean[channel]);
    const Floats shift = every(beta[channel]);
    overChannel(c, channel, [&](int64_t i, auto mask) {
      store(y + i, multiplyAdd(scale, load(x + i, mask) - centre, shift), mask);
    });
  }
}

/// dx may be dy, or null.
inline void normalizationBackward(const float* x, const float* gamma, const float* mean, const float* inverse,
                                  const float* dy, float* dGamma, float* dBeta, float* dx, const Channels& c) {
  const double count = c.count();
  for (int channel = 0; channel < c.channels; channel++) {
    const Floats centre = every(mean[channel]);
    const Floats spread = every(inverse[channel]);
    double shift = 0;
    double scale = 0;
    overChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats slope = load(dy + i, mask);
      shift += wideSum(slope);
      scale += wideSum(slope * (load(x + i, mask) - centre) * spread);
    });
    dBeta[channel] = static_cast<float>(shift);
    dGamma[channel] = static_cast<float>(scale);
    if (!dx) continue;
    const Floats factor = every(gamma[channel] * inverse[channel]);
    const Floats meanShift = every(static_cast<float>(shift / count));
    const Floats meanScale = every(static_cast<float>(scale / count));
    overChannel(c, channel, [&](int64_t i, auto mask) {
      const Floats normalized = (load(x + i, mask) - centre) * spread;
      const Floats slope = load(dy + i, mask) - meanShift;
      store(dx + i, factor * subtractProduct(normalized, meanScale, slope), mask);
    });
  }
}

}  // namespace ISA
}  // namespace descent
