/**
 * `npm run bench -- blocks`: GFLOP/s of every block of the native micro-kernels, on operands in the L1 cache, for each
 * instruction set of this processor. A block with too few independent sums waits for multiply-adds; every other one must
 * reach a share of the highest rate, that of multiply-adds in registers or of a block. A block below its floor has sums in memory instead of registers
 * (spills), and the exit code is then 1. Needs g++, or the compiler that CXX names.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { loadAddon } from '../src/engine/kernels/native/addon.js'
import { type Variant, variants } from '../src/engine/kernels/native/addon-files.js'

/** Share of the highest rate. A block that spills reaches about half. */
const floor = 0.75

/** Independent sums for the full rate: two multiply-adds start in a cycle, and each takes four. */
const fullSums = 8

const blockSchema = z.object({
  access: z.string(),
  rows: z.int(),
  vectors: z.int(),
  lanes: z.int(),
  /** Multiply-adds of vectors a second. */
  rate: z.number(),
})
type Block = z.infer<typeof blockSchema>

const optionsSchema = z.array(z.string())
const bindingSchema = z.object({
  variables: z.object({ optimization: optionsSchema, commoning: optionsSchema, inlining: optionsSchema }),
  targets: z.array(
    z.object({
      target_name: z.string(),
      conditions: z.array(
        z.tuple([
          z.string(),
          z.object({
            variables: z.object({ instructions: optionsSchema }).optional(),
            cflags: optionsSchema.optional(),
          }),
        ]),
      ),
    }),
  ),
})

/** The compiler options of the addon, from native/binding.gyp. */
function compilerOptions(kernels: Variant): string[] {
  // JSON apart from its comments.
  const text = readFileSync('native/binding.gyp', 'utf8').replace(/^\s*#.*$/gm, '')
  const { variables, targets } = bindingSchema.parse(JSON.parse(text))
  const conditions = targets.find(({ target_name }) => target_name === 'kernels')?.conditions ?? []
  const own = conditions.find(([condition]) => condition === `kernels=='${kernels}'`)?.[1]
  const instructions = own?.variables?.instructions ?? []
  return [
    ...[variables.optimization, variables.commoning, variables.inlining].flat(),
    ...(own?.cflags ?? []).flatMap((flag) => (flag === '<@(instructions)' ? instructions : [flag])),
  ]
}

function measure(kernels: Variant, folder: string): Block[] {
  const program = join(folder, kernels)
  const compiler = process.env.CXX ?? 'g++'
  const flags = ['-std=c++17', '-w', `-DDESCENT_${kernels.toUpperCase()}`, ...compilerOptions(kernels)]
  run(compiler, [...flags, 'native/bench/blocks.cpp', '-o', program])
  const lines = run(program, []).trim().split('\n')
  return lines.map((line) => blockSchema.parse(JSON.parse(line)))
}

/** @throws Error with the output of a command that fails */
function run(command: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`)
  return stdout
}

const gigaflops = ({ lanes, rate }: Block) => Math.round((2 * lanes * rate) / 1e9)

const nameSeries = ({ access, vectors }: Block) =>
  `${access}, ${vectors} ${vectors === 1 ? 'vector' : 'vectors'}`

/** Prints the rates in registers and of the blocks. Returns the number of blocks below their floor. */
function report(kernels: Variant, rates: readonly Block[]): number {
  const best = Math.max(...rates.map(({ rate }) => rate))
  const isSlow = ({ rows, vectors, rate }: Block) =>
    rate < floor * best * Math.min(1, (rows * vectors) / fullSums)
  const cell = (block: Block) => `${gigaflops(block)}${isSlow(block) ? ' **slow**' : ''}`
  const inRegisters = rates.filter(({ access }) => access === 'registers').map(gigaflops)
  const blocks = rates.filter(({ access }) => access !== 'registers')
  const heights = [...new Set(blocks.map(({ rows }) => rows))]
  console.log(`\n${kernels}, GFLOP/s: ${inRegisters} in registers, of blocks by their rows:\n`)
  console.log(`| | ${heights.join(' | ')} |`)
  console.log(`|---|${'---|'.repeat(heights.length)}`)
  for (const name of new Set(blocks.map(nameSeries))) {
    const cells = blocks.filter((block) => nameSeries(block) === name).map(cell)
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  return blocks.filter(isSlow).length
}

/** Widest first. */
function supportedKernels(): Variant[] {
  if (process.arch === 'arm64') return ['neon']
  const widest = loadAddon().addon.widest()
  if (widest === null) throw new Error('this processor has no kernels')
  return variants.slice(variants.indexOf(widest)).filter((kernels) => kernels !== 'neon')
}

export function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'descent-blocks-'))
  let slow = 0
  try {
    for (const kernels of supportedKernels()) slow += report(kernels, measure(kernels, folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
  console.log(`\n${slow} blocks are below ${floor} of the highest rate.`)
  process.exitCode = slow === 0 ? 0 : 1
}
