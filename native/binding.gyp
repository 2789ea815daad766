{
  "variables": {
    # The instruction set to compile for: avx512, avx2 or neon; set by scripts/build-native.mjs.
    "kernels%": "avx2",
    "sanitize%": 0,
    "warnings": ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-maybe-uninitialized", "-Wno-psabi", "-Werror=switch"],
    # Predictive commoning keeps cells in scalars between iterations, which is slower than reloading them.
    "commoning": ["-fno-predictive-commoning"],
    # GCC limits how much a file may grow by inlining. The AVX2 kernels reach that limit, and a change in one header would
    # then decide what is inlined in the others.
    "inlining": ["--param=inline-unit-growth=1000"],
    "optimization": ["-O3", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"],
    "sanitizers": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1", "-O1"]
  },
  "target_defaults": {
    "defines": ["NAPI_VERSION=8", "DESCENT_KERNELS=<(kernels)"],
    "cflags": ["<@(warnings)", "<@(optimization)", "<@(commoning)", "<@(inlining)", "-fPIC"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++17"],
    "xcode_settings": {
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
      "OTHER_CPLUSPLUSFLAGS": ["<@(warnings)", "<@(optimization)"]
    },
    "conditions": [
      ["sanitize==1", { "cflags": ["<@(sanitizers)"], "cflags!": ["-O3"], "ldflags": ["-fsanitize=address,undefined"] }]
    ]
  },
  "targets": [
    {
      # Runs on every processor of the architecture; it checks which kernels the processor supports.
      "target_name": "descent",
      "type": "loadable_module",
      "sources": ["source/addon.cpp", "source/program.cpp", "source/thread-pool.cpp"],
      "dependencies": ["kernels"],
      "conditions": [["OS=='linux'", { "ldflags": ["-pthread"] }]]
    },
    {
      "target_name": "kernels",
      "type": "static_library",
      "sources": ["source/kernels-<(kernels).cpp"],
      "conditions": [
        [
          "kernels=='avx2'",
          {
            # Aligned to a cache line, the inner loop of a micro-kernel fits in two lines instead of three.
            "cflags": ["-mavx2", "-mfma", "-falign-loops=64"],
            "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"] }
          }
        ],
        [
          "kernels=='avx512'",
          {
            "variables": {
              "instructions": ["-mavx2", "-mfma", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw"]
            },
            "cflags": ["<@(instructions)", "-mprefer-vector-width=512"],
            "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["<@(instructions)"] }
          }
        ]
      ]
    }
  ]
}
