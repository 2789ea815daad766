// Runs single operations and lists of operations.
#pragma once
#include <vector>

#include "dense.h"
#include "locally-connected.h"
#include "step-state.h"
#include "normalization.h"
#include "optimizers.h"
#include "rowwise.h"

namespace descent {
namespace ISA {

inline Local readLocal(const int32_t* n) { return {n[0], n[1], n[2], n[3], n[4], n[5]}; }

/// Floats of scratch of an operation that is not row-wise, gemmScratch included.
inline int64_t operationScratch(const Operation& operation, int capacity) {
  switch (operation.code) {
    case 11:
    case 12:
    case 13: return gemmScratch + localScratch(readLocal(operation.n), capacity);
    case 23:
    case 30: return gemmScratch + 2 * max(int64_t{operation.n[0]}, int64_t{transposedWidth} * lanes) + 2 * lanes;
    default: return gemmScratch;
  }
}

/// Runs an operation that is not row-wise.
inline void runOperation(const Operation& o, StepState& state, const Context& context) {
  const int rows = state.rows;
  float* const* at = o.at;
  const int32_t* n = o.n;
  const double* real = o.real;
  const auto elementwise = [&](int64_t count, double cost, auto work) {
    parallelFor(context, cost * static_cast<double>(count), static_cast<int>(count), optimizerGrain,
                [&](int from, int end, float*) { work(from, end); });
  };
  switch (o.code) {
    case 1: return denseForward(at[0], at[1], at[2], at[3], at[4], rows, n[0], n[1], n[2], context);
    case 2: return denseBackwardWeights(at[0], at[1], at[2], at[3], rows, n[0], n[1], context);
    case 3: return denseBackwardInput(at[0], at[1], at[2], rows, n[0], n[1], context);
    case 11: return localForward(at[0], at[1], at[2], at[3], at[4], readLocal(n), rows, n[6], context);
    case 12: return localBackwardWeights(at[0], at[1], at[2], at[3], readLocal(n), rows, context);
    case 13: return localBackwardInput(at[0], at[1], at[2], readLocal(n), rows, context);
    case 18: {
      const Normalization normalization{at[1], at[2], at[3], at[4], at[5], at[6], real[2], real[3]};
      return normalizationForward(at[0], at[7], {rows, n[0], n[1]}, normalization);
    }
    case 19:
      return normalizationInference(at[0], at[5], {rows, n[0], n[1]}, at[1], at[2], at[3], at[4], real[2]);
    case 20:
      return normalizationBackward(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], {rows, n[0], n[1]});
    case 21: {
      const Key key{state.dropout.low, state.dropout.high | (static_cast<uint32_t>(n[2]) << 24)};
      return elementwise(int64_t{rows} * n[0], 20, [&](int from, int end) {
        dropoutForward(at[0], at[1], at[2], from, end, real[1], key, static_cast<uint32_t>(state.step));
      });
    }
    case 22:
      return elementwise(int64_t{rows} * n[0], 2,
                         [&](int from, int end) { dropoutBackward(at[0] + from, at[1] + from, end - from); });
    case 23: return state.add(computeLoss(n[1], n[2], at[0], at[1], at[2], rows, n[0], context.scratch + gemmScratch));
    case 24: return clipGradients(at[0], n[0], real[1]);
    case 25: {
      const Sgd sgd{static_cast<float>(state.learningRate), static_cast<float>(real[1]), n[2] != 0,
                    static_cast<float>(real[3])};
      return elementwise(n[0], 16, [&](int from, int end) { sgdUpdate(at[0], at[1], at[2], from, end, sgd); });
    }
    case 26: {
      const Adam adam{state.learningRate, real[1], real[2], real[3], n[4] != 0, real[5]};
      const double step = static_cast<double>(state.step + 1);
      return elementwise(n[0], 30,
                         [&](int from, int end) { adamUpdate(at[0], at[1], at[2], at[3], from, end, adam, step); });
    }
    case 27:
      return elementwise(n[0], 25, [&](int from, int end) {
        scaledUpdate(at[0], at[1], at[2], from, end, state.learningRate, real[1], 1 - real[1], real[2]);
      });
    case 28:
      return elementwise(n[0], 25, [&](int from, int end) {
        scaledUpdate(at[0], at[1], at[2], from, end, state.learningRate, 1, 1, real[1]);
      });
    case 30:
      return state.add(computeWeightedLoss(n[2], n[3], n[4] == 1, at[0], at[1], at[2], rows, n[0],
                                           context.scratch + gemmScratch));
    case 29: {
      const float decay = static_cast<float>(real[1]);
      return elementwise(n[0], 4,
                         [&](int from, int end) { decayWeights(at[0], at[1], at[2], from, end, decay); });
    }
  }
}

inline void runOperations(const std::vector<Operation>& list, StepState& state, int64_t capacity, const Context& context) {
  const Operation* const end = list.data() + list.size();
  for (const Operation* o = list.data(); o != end;) {
    if (isRowWise(*o)) o = runRowWise(o, end, state.rows, capacity, context);
    else runOperation(*o++, state, context);
  }
}

}  // namespace ISA
}  // namespace descent
