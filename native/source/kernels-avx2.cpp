#define DESCENT_AVX2
#include "executor.h"

namespace descent {

const Kernels& compiledKernels() {
  static const Kernels kernels{"avx2", avx2::scratchFor, avx2::run, avx2::predict};
  return kernels;
}

}  // namespace descent
