/** The executor that program.ts specifies, over typed arrays: float32, or float64 for gradient checks. */
import { elementCount } from '../../arena.js'
import { metricsPerEpoch } from '../../epoch.js'
import type { NetworkProgram, Program } from '../../program.js'
import { drawWithReplacement, permute, streamKey } from '../../rng.js'
import type { Position, Slice, SliceEnd, TrainingExecutor } from '../backend.js'
import { runOperation } from './dispatch.js'
import { at, type Floats, type Run } from './run.js'

interface ReferenceData {
  readonly trainingX: Floats
  readonly trainingY: Floats
  readonly validationX: Floats
  readonly validationY: Floats
}

/** The initial run state. */
export function createRun(program: NetworkProgram, floats: Floats, seed: number): Run {
  return { floats, buffers: program.buffers, seed, rows: 0, learningRate: 0, step: 0, lossSum: 0, right: 0 }
}

export class ReferenceTrainer implements TrainingExecutor {
  readonly detail = null
  readonly #program: Program
  readonly #data: ReferenceData
  readonly #order: Int32Array
  readonly #run: Run
  #orderedEpoch = -1

  /** @param order one entry per training row. */
  constructor(program: Program, floats: Floats, order: Int32Array, data: ReferenceData, seed: number) {
    this.#program = program
    this.#data = data
    this.#order = order
    this.#run = createRun(program, floats, seed)
  }

  run(slice: Slice): SliceEnd {
    const { position } = slice
    const { stepsPerEpoch } = this.#program
    let epochs = 0
    for (let steps = 0; ; ) {
      if (position.step === stepsPerEpoch) {
        if (!this.#finishEpoch(position, slice.metrics, epochs)) return { reason: 'diverged', epochs }
        epochs++
      }
      if (epochs === slice.epochs) return { reason: 'epochs', epochs }
      if (slice.stop !== null && Atomics.load(slice.stop, 0) !== 0) return { reason: 'stop', epochs }
      if (steps === slice.steps) return { reason: 'steps', epochs }
      this.#step(position, slice.learningRates[epochs] ?? 0)
      steps++
      if (!Number.isFinite(position.lossSum)) return { reason: 'diverged', epochs }
    }
  }

  #step(position: Position, learningRate: number): void {
    const { trainingRows } = this.#program.data
    const { capacity, lists } = this.#program
    this.#orderRows(position.epoch)
    const first = position.step * capacity
    const run = this.#run
    run.rows = Math.min(capacity, trainingRows - first)
    run.learningRate = learningRate
    run.step = position.epoch * this.#program.stepsPerEpoch + position.step
    run.lossSum = position.lossSum
    run.right = position.right
    this.#gather(this.#data.trainingX, this.#data.trainingY, (i) => this.#order[first + i])
    for (const operation of lists.forward) runOperation(operation, run)
    for (const operation of lists.backward) runOperation(operation, run)
    for (const operation of lists.update) runOperation(operation, run)
    position.lossSum = run.lossSum
    position.right = run.right
    position.step++
  }

  /** @returns false when the validation loss is not finite; the position then does not advance. */
  #finishEpoch(position: Position, metrics: Float64Array, epoch: number): boolean {
    const { answersPerRow, data } = this.#program
    const { trainingRows, validationRows } = data
    const validation = this.#validate()
    if (!Number.isFinite(validation.lossSum)) return false
    const answers = answersPerRow === 0 ? Number.NaN : answersPerRow
    const values = [
      position.lossSum / trainingRows,
      position.right / (trainingRows * answers),
      validationRows === 0 ? Number.NaN : validation.lossSum / validationRows,
      validationRows === 0 ? Number.NaN : validation.right / (validationRows * answers),
    ]
    metrics.set(values, epoch * metricsPerEpoch)
    position.epoch++
    position.step = 0
    position.lossSum = 0
    position.right = 0
    return true
  }

  #validate(): { lossSum: number; right: number } {
    const { capacity, lists, data } = this.#program
    const run = this.#run
    run.lossSum = 0
    run.right = 0
    for (let first = 0; first < data.validationRows; first += capacity) {
      run.rows = Math.min(capacity, data.validationRows - first)
      this.#gather(this.#data.validationX, this.#data.validationY, (i) => first + i)
      for (const operation of lists.evaluation) runOperation(operation, run)
    }
    return run
  }

  #orderRows(epoch: number): void {
    if (this.#orderedEpoch === epoch) return
    this.#orderedEpoch = epoch
    const key = streamKey(this.#run.seed, 'shuffling')
    const { sampling } = this.#program.spec
    switch (sampling) {
      case 'sequential':
        for (let i = 0; i < this.#order.length; i++) this.#order[i] = i
        return
      case 'shuffle':
        permute(this.#order, key, epoch)
        return
      case 'random':
        drawWithReplacement(this.#order, key, epoch)
        return
      default:
        sampling satisfies never
    }
  }

  #gather(x: Floats, y: Floats, rowAt: (i: number) => number): void {
    const { input, target, buffers } = this.#program
    if (target === null) throw new Error('a prediction program has no target')
    const { floats, rows } = this.#run
    const features = elementCount(buffers[input]?.shape ?? [])
    const width = elementCount(buffers[target]?.shape ?? [])
    for (let i = 0; i < rows; i++) {
      const row = rowAt(i)
      floats.set(x.subarray(row * features, (row + 1) * features), at(this.#run, input) + i * features)
      floats.set(y.subarray(row * width, (row + 1) * width), at(this.#run, target) + i * width)
    }
  }
}
