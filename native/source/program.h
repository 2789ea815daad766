// An encoded program, checked: every operand lies inside the arena, every attribute is in its range, and what kernels
// derive from attributes (windows, offsets) stays inside the operands. The encoding is written in src/engine/program.ts,
// the catalogue of operations in src/engine/operations.ts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace descent {

constexpr int maximumOperands = 9;
constexpr int maximumAttributes = 13;

struct Operation {
  int32_t code;
  /// Null: an optional operand left out.
  float* at[maximumOperands];
  /// By the attribute's place in the catalogue: integers, flags and enumerations here, reals there.
  int32_t n[maximumAttributes];
  double real[7];
};

enum List { forwardList, backwardList, updateList, evaluationList, predictionList, lists };

struct Program {
  int32_t capacity;
  /// Numbers a row.
  int32_t features;
  int32_t targets;
  int32_t outputs;
  float* input;
  float* target;
  float* output;
  int32_t answersPerRow;
  std::vector<Operation> list[lists];
};

/**
 * @param words the encoded program. @param arena of `floats` floats, which must outlive the program.
 * @param error says what is wrong where the result is false.
 */
bool load(const int32_t* words, size_t count, float* arena, size_t floats, Program& program, std::string& error);

}  // namespace descent
