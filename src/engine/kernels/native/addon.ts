/** The addon in C++ (native/source): which kernels of it this processor runs, and what it offers. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { addonFile, type Variant, variants, whyNotBuilt } from './addon-files.js'

/** A trainer or a predictor inside the addon; only it knows what is in there. */
export type Handle = object

/** What native/source/addon.cpp offers; every call throws an Error when an argument is not as it should be. */
export interface Addon {
  /** Its kernels, if they run here and have this name or it is ''. */
  variant(name: Variant | ''): Variant | null
  /** The fastest kernels that this processor runs, whether this addon has them or not. */
  widest(): Variant | null
  /** @param numbers training rows, validation rows, sampling, order key (low, high), dropout key (low, high), threads, bytes each may take. */
  trainer(
    variant: Variant,
    words: Int32Array,
    arena: Float32Array,
    order: Int32Array,
    trainingX: Float32Array,
    trainingY: Float32Array,
    validationX: Float32Array,
    validationY: Float32Array,
    numbers: Float64Array,
  ): Handle
  /** @param control in and out: epoch, step, lossSum, right, epochs, steps, finished. @returns the reason's number. */
  run(
    trainer: Handle,
    control: Float64Array,
    learningRates: Float64Array,
    metrics: Float64Array,
    stop: Int32Array | null,
  ): number
  predictor(variant: Variant, words: Int32Array, arena: Float32Array, threads: number): Handle
  /** @param inputs rows × features. @param outputs rows × outputs. */
  predict(predictor: Handle, inputs: Float32Array, outputs: Float32Array): void
  preferHugePages(bytes: Uint8Array): void
}

interface Loaded {
  readonly addon: Addon
  readonly variant: Variant
}

/** A file that was opened in vain; null: its kernels are for other processors. */
interface Unusable {
  readonly reason: string | null
}

/** Of files that were opened. One that appears later is opened then. */
const opened = new Map<Variant, Loaded | Unusable>()

function load(variant: Variant): Loaded | Unusable | undefined {
  const known = opened.get(variant)
  if (known !== undefined || !existsSync(addonFile(variant))) return known
  const result = open(variant)
  opened.set(variant, result)
  return result
}

function open(variant: Variant): Loaded | Unusable {
  try {
    const addon: Addon = createRequire(import.meta.url)(addonFile(variant))
    if (addon.variant(variant) === variant) return { addon, variant }
    const hasNone = addon.widest() === null
    return { reason: hasNone ? 'this processor has neither AVX2 with FMA nor NEON' : null }
  } catch (error) {
    return { reason: `the addon does not load: ${error instanceof Error ? error.message : String(error)}` }
  }
}

let fastest: Loaded | undefined

/** Once one was found, it stays for as long as this thread lives. */
function loadFastest(): Loaded | undefined {
  if (fastest !== undefined) return fastest
  for (const variant of variants) {
    const result = load(variant)
    if (result === undefined || 'reason' in result) continue
    fastest = result
    return fastest
  }
  return undefined
}

/**
 * Asks for large pages for memory that was not touched yet: rows that lie anywhere in a large dataset then cost fewer
 * walks through page tables. Does nothing where the addon does not run.
 */
export function preferHugePages(memory: SharedArrayBuffer): void {
  loadFastest()?.addon.preferHugePages(new Uint8Array(memory))
}

/** Null if the addon runs here, else the reason why not. */
export function whyUnavailable(): string | null {
  if (loadFastest() !== undefined) return null
  for (const result of opened.values()) if ('reason' in result && result.reason !== null) return result.reason
  return whyNotBuilt()
}

/** Whether the kernels that this processor runs fastest are there. */
export function hasWidestKernels(): boolean {
  const loaded = loadFastest()
  return loaded !== undefined && loaded.addon.widest() === loaded.variant
}

/** The addon with these kernels, or the fastest. @throws Error when they are not there or do not run here. */
export function loadAddon(variant: Variant | null = null): Loaded {
  const result = variant === null ? loadFastest() : load(variant)
  if (result !== undefined && 'addon' in result) return result
  const reason = whyUnavailable() ?? `there are no kernels for ${variant}`
  throw new Error(`the native backend does not run here: ${reason}`)
}
