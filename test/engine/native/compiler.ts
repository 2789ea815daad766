/** The C++ compiler of the addon, and its options for each instruction set of this architecture. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const compiler = process.env.CXX ?? (process.platform === 'darwin' ? 'c++' : 'g++')
const avx2 = ['-mavx2', '-mfma']
const options: Readonly<Record<string, readonly string[]>> =
  process.arch === 'arm64'
    ? { NEON: [] }
    : { AVX2: avx2, AVX512: [...avx2, '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'] }

export const instructionSets = Object.keys(options)

/** Compiles a file of native/. @throws Error without a compiler */
export function compile(file: string, set: string, extra: readonly string[]) {
  const source = fileURLToPath(new URL(`../../../native/${file}`, import.meta.url))
  const flags = ['-std=c++17', '-Wno-psabi', `-DDESCENT_${set}`, ...(options[set] ?? []), ...extra]
  const { error, status, stdout, stderr } = spawnSync(compiler, [...flags, source], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}
