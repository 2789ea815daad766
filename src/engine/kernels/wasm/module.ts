/** The two builds of the module, plain and relaxed SIMD: which one this process can run, compiled once per thread. */
import { existsSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

export type Variant = 'relaxed' | 'plain'

/** A module of one function that returns relaxed_madd of three zeros; and one that returns plain zeros. */
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

/** The fastest variant this runtime knows; null where it has no SIMD at all. */
function supportedVariant(): Variant | null {
  if (!WebAssembly.validate(plainProbe)) return null
  if (WebAssembly.validate(relaxedProbe)) return 'relaxed'
  // V8 knew relaxed SIMD behind this flag before it had it always; later versions refuse the flag.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(relaxedProbe) ? 'relaxed' : 'plain'
}

function pathOf(variant: Variant): URL {
  return new URL(`./build/${variant}.wasm`, import.meta.url)
}

export interface Assembly {
  readonly variant: Variant
  readonly module: WebAssembly.Module
}

let supported: Variant | null | undefined
let assembly: Assembly | undefined

/** Null if the module can be loaded here, else the reason why not. */
export function whyUnavailable(): string | null {
  if (supported === undefined) supported = supportedVariant()
  if (supported === null) return 'this runtime has no WebAssembly SIMD'
  if (!existsSync(pathOf(supported))) return 'its modules are not built: npm run build'
  return null
}

/** @throws Error when whyUnavailable() gives a reason. */
export function loadAssembly(): Assembly {
  if (assembly !== undefined) return assembly
  const reason = whyUnavailable()
  if (reason !== null || !supported) throw new Error(`the WASM backend does not run here: ${reason}`)
  assembly = { variant: supported, module: compileVariant(supported) }
  return assembly
}

/** Compiles one build; for tests that hold the builds against each other. */
export function compileVariant(variant: Variant): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(pathOf(variant)))
}

/** The exports a host calls; addresses and counts are int32. */
export interface Exports {
  run(control: number): number
  predict(program: number, arena: number, scratch: number, room: number, rows: number): void
}

/** @throws Error when the module does not export what the host calls. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const { run, predict } = new WebAssembly.Instance(module, { env: { memory } }).exports
  if (typeof run !== 'function' || typeof predict !== 'function')
    throw new Error('the WASM module lacks its exports')
  return {
    run: (control) => Number(run(control)),
    predict: (program, arena, scratch, room, rows) => {
      predict(program, arena, scratch, room, rows)
    },
  }
}
