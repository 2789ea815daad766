// Detects which variants of the kernels the processor supports.
#pragma once
#include <cstring>
#include <initializer_list>

namespace descent {

inline bool processorSupports(const char* kernels) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return false;
  if (!std::strcmp(kernels, "avx2")) return true;
  return !std::strcmp(kernels, "avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#elif defined(__aarch64__)
  return !std::strcmp(kernels, "neon");
#else
  return false;
#endif
}

/// The widest variant that the processor supports, or null.
inline const char* widestKernels() {
  for (const char* kernels : {"avx512", "avx2", "neon"})
    if (processorSupports(kernels)) return kernels;
  return nullptr;
}

}  // namespace descent
