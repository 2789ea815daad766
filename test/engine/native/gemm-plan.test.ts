/** The plan of matrix products: native/test/gemm-plan.cpp compiles if its assertions hold for the instruction set. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const source = fileURLToPath(new URL('../../../native/test/gemm-plan.cpp', import.meta.url))
const compiler = process.env.CXX ?? (process.platform === 'darwin' ? 'c++' : 'g++')
const avx2 = ['-mavx2', '-mfma']
const options: Readonly<Record<string, readonly string[]>> =
  process.arch === 'arm64'
    ? { NEON: [] }
    : { AVX2: avx2, AVX512: [...avx2, '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'] }

function compile(set: string, extra: readonly string[] = []) {
  const flags = ['-std=c++17', '-fsyntax-only', '-Wno-psabi', `-DDESCENT_${set}`]
  const { error, status, stderr } = spawnSync(
    compiler,
    [...flags, ...(options[set] ?? []), ...extra, source],
    { encoding: 'utf8' },
  )
  if (error !== undefined) throw error
  return { status, stderr }
}

test.each(Object.keys(options))('blocks, rounds and packing with %s', (set) => {
  expect(compile(set)).toEqual({ status: 0, stderr: '' })
})
