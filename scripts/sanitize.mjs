// Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer in a copy of the tree and runs the engine's test
// suites with it. Arenas are then copied to the heap, so that out-of-bounds access is detected. Needs Linux and gcc.
import { spawnSync } from 'node:child_process'
import { addonLoads, addonSuites, inTreeCopy } from './tree-copy.mjs'

/** The path of a sanitizer's library, which must be loaded before Node.js. */
function library(name) {
  return spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim()
}

inTreeCopy((_, run) => {
  run(process.execPath, ['scripts/build-native.mjs', '--all', '--sanitize'])
  const watched = {
    LD_PRELOAD: `${library('libasan.so')} ${library('libstdc++.so.6')}`,
    // Node.js does not free all memory at exit.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  }
  run(process.execPath, addonLoads, watched)
  run(process.execPath, [...addonSuites, '--testTimeout=600000'], watched)
  console.log('sanitize: clean')
})
