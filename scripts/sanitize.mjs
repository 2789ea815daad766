// Builds the addon with the address and undefined-behaviour sanitizers in a copy of the tree, and runs the suites of the
// engine over it there. Under them arenas lie on the heap, so that reading or writing beyond one is seen. Linux with gcc.
import { spawnSync } from 'node:child_process'
import { addonLoads, addonSuites, inTreeCopy } from './tree-copy.mjs'

/** Where gcc keeps a sanitizer's library, which must be loaded before Node's own. */
function library(name) {
  return spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim()
}

inTreeCopy((_, run) => {
  run(process.execPath, ['scripts/build-native.mjs', '--all', '--sanitize'])
  const watched = {
    LD_PRELOAD: `${library('libasan.so')} ${library('libstdc++.so.6')}`,
    // What Node leaves unfreed at its end is its own affair.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  }
  run(process.execPath, addonLoads, watched)
  run(process.execPath, [...addonSuites, '--testTimeout=600000'], watched)
  console.log('sanitize: clean')
})
