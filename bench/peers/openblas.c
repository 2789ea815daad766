// OpenBLAS’s product of 1024 × 2048 by 2048 × 2048: the seconds of eleven runs, after one to warm up.
#include <stdio.h>

#include "task.h"

// From cblas.h, whose package need not be installed: OpenBLAS's library alone suffices.
void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, const float* a, int lda,
                 const float* b, int ldb, float beta, float* c, int ldc);

enum { rowMajor = 101, noTranspose = 111, rows = 1024, size = 2048 };

static float* values(size_t count) {
  float* const array = malloc(count * sizeof(float));
  for (size_t i = 0; i < count; i++) array[i] = i % 101 / 101.f - 0.5f;
  return array;
}

int main(void) {
  const float* const a = values((size_t)rows * size);
  const float* const b = values((size_t)size * size);
  float* const c = values((size_t)rows * size);
  printf("{\"peer\":\"openblas\",\"version\":\"\",\"seconds\":[");
  for (int run = -1; run < 11; run++) {
    const double begin = secondsNow();
    cblas_sgemm(rowMajor, noTranspose, noTranspose, rows, size, size, 1, a, size, b, size, 0, c, size);
    if (run >= 0) printf("%s%.9f", run ? "," : "", secondsNow() - begin);
  }
  printf("]}\n");
}
