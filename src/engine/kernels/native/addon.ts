/** The addon in C++ (native/source): where it lies, which kernels of it this processor runs, and what it offers. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Kernels by the vectors they use; the first that runs here is taken. */
export type Variant = 'avx512' | 'avx2' | 'neon'

/** A trainer or a predictor inside the addon; only it knows what is in there. */
export type Handle = object

/** What native/source/addon.cpp offers; every call throws an Error when an argument is not as it should be. */
export interface Addon {
  /** The kernels that run here under this name, '' for the fastest. */
  variant(name: Variant | ''): Variant | null
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

/** Where npm's install script leaves the addon, seen from the sources as from the built files: beside package.json. */
function binaryPath(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'native', 'build', 'Release', 'descent.node')
}

type Loaded =
  | { readonly addon: Addon; readonly variant: Variant; readonly reason: null }
  | { readonly addon: null; readonly variant: null; readonly reason: string }

function load(): Loaded {
  const unavailable = (reason: string) => ({ addon: null, variant: null, reason })
  const path = binaryPath()
  if (!existsSync(path)) return unavailable('the addon is not built: npm rebuild tells why')
  try {
    const addon: Addon = createRequire(import.meta.url)(path)
    const variant = addon.variant('')
    if (variant === null) return unavailable('this processor has neither AVX2 with FMA nor NEON')
    return { addon, variant, reason: null }
  } catch (error) {
    return unavailable(`the addon does not load: ${error instanceof Error ? error.message : String(error)}`)
  }
}

let loaded: Loaded | undefined

function loadedOnce(): Loaded {
  loaded ??= load()
  return loaded
}

/**
 * Asks for large pages for memory that was not touched yet: rows that lie anywhere in a large dataset then cost fewer
 * walks through page tables. Does nothing where the addon does not run.
 */
export function preferHugePages(memory: SharedArrayBuffer): void {
  loadedOnce().addon?.preferHugePages(new Uint8Array(memory))
}

/** Null if the addon runs here, else the reason why not. */
export function whyUnavailable(): string | null {
  return loadedOnce().reason
}

/** @throws Error when whyUnavailable() gives a reason. */
export function loadAddon(): { addon: Addon; variant: Variant } {
  const { addon, variant, reason } = loadedOnce()
  if (reason !== null) throw new Error(`the native backend does not run here: ${reason}`)
  return { addon, variant }
}
