#define DESCENT_AVX512
#include "executor.h"

namespace descent {

const Kernels* avx512Kernels() {
  static const Kernels kernels{"avx512", avx512::scratchFor, avx512::run, avx512::predict};
  return &kernels;
}

}  // namespace descent
