// The operands of matrix products: how A, B and C are stored, and what is applied to C before it is stored.
#pragma once
#include <cstddef>

#include "../vector.h"

namespace descent {
namespace ISA {

/// Applied to a block of C before it is stored.
struct Epilogue {
  /// Biases per column j, added to every row of C, or per row i, added to every column.
  const float* alongColumns = nullptr;
  const float* alongRows = nullptr;
  bool relu = false;
};

/// Layout of A and B: strides, or a table of offsets along k.
struct MatrixA {
  const float* at;
  /// Strides of rows (i) and columns (k); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column;
  /// Replaces `column`: the offset of each k; `row` is then 1.
  const int32_t* offsets = nullptr;
};
struct MatrixB {
  const float* at;
  /// Strides of rows (k) and columns (j); one of them is 1.
  ptrdiff_t row;
  ptrdiff_t column = 1;
  /// Replaces `row`: the offset of each k; `column` is then 1.
  const int32_t* offsets = nullptr;
};
/// Lanes low … high − 1 of a vector of sums are stored; `at` is the offset of lane 0 in the row.
struct Segment {
  int32_t low;
  int32_t high;
  int32_t at;
};

struct MatrixC {
  float* at;
  /// Stride of rows (i) with contiguous columns or, if transposed, of columns (j) with contiguous rows.
  ptrdiff_t stride;
  bool transposed = false;
  /// Receives the values before the activation, in the layout of C; may be null.
  float* sums = nullptr;
  /// Stores only segments of the rows of C, `parts` per vector of columns. Requires a B with offsets.
  const Segment* segments = nullptr;
  int parts = 0;
};

}  // namespace ISA
}  // namespace descent
