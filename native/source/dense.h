// Dense layers: three products, each in the orientation that fills the vectors best for its sizes.
#pragma once
#include "activation.h"
#include "product.h"

namespace descent {
namespace ISA {

/// What turning a vector costs, in multiply-adds of vectors.
constexpr int64_t turning = 6;

/// Multiply-adds of vectors for each k of a product [m, n], and what packing B by turning it and turning C add to them.
inline int64_t productCost(int64_t m, int64_t n, int64_t depth, bool turnsRight, bool turnsOutput) {
  const int64_t vectors = (n + lanes - 1) / lanes;
  const int64_t rounds = 1 + (depth - 1) / roundDepth;
  const int64_t left = n > 2 * panelWidth ? turning * m / lanes : 0;
  return m * vectors + left + (turnsRight ? turning * vectors : 0) +
         (turnsOutput ? turning * rounds * m * vectors / depth : 0);
}

/// The weights are read once, in rows: for a row or a few, which fill no vector.
inline void denseForwardFewRows(const float* x, const float* weight, const float* bias, float* y, float* z, int rows,
                                int inputs, int units, int code, const Context& context) {
  share(context, 2.0 * rows * inputs * units, units, 16, [&](int from, int end, float*) {
    for (int row = 0; row < rows; row++) {
      float* to = y + int64_t{row} * units;
      int u = from;
      for (; u + 8 <= end; u += 8)
        dotRow<8>(x + int64_t{row} * inputs, weight + int64_t{u} * inputs, inputs, inputs, to + u);
      for (; u < end; u++) dotRow<1>(x + int64_t{row} * inputs, weight + int64_t{u} * inputs, inputs, inputs, to + u);
      if (bias)
        overVectors(end - from, [&](int64_t i, auto mask) {
          store(to + from + i, load(to + from + i, mask) + load(bias + from + i, mask), mask);
        });
      if (z) activate(activation::linear, to + from, z + int64_t{row} * units + from, end - from);
      activate(code, to + from, to + from, end - from);
    }
  });
}

/// y [rows, units] = activation(x [rows, inputs] · weight [units, inputs]ᵀ + bias); z: before the activation.
inline void denseForward(const float* x, const float* weight, const float* bias, float* y, float* z, int rows,
                         int inputs, int units, int code, const Context& context) {
  if (rows < 4 && inputs >= lanes)
    return denseForwardFewRows(x, weight, bias, y, z, rows, inputs, units, code, context);
  if (isSmall(rows, units, inputs)) {
    Epilogue end;
    end.alongColumns = bias;
    end.relu = code == activation::relu;
    multiplySmall({x, inputs, 1}, {weight, 1, inputs}, {y, units, false, z}, rows, units, inputs, end);
    if (code != activation::linear && !end.relu) activate(code, y, y, int64_t{rows} * units);
    return;
  }
  // Vectors along the rows of the batch, the result turned; or along the units, the weights turned.
  const bool alongRows = productCost(units, rows, inputs, true, true) < productCost(rows, units, inputs, true, false);
  const bool fused = code == activation::linear || code == activation::relu;
  const auto part = [&](int row, int rowEnd, int unit, int unitEnd, float* scratch) {
    Epilogue end;
    end.relu = code == activation::relu;
    Output out{y + int64_t{row} * units + unit, units, alongRows, z ? z + int64_t{row} * units + unit : nullptr};
    const float* from = x + int64_t{row} * inputs;
    const float* bank = weight + int64_t{unit} * inputs;
    if (alongRows) {
      end.alongRows = bias ? bias + unit : nullptr;
      multiply({bank, inputs, 1}, {from, 1, inputs}, out, unitEnd - unit, rowEnd - row, inputs, end, scratch);
    } else {
      end.alongColumns = bias ? bias + unit : nullptr;
      multiply({from, inputs, 1}, {bank, 1, inputs}, out, rowEnd - row, unitEnd - unit, inputs, end, scratch);
    }
    if (fused) return;
    if (unitEnd - unit == units) {
      activate(code, y + int64_t{row} * units, y + int64_t{row} * units, int64_t{rowEnd - row} * units);
      return;
    }
    for (int r = row; r < rowEnd; r++) {
      float* to = y + int64_t{r} * units + unit;
      activate(code, to, to, unitEnd - unit);
    }
  };
  const double operations = 2.0 * rows * inputs * units;
  // Every thread reads all of the side that is not split.
  if (units >= 4 * blockRows && units >= rows)
    share(context, operations, units, lanes, [&](int from, int end, float* scratch) { part(0, rows, from, end, scratch); });
  else
    share(context, operations, rows, lanes, [&](int from, int end, float* scratch) { part(from, end, 0, units, scratch); });
}

/// dWeight [units, inputs] = dz [rows, units]ᵀ · x [rows, inputs]; dBias = sums of dz over the rows.
inline void denseBackwardWeights(const float* x, const float* dz, float* dWeight, float* dBias, int rows, int inputs,
                                 int units, const Context& context) {
  const bool turned = productCost(inputs, units, rows, false, true) < productCost(units, inputs, rows, false, false);
  const bool small = isSmall(units, inputs, rows);
  if (small) multiplySmall({dz, 1, units}, {x, inputs}, {dWeight, inputs}, units, inputs, rows, {});
  const auto part = [&](int unit, int unitEnd, int input, int inputEnd, float* scratch) {
    float* to = dWeight + int64_t{unit} * inputs + input;
    if (turned)
      multiply({x + input, 1, inputs}, {dz + unit, units}, {to, inputs, true}, inputEnd - input, unitEnd - unit, rows,
               {}, scratch);
    else
      multiply({dz + unit, 1, units}, {x + input, inputs}, {to, inputs}, unitEnd - unit, inputEnd - input, rows, {},
               scratch);
  };
  const double operations = 2.0 * rows * inputs * units;
  if (!small && units >= 4 * blockRows)
    share(context, operations, units, lanes, [&](int from, int end, float* scratch) { part(from, end, 0, inputs, scratch); });
  else if (!small)
    share(context, operations, inputs, panelWidth,
          [&](int from, int end, float* scratch) { part(0, units, from, end, scratch); });
  if (!dBias) return;
  overVectors(units, [&](int64_t i, auto mask) {
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
    return multiplySmall({dz, units, 1}, {weight, inputs}, {dx, inputs}, rows, inputs, units, {});
  const double operations = 2.0 * rows * inputs * units;
  if (inputs >= 4 * panelWidth)
    share(context, operations, inputs, panelWidth, [&](int from, int end, float* scratch) {
      multiply({dz, units, 1}, {weight + from, inputs}, {dx + from, inputs}, rows, end - from, units, {}, scratch);
    });
  else
    share(context, operations, rows, blockRows, [&](int from, int end, float* scratch) {
      multiply({dz + int64_t{from} * units, units, 1}, {weight, inputs}, {dx + int64_t{from} * inputs, inputs},
               end - from, inputs, units, {}, scratch);
    });
}

}  // namespace ISA
}  // namespace descent
