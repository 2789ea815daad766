// Builds one of the WASM backend's two modules, `plain` or `relaxed` (relaxed SIMD), from src/engine/kernels/wasm/assembly
// into build/ next to it, where the sources load it.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const backend = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/engine/kernels/wasm')

const common = 'simd,threads,bulk-memory'
const features = { plain: common, relaxed: `${common},relaxed-simd` }

const settings = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  // The start of the constants area in memory.ts; every instance over a memory writes the same bytes there.
  ...['--memoryBase', '32768'],
]

const variant = process.argv[2]
mkdirSync(join(backend, 'build'), { recursive: true })
const { error, stderr } = await main([
  ...[join(backend, 'assembly', 'index.ts'), '--outFile', join(backend, 'build', `${variant}.wasm`)],
  ...['--baseDir', '/', ...settings, '--enable', features[variant]],
])
if (error) throw new Error(`the WASM module was not built: ${error.message}\n${stderr.toString()}`)
