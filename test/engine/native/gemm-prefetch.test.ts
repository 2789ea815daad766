/**
 * Compilers may drop the calls of a function that only prefetches. No result changes then, but large networks train up to
 * a tenth slower.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compile, instructionSets } from './compiler.js'

const packing = fileURLToPath(new URL('../../../native/source/gemm/packing.h', import.meta.url))

/** Line numbers of packing.h with a prefetch. */
function sourceLines(): number[] {
  const lines = readFileSync(packing, 'utf8').split('\n')
  return lines.flatMap((line, index) => (line.includes('__builtin_prefetch(') ? [index + 1] : []))
}

/** Line numbers of packing.h from which the compiler made a prefetch instruction. */
function compiledLines(assembly: string): number[] {
  const file = /^\s*\.file (\d+) .*packing\.h"/m.exec(assembly)?.[1]
  const found = new Set<number>()
  let line = 0
  for (const text of assembly.split('\n')) {
    const location = /^\s*\.loc (\d+) (\d+)/.exec(text)
    if (location !== null) line = location[1] === file ? Number(location[2]) : 0
    else if (/^\s*(prefetch|prfm)/.test(text)) found.add(line)
  }
  return [...found].sort((a, b) => a - b)
}

test.each(instructionSets)('products prefetch C and both layouts of B with %s', (set) => {
  const { stdout, stderr } = compile('test/gemm-prefetch.cpp', set, ['-O1', '-g1', '-S', '-o', '-'])
  expect(stderr).toBe('')
  expect(sourceLines()).toHaveLength(3)
  expect(compiledLines(stdout)).toEqual(sourceLines())
})
