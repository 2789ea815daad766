/** Runs slices of one training in the addon, each in one call. */
import type { Position, Slice, SliceEnd, TrainingExecutor } from '../kernels.js'
import type { Addon, Handle } from './addon.js'
import type { Variant } from './addon-files.js'

/** By the numbers `run` returns. */
const reasons = ['epochs', 'steps', 'stop', 'diverged'] as const

/** Steps a call may be asked for: whole numbers that float64 holds. */
const manySteps = Number.MAX_SAFE_INTEGER

export class NativeTrainer implements TrainingExecutor {
  readonly detail: Variant
  readonly #addon: Addon
  readonly #handle: Handle
  /** The arrays whose memory the addon works on: as long as this lives, they do. */
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
    if (this.#kept.length === 0) throw new Error('the training gave its memory back')
    const control = this.#control
    const steps = Math.min(slice.steps, manySteps)
    control.set([position.epoch, position.step, position.lossSum, position.right, slice.epochs, steps, 0])
    const reason = reasons[this.#addon.run(this.#handle, control, learningRates, metrics, stop)]
    if (reason === undefined) throw new Error('the addon ended a slice for no known reason')
    this.#moveOn(position)
    return { reason, epochs: control[6] ?? 0 }
  }

  #moveOn(position: Position): void {
    const [epoch = 0, step = 0, lossSum = 0, right = 0] = this.#control
    Object.assign(position, { epoch, step, lossSum, right })
  }
}
