// Prints the fastest kernels that this processor runs, so that only those need be compiled; nothing where it runs none.
#include <cstdio>

#include "processor.h"

int main() {
  const char* kernels = descent::widestKernels();
  if (kernels) std::puts(kernels);
}
