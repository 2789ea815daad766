// Loads an encoded program and validates it: operands are inside the arena, attributes are in range, and windows and
// offsets derived from attributes stay inside the operands. src/engine/program.ts specifies the encoding,
// src/engine/operations.ts the catalogue of operations.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "operations.h"

namespace descent {

struct Program {
  int32_t capacity;
  /// Values per row.
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
 * @param words the encoded program. @param arena `floats` floats, which must outlive the program.
 * @param error the reason when the result is false.
 */
bool load(const int32_t* words, size_t count, float* arena, size_t floats, Program& program, std::string& error);

}  // namespace descent
