/** Loads the module's build for plain or relaxed SIMD, depending on the runtime, and compiles it once per thread. */
import { existsSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

export type Variant = 'relaxed' | 'plain'

/** Minimal modules for feature detection: one returns a zero vector, one relaxed_madd of zero vectors. */
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10]
const zeros = [0xfd, 12, ...Array<number>(16).fill(0)]
const plainProbe = Uint8Array.from([...header, 22, 1, 20, 0, ...zeros, 11])
const relaxedProbe = Uint8Array.from([
  ...header,
  61,
  1,
  59,
  0,
  ...zeros,
  ...zeros,
  ...zeros,
  0xfd,
  0x85,
  2,
  11,
])

/** The fastest variant this runtime supports; null without SIMD. */
function supportedVariant(): Variant | null {
  if (!WebAssembly.validate(plainProbe)) return null
  if (WebAssembly.validate(relaxedProbe)) return 'relaxed'
  // Node.js 20 needs this flag for relaxed SIMD; later versions enable it by default and reject the flag.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(relaxedProbe) ? 'relaxed' : 'plain'
}

function modulePath(variant: Variant): URL {
  return new URL(`./build/${variant}.wasm`, import.meta.url)
}

export interface Assembly {
  readonly variant: Variant
  readonly module: WebAssembly.Module
}

let supported: Variant | null | undefined
let assembly: Assembly | undefined

/** The reason why the module cannot be loaded, or null if it can. */
export function unavailableReason(): string | null {
  if (supported === undefined) supported = supportedVariant()
  if (supported === null) return 'this runtime has no WebAssembly SIMD'
  if (!existsSync(modulePath(supported))) return 'its modules are not built; run npm run build'
  return null
}

/** @throws Error when unavailableReason() gives a reason. */
export function loadAssembly(): Assembly {
  if (assembly !== undefined) return assembly
  const reason = unavailableReason()
  if (reason !== null || !supported) throw new Error(`the WASM backend is not available: ${reason}`)
  assembly = { variant: supported, module: compileVariant(supported) }
  return assembly
}

/** Compiles one build. Exported for tests that compare the builds. */
export function compileVariant(variant: Variant): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(modulePath(variant)))
}

/** The exports that the host calls; addresses and counts are int32. */
export interface Exports {
  run(control: number): number
  predict(program: number, arena: number, scratch: number, operationScratch: number, rows: number): void
}

/** @throws Error when the module lacks an export. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const { run, predict } = new WebAssembly.Instance(module, { env: { memory } }).exports
  if (typeof run !== 'function' || typeof predict !== 'function')
    throw new Error('the WASM module lacks its exports')
  return {
    run: (control) => Number(run(control)),
    predict: (program, arena, scratch, operationScratch, rows) => {
      predict(program, arena, scratch, operationScratch, rows)
    },
  }
}
