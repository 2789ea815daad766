/** Runs slices of one training in the module. */
import { metricsPerEpoch } from '../../epoch.js'
import type { SharedMemory } from '../../memory.js'
import type { Position, Slice, SliceEnd, TrainingExecutor } from '../backend.js'
import { ControlBlock } from './control.js'
import type { Exports, Variant } from './module.js'
import { epochsPerCall, type Workspace } from './workspace.js'

/** Indexed by the code that `run` returns. */
const reasons = ['epochs', 'steps', 'diverged'] as const

/** Milliseconds between two checks of the stop flag, which is outside the module's memory. */
const pollInterval = 1

export class WasmTrainer implements TrainingExecutor {
  readonly detail: Variant
  readonly control: ControlBlock
  readonly #exports: Exports
  readonly #address: number
  readonly #stepsPerEpoch: number
  readonly #rates: Float64Array
  readonly #metrics: Float64Array
  /** Steps that take about one poll interval, found by doubling. */
  #stepsPerPoll = 1

  constructor(
    exports: Exports,
    memory: SharedMemory,
    workspace: number,
    layout: Workspace,
    stepsPerEpoch: number,
    variant: Variant,
  ) {
    this.detail = variant
    this.#exports = exports
    this.#address = workspace + layout.control
    this.#stepsPerEpoch = stepsPerEpoch
    this.control = new ControlBlock(memory, this.#address)
    this.#rates = memory.float64(workspace + layout.rates, epochsPerCall)
    this.#metrics = memory.float64(workspace + layout.metrics, epochsPerCall * metricsPerEpoch)
  }

  run(slice: Slice): SliceEnd {
    const { position, stop } = slice
    let epochs = 0
    let steps = slice.steps
    while (true) {
      const stopped = stop !== null && Atomics.load(stop, 0) !== 0
      const limit = stopped ? 0 : stop === null ? steps : Math.min(steps, this.#stepsPerPoll)
      const before = this.#stepsAt(position)
      const began = stop === null ? 0 : performance.now()
      const { reason, finished } = this.#call(slice, epochs, limit)
      const ran = this.#stepsAt(position) - before
      epochs += finished
      steps -= ran
      if (reason === 'diverged' || epochs === slice.epochs) return { reason, epochs }
      if (stopped) return { reason: 'stop', epochs }
      if (steps === 0) return { reason: 'steps', epochs }
      if (stop !== null && ran === limit) this.#pace(performance.now() - began)
    }
  }

  #stepsAt(position: Position): number {
    return position.epoch * this.#stepsPerEpoch + position.step
  }

  #pace(milliseconds: number): void {
    if (milliseconds < pollInterval) this.#stepsPerPoll *= 2
    else if (milliseconds > 2 * pollInterval) this.#stepsPerPoll = Math.max(1, this.#stepsPerPoll >> 1)
  }

  /** Calls the module once from the slice's position, after `done` epochs of the slice. */
  #call(slice: Slice, done: number, steps: number): { reason: (typeof reasons)[number]; finished: number } {
    const { position } = slice
    const { control } = this
    const epochs = Math.min(slice.epochs - done, epochsPerCall)
    this.#rates.set(slice.learningRates.subarray(done, done + epochs))
    control.write({ epochs, steps, epoch: position.epoch, step: position.step, loaded: 0 })
    control.setReal('lossSum', position.lossSum)
    control.setReal('right', position.right)
    const reason = reasons[this.#exports.run(this.#address)]
    if (reason === undefined) throw new Error('the WASM module returned an unknown reason')
    position.epoch = control.integer('epoch')
    position.step = control.integer('step')
    position.lossSum = control.real('lossSum')
    position.right = control.real('right')
    const finished = control.integer('finished')
    slice.metrics.set(this.#metrics.subarray(0, finished * metricsPerEpoch), done * metricsPerEpoch)
    return { reason, finished }
  }
}
