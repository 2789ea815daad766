// Dense layers: three matrix products, each in the orientation that best fills the vectors.
#pragma once
#include "activation.h"
#include "gemm/gemm.h"

namespace descent {
namespace ISA {

/// Cost of transposing a vector, in vector multiply-adds.
constexpr int64_t transposeCost = 6;

/// Vector multiply-adds per k of a product [m, n], plus the cost of packing a transposed B and of transposing C.
inline int64_t gemmCost(int64_t m, int64_t n, int64_t depth, bool transposesB, bool transposesC) {
  const int64_t vectors = (n + lanes - 1) / lanes;
  const int64_t rounds = 1 + (depth - 1) / KC;
  const int64_t left = n > 2 * NR ? transposeCost * m / lanes : 0;
  return m * vectors + left + (transposesB ? transposeCost * vectors : 0) +
         (transposesC ? transposeCost * rounds * m * vectors / depth : 0);
}

/// For fewer rows than a vector has lanes: reads the weights once, row by row.
inline void denseForwardFewRows(const float* x, const float* weight, const float* bias, float* y, float* z, int rows,
                                int inputs, int units, Activation activation, const Context& context) {
  parallelFor(context, 2.0 * rows * inputs * units, units, 16, [&](int from, int end, float*) {
    for (int row = 0; row < rows; row++) {
      float* to = y + int64_t{row} * units;
      int u = from;
      for (; u + 8 <= end; u += 8)
        dotRow<8>(x + int64_t{row} * inputs, weight + int64_t{u} * inputs, inputs, inputs, to + u);
      for (; u < end; u++) dotRow<1>(x + int64_t{row} * inputs, weight + int64_t{u} * inputs, inputs, inputs, to + u);
      if (bias)
        forEachVector(end - from, [&](int64_t i, auto mask) {
          store(to + from + i, load(to + from + i, mask) + load(bias + from + i, mask), mask);
        });
      if (z) activate(Activation::linear, to + from, z + int64_t{row} * units + from, end - from);
      activate(activation, to + from, to + from, end - from);
    }
  });
}

/// y [rows, units] = activation(x [rows, inputs] · weight [units, inputs]ᵀ + bias); z is the value before the activation.
inline void denseForward(const float* x, const float* weight, const float* bias, float* y, float* z, int rows,
                         int inputs, int units, Activation activation, const Context& context) {
  if (rows < 4 && inputs >= lanes)
    return denseForwardFewRows(x, weight, bias, y, z, rows, inputs, units, activation, context);
  if (isSmall(rows, units, inputs)) {
    Epilogue epilogue;
    epilogue.alongColumns = bias;
    epilogue.relu = activation == Activation::relu;
    gemmSmall({x, inputs, 1}, {weight, 1, inputs}, {y, units, false, z}, rows, units, inputs, epilogue);
    if (activation != Activation::linear && !epilogue.relu) activate(activation, y, y, int64_t{rows} * units);
    return;
  }
  // Vectors along the batch with a transposed result, or along the units with transposed weights.
  const bool alongRows = gemmCost(units, rows, inputs, true, true) < gemmCost(rows, units, inputs, true, false);
  const bool fused = activation == Activation::linear || activation == Activation::relu;
  const auto part = [&](int row, int rowEnd, int unit, int unitEnd, float* scratch) {
    Epilogue epilogue;
    epilogue.relu = activation == Activation::relu;
    MatrixC out{y + int64_t{row} * units + unit, units, alongRows, z ? z + int64_t{row} * units + unit : nullptr};
    const float* from = x + int64_t{row} * inputs;
    const float* bank = weight + int64_t{unit} * inputs;
    if (alongRows) {
      epilogue.alongRows = bias ? bias + unit : nullptr;
      gemm({bank, inputs, 1}, {from, 1, inputs}, out, unitEnd - unit, rowEnd - row, inputs, epilogue, scratch);
    } else {
      epilogue.alongColumns = bias ? bias + unit : nullptr;
      gemm({from, inputs, 1}, {bank, 1, inputs}, out, rowEnd - row, unitEnd - unit, inputs, epilogue, scratch);
    }
    if (fused) return;
    if (unitEnd - unit == units) {
      activate(activation, y + int64_t{row} * units, y + int64_t{row} * units, int64_t{rowEnd - row} * units);
      return;
    }
    for (int r = row; r < rowEnd; r++) {
      float* to = y + int64_t{r} * units + unit;
      activate(activation, to, to, unitEnd - unit);
    }
  };
  const double operations = 2.0 * rows * inputs * units;
  // Every thread reads the whole of the matrix that is not split.
  if (units >= 4 * MR && units >= rows)
    parallelFor(context, operations, units, lanes,
                [&](int from, int end, float* scratch) { part(0, rows, from, end, scratch); });
  else
    parallelFor(context, operations, rows, lanes,
                [&](int from, int end, float* scratch) { part(from, end, 0, units, scratch); });
}

/// dWeight [units, inputs] = dz [rows, units]ᵀ · x [rows, inputs]; dBias = Σ over rows of dz.
inline void denseBackwardWeights(const float* x, const float* dz, float* dWeight, float* dBias, int rows, int inputs,
                                 int units, const Context& context) {
  const bool transposed = gemmCost(inputs, units, rows, false, true) < gemmCost(units, inputs, rows, false, false);
  const bool small = isSmall(units, inputs, rows);
  if (small) gemmSmall({dz, 1, units}, {x, inputs}, {dWeight, inputs}, units, inputs, rows, {});
  const auto part = [&](int unit, int unitEnd, int input, int inputEnd, float* scratch) {
    float* to = dWeight + int64_t{unit} * inputs + input;
    if (transposed)
      gemm({x + input, 1, inputs}, {dz + unit, units}, {to, inputs, true}, inputEnd - input, unitEnd - unit, rows,
           {}, scratch);
    else
      gemm({dz + unit, 1, units}, {x + input, inputs}, {to, inputs}, unitEnd - unit, inputEnd - input, rows, {},
           scratch);
  };
  const double operations = 2.0 * rows * inputs * units;
  if (!small && units >= 4 * MR)
    parallelFor(context, operations, units, lanes,
                [&](int from, int end, float* scratch) { part(from, end, 0, inputs, scratch); });
  else if (!small)
    parallelFor(context, operations, inputs, NR,
                [&](int from, int end, float* scratch) { part(0, units, from, end, scratch); });
  if (!dBias) return;
  forEachVector(units, [&](int64_t i, auto mask) {
    Floats even = zeros();
    Floats odd = zeros();
    const float* from = dz + i;
    int row = 0;
    for (; row + 2 <= rows; row += 2, from += 2 * units) {
      even = even + load(from, mask);
      odd = odd + load(from + units, mask);
    }
    if (row < rows) even = even + load(from, mask);
    store(dBias + i, even + odd, mask);
  });
}

/// dx [rows, inputs] = dz [rows, units] · weight [units, inputs].
inline void denseBackwardInput(const float* dz, const float* weight, float* dx, int rows, int inputs, int units,
                               const Context& context) {
  if (isSmall(rows, inputs, units))
    return gemmSmall({dz, units, 1}, {weight, inputs}, {dx, inputs}, rows, inputs, units, {});
  const double operations = 2.0 * rows * inputs * units;
  if (inputs >= 4 * NR)
    parallelFor(context, operations, inputs, NR, [&](int from, int end, float* scratch) {
      gemm({dz, units, 1}, {weight + from, inputs}, {dx + from, inputs}, rows, end - from, units, {}, scratch);
    });
  else
    parallelFor(context, operations, rows, MR, [&](int from, int end, float* scratch) {
      gemm({dz + int64_t{from} * units, units, 1}, {weight, inputs}, {dx + int64_t{from} * inputs, inputs},
           end - from, inputs, units, {}, scratch);
    });
}

}  // namespace ISA
}  // namespace descent
