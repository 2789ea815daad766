// Builds the WASM backend's two modules, plain and relaxed SIMD, from src/engine/kernels/wasm/assembly into build/ beside it,
// where the sources find them; with an argument (`node scripts/assemble.mjs dist`) copies them to the same place below that
// folder. Modules newer than their sources are left alone.
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const self = fileURLToPath(import.meta.url)
const backend = 'src/engine/kernels/wasm'
const folder = join(dirname(dirname(self)), backend)
const sources = join(folder, 'assembly')
const output = join(folder, 'build')

const common = 'simd,threads,bulk-memory'
const features = { plain: common, relaxed: `${common},relaxed-simd` }

const settings = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  // Where memory.ts leaves room for constant data: every instance over a memory writes the same bytes there.
  ...['--memoryBase', '32768'],
]

async function assemble(target, enabled) {
  const entry = join(sources, 'index.ts')
  const { error, stderr } = await main([
    entry,
    '--outFile',
    target,
    '--baseDir',
    '/',
    ...settings,
    '--enable',
    enabled,
  ])
  if (error) throw new Error(`the WASM module was not built: ${error.message}\n${stderr.toString()}`)
}

const inputs = [self, ...readdirSync(sources).map((name) => join(sources, name))]
const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs))

mkdirSync(output, { recursive: true })
for (const [variant, enabled] of Object.entries(features)) {
  const target = join(output, `${variant}.wasm`)
  if (!existsSync(target) || statSync(target).mtimeMs < newest) await assemble(target, enabled)
  if (process.argv[2] === undefined) continue
  const copies = join(resolve(process.argv[2]), backend, 'build')
  mkdirSync(copies, { recursive: true })
  copyFileSync(target, join(copies, `${variant}.wasm`))
}
