#define DESCENT_NEON
#include "executor.h"

namespace descent {

const Kernels& compiledKernels() {
  static const Kernels kernels{"neon", neon::scratchFor, neon::run, neon::predict};
  return kernels;
}

}  // namespace descent
