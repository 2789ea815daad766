// Builds the addon with the address and undefined-behaviour sanitizers in a copy of the tree, and runs the suites of the
// engine over it there. Under them arenas lie on the heap, so that reading or writing beyond one is seen. Linux with gcc.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const copy = mkdtempSync(join(tmpdir(), 'descent-sanitize-'))

function run(command, args, env = {}) {
  const { status, signal } = spawnSync(command, args, {
    cwd: copy,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status ?? signal}`)
}

/** Where gcc keeps a sanitizer's library, which must be loaded before Node's own. */
function library(name) {
  return spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim()
}

try {
  const skipped = [join(root, 'native', 'build'), join(root, 'dist')]
  for (const name of [
    'src',
    'test',
    'bench',
    'native',
    'scripts',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !skipped.includes(path),
    })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  run(process.execPath, ['scripts/build-native.mjs', '--sanitize'])
  const watched = {
    LD_PRELOAD: `${library('libasan.so')} ${library('libstdc++.so.6')}`,
    // What Node leaves unfreed at its end is its own affair.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    DESCENT_SHARED: process.env.DESCENT_SHARED ?? join(root, '..', 'shared'),
  }
  // An addon that does not load would be skipped by the suites.
  const loads = "if (!require('./native/build/Release/descent.node').variant('')) process.exit(1)"
  run(process.execPath, ['-e', loads], watched)
  const suites = ['test/engine/native', 'test/conformance/engine', '-t', 'native|addon|kernels|threads']
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  run(process.execPath, [vitest, 'run', '--testTimeout=600000', ...suites], watched)
  console.log('sanitize: clean')
} finally {
  rmSync(copy, { recursive: true, force: true })
}
