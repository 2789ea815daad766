#define DESCENT_NEON
#include "executor.h"

namespace descent {

const Kernels* neonKernels() {
  static const Kernels kernels{"neon", neon::scratchFor, neon::run, neon::predict};
  return &kernels;
}

}  // namespace descent
