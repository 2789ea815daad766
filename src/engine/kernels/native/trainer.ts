/** Runs slices of one training in the addon, one call per slice. */
import type { Position, Slice, SliceEnd, TrainingExecutor } from '../backend.js'
import type { Addon, Handle } from './addon.js'
import type { Variant } from './addon-files.js'

/** Indexed by the code that `run` returns. */
const reasons = ['epochs', 'steps', 'stop', 'diverged'] as const

/** Maximum steps per call: the largest integer that float64 represents exactly. */
const manySteps = Number.MAX_SAFE_INTEGER

export class NativeTrainer implements TrainingExecutor {
  readonly detail: Variant
  readonly #addon: Addon
  readonly #handle: Handle
  /** Keeps the memory that the addon uses alive. */
  readonly #kept: readonly ArrayBufferView[]
  readonly #control = new Float64Array(7)

  constructor(addon: Addon, variant: Variant, handle: Handle, kept: readonly ArrayBufferView[]) {
    this.detail = variant
    this.#addon = addon
    this.#handle = handle
    this.#kept = kept
  }

  run(slice: Slice): SliceEnd {
    const { position, learningRates, metrics, stop } = slice
    if (this.#kept.length === 0) throw new Error('the training has released its memory')
    const control = this.#control
    const steps = Math.min(slice.steps, manySteps)
    control.set([position.epoch, position.step, position.lossSum, position.right, slice.epochs, steps, 0])
    const reason = reasons[this.#addon.run(this.#handle, control, learningRates, metrics, stop)]
    if (reason === undefined) throw new Error('the addon returned an unknown reason')
    this.#moveOn(position)
    return { reason, epochs: control[6] ?? 0 }
  }

  #moveOn(position: Position): void {
    const [epoch = 0, step = 0, lossSum = 0, right = 0] = this.#control
    Object.assign(position, { epoch, step, lossSum, right })
  }
}
