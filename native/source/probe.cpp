// Prints the widest variant that this processor supports, so that only that one is compiled; prints nothing without one.
#include <cstdio>

#include "cpu-features.h"

int main() {
  const char* kernels = descent::widestKernels();
  if (kernels) std::puts(kernels);
}
