#define DESCENT_AVX512
#include "executor.h"

namespace descent {

const Kernels& compiledKernels() {
  static const Kernels kernels{"avx512", avx512::scratchFor, avx512::run, avx512::predict};
  return kernels;
}

}  // namespace descent
