// A product whose assembly must contain every prefetch of gemm/packing.h: test/engine/native/gemm-prefetch.test.ts.
#include "../source/gemm/gemm.h"

using namespace descent::ISA;

extern "C" void multiply(const MatrixA& a, const MatrixB& b, const MatrixC& out, int m, int n, int depth, float* scratch) {
  gemm(a, b, out, m, n, depth, Epilogue{}, scratch);
}
