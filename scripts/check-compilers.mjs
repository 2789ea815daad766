// Checks that Clang and GCC accept all sources of the native addon without warnings: both for x86-64, Clang for arm64 too.
// Only their front ends run; nothing is built. For arm64, Clang needs libstdc++-12-dev-arm64-cross of Debian.
//   check-compilers.mjs [--clang clang++-19] [--gcc g++]
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    clang: { type: 'string', default: 'clang++-19' },
    gcc: { type: 'string', default: 'g++' },
  },
})

const flags = ['-std=c++17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror']
const avx2 = ['-mavx2', '-mfma']
const avx512 = [...avx2, '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw']

/** The headers of Node.js: of its installation, or those that node-gyp downloaded. */
function nodeHeaders() {
  const installed = join(dirname(dirname(process.execPath)), 'include', 'node')
  const downloaded = join(homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node')
  const found = [installed, downloaded].find((folder) => existsSync(join(folder, 'node_api.h')))
  if (found === undefined)
    throw new Error('the headers of Node.js are missing: run npm run build:native first')
  return found
}

const forNode = (kernels) => ['-DNAPI_VERSION=8', `-DDESCENT_KERNELS=${kernels}`, '-isystem', nodeHeaders()]
const x64 = [
  { source: 'source/addon', options: forNode('avx2') },
  { source: 'source/program', options: [] },
  { source: 'source/thread-pool', options: [] },
  { source: 'source/kernels-avx2', options: avx2 },
  { source: 'source/kernels-avx512', options: avx512 },
  { source: 'test/gemm-plan', options: ['-DDESCENT_AVX2', ...avx2] },
  { source: 'test/gemm-plan', options: ['-DDESCENT_AVX512', ...avx512] },
  { source: 'bench/blocks', options: ['-DDESCENT_AVX2', ...avx2] },
  { source: 'bench/blocks', options: ['-DDESCENT_AVX512', ...avx512] },
]
const arm64 = [
  { source: 'source/addon', options: forNode('neon') },
  { source: 'source/program', options: [] },
  { source: 'source/thread-pool', options: [] },
  { source: 'source/kernels-neon', options: [] },
  { source: 'test/gemm-plan', options: ['-DDESCENT_NEON'] },
  { source: 'bench/blocks', options: ['-DDESCENT_NEON'] },
]
// GCC reports false positives of -Wmaybe-uninitialized in its own headers of intrinsics.
const forGcc = ['-Wno-maybe-uninitialized', '-Wno-psabi']
const checks = [
  ...x64.map((check) => ({ ...check, compiler: values.clang })),
  ...x64.map((check) => ({ ...check, compiler: values.gcc, options: [...check.options, ...forGcc] })),
  ...arm64.map((check) => ({
    ...check,
    compiler: values.clang,
    options: ['--target=aarch64-linux-gnu', ...check.options],
  })),
]

let failures = 0
for (const { compiler, source, options } of checks) {
  const file = `native/${source}.cpp`
  const { status, error, stderr } = spawnSync(compiler, [...flags, ...options, file], { encoding: 'utf8' })
  if (status === 0) continue
  failures++
  console.error(
    `${compiler} ${options.join(' ')} ${file}: ${error === undefined ? `\n${stderr}` : error.message}`,
  )
}
console.log(
  `${checks.length - failures} of ${checks.length} checks by ${values.clang} and ${values.gcc} passed`,
)
process.exitCode = failures === 0 ? 0 : 1
