/** Loads the C++ addon (native/source) with the widest kernels that this processor supports. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { addonFile, missingAddonReason, type Variant, variants } from './addon-files.js'

/** A trainer or a predictor in the addon, opaque to JavaScript. */
export type Handle = object

/** The interface of native/source/addon.cpp; every function throws an Error for an invalid argument. */
export interface Addon {
  /** The addon's variant if the processor supports it and `name` is that variant or ''; otherwise null. */
  variant(name: Variant | ''): Variant | null
  /** The widest variant that this processor supports, even if this addon has another. */
  widest(): Variant | null
  /**
   * @param numbers training rows, validation rows, sampling, order key (low, high), dropout key (low, high), threads,
   * maximum scratch bytes per thread.
   */
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
  /** @param control in and out: epoch, step, lossSum, right, epochs, steps, finished. @returns the code of the reason. */
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

/** A file that cannot be used; null: the processor does not support its variant. */
interface Unusable {
  readonly reason: string | null
}

/** Results of opening files. A file that does not exist yet is tried again later. */
const opened = new Map<Variant, Loaded | Unusable>()

function load(variant: Variant): Loaded | Unusable | undefined {
  const cached = opened.get(variant)
  if (cached !== undefined || !existsSync(addonFile(variant))) return cached
  const result = open(variant)
  opened.set(variant, result)
  return result
}

function open(variant: Variant): Loaded | Unusable {
  try {
    const addon: Addon = createRequire(import.meta.url)(addonFile(variant))
    if (addon.variant(variant) === variant) return { addon, variant }
    const supportsNone = addon.widest() === null
    return { reason: supportsNone ? 'this processor has neither AVX2 with FMA nor NEON' : null }
  } catch (error) {
    return { reason: `the addon does not load: ${error instanceof Error ? error.message : String(error)}` }
  }
}

let fastest: Loaded | undefined

/** Keeps the first addon it finds for the lifetime of the thread. */
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
 * Requests huge pages for untouched memory, so that random rows of a large dataset cause fewer TLB misses. Does nothing
 * when the addon is not available.
 */
export function preferHugePages(memory: SharedArrayBuffer): void {
  loadFastest()?.addon.preferHugePages(new Uint8Array(memory))
}

/** The reason why the addon is not available, or null if it is. */
export function unavailableReason(): string | null {
  if (loadFastest() !== undefined) return null
  for (const result of opened.values()) if ('reason' in result && result.reason !== null) return result.reason
  return missingAddonReason()
}

/** Whether the widest kernels that this processor supports are built. */
export function hasWidestKernels(): boolean {
  const loaded = loadFastest()
  return loaded !== undefined && loaded.addon.widest() === loaded.variant
}

/** Loads the addon with these kernels, or the fastest. @throws Error when it is not available. */
export function loadAddon(variant: Variant | null = null): Loaded {
  const result = variant === null ? loadFastest() : load(variant)
  if (result !== undefined && 'addon' in result) return result
  const reason = unavailableReason() ?? `there are no ${variant} kernels`
  throw new Error(`the native backend is not available: ${reason}`)
}
