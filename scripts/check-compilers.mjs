// Checks that Clang and GCC accept all sources of the native addon without warnings. Builds nothing.
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
const wide = ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw']

/** The headers of Node.js: of its installation, or those that node-gyp downloaded. */
function nodeHeaders() {
  const installed = join(dirname(dirname(process.execPath)), 'include', 'node')
  const downloaded = join(homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node')
  const found = [installed, downloaded].find((folder) => existsSync(join(folder, 'node_api.h')))
  if (found === undefined)
    throw new Error('the headers of Node.js are missing: run npm run build:native first')
  return found
}

const forNode = ['-DNAPI_VERSION=8', '-DDESCENT_KERNELS=avx2', '-isystem', nodeHeaders()]
const checks = [
  { source: 'addon', options: forNode },
  { source: 'program', options: [] },
  { source: 'thread-pool', options: [] },
  { source: 'kernels-avx2', options: ['-mavx2', '-mfma'] },
  { source: 'kernels-avx512', options: ['-mavx2', '-mfma', ...wide] },
].flatMap((check) => [
  { ...check, compiler: values.clang },
  // GCC reports false positives of -Wmaybe-uninitialized in its own headers of intrinsics.
  { ...check, compiler: values.gcc, options: [...check.options, '-Wno-maybe-uninitialized', '-Wno-psabi'] },
])

let failures = 0
for (const { compiler, source, options } of checks) {
  const file = `native/source/${source}.cpp`
  const { status, error, stderr } = spawnSync(compiler, [...flags, ...options, file], { encoding: 'utf8' })
  if (status === 0) continue
  failures++
  console.error(`${compiler} ${file}: ${error === undefined ? `\n${stderr}` : error.message}`)
}
console.log(
  `${checks.length - failures} of ${checks.length} checks by ${values.clang} and ${values.gcc} passed`,
)
process.exitCode = failures === 0 ? 0 : 1
