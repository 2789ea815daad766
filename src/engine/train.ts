/** Runs a program over a dataset: slices in, epochs out. */

import { sizeOf } from './arena.js'
import type { Dataset } from './dataset.js'
import { ImprovementWatch, type WatchState } from './early-stopping.js'
import { type Epoch, type EpochRun, metricsPerEpoch, readEpochs } from './epoch.js'
import type { Backend, BackendName, Position, TrainingExecutor } from './kernels/kernels.js'
import { selectBackend } from './kernels/select.js'
import { Pace } from './pace.js'
import { type Asked, askedOver } from './predict.js'
import type { Program } from './program.js'
import { learningRateOf } from './schedules.js'
import {
  initializeWeights,
  readGradients,
  readWeights,
  roomForWeights,
  viewWeights,
  type WeightShapes,
  type Weights,
  writeWeights,
} from './weights.js'

export interface TrainingOptions {
  /** `auto`: the fastest that runs here. */
  backend: BackendName | 'auto'
  /** 0 … 2^53 − 1. */
  seed: number
  /** Where to begin instead of the initializers. */
  initialWeights?: Weights | undefined
  /** 1 … 256, default 1: threads that train this one network together where the backend has its own (native). */
  threads?: number | undefined
}

export interface SliceLimits {
  maximumEpochs?: number
  maximumSteps?: number
  milliseconds?: number
  /** Over shared memory; word 0 ≠ 0 asks to stop. */
  stop?: Int32Array
}

/** running and stopped go on with the next `run`; the others are final. */
export type TrainingState = 'running' | 'finished' | 'earlyStopped' | 'diverged' | 'stopped'

/** Everything to go on elsewhere, bit for bit; structured clone copies it. */
export interface Snapshot {
  /** The random streams follow from it and the position alone. */
  readonly seed: number
  readonly position: Position
  readonly ended: 'finished' | 'earlyStopped' | 'diverged' | null
  /** Parameters, running state and optimizer state by their buffers' names. */
  readonly state: Record<string, Float32Array>
  readonly watch: WatchState | null
  readonly best: Record<string, Float32Array> | null
}

/** Of the buffers that are the model. */
const bestKinds = ['parameter', 'runningState']

const epochsPerCall = 1024
const unlimited = 0x7fff_ffff

/**
 * Prepares a training; nothing runs yet.
 * @throws SpecError when the data or the initial weights do not fit the program; Error when the backend does not run
 * here; RangeError when memory is refused.
 */
export function train(program: Program, dataset: Dataset, options: TrainingOptions): Training {
  return new Training(program, dataset, options)
}

export class Training {
  readonly backend: BackendName
  /** Variant of the backend, where there are several. */
  readonly backendDetail: string | null
  readonly #program: Program
  readonly #dataset: Dataset
  readonly #seed: number
  readonly #choice: Backend
  readonly #executor: TrainingExecutor
  readonly #regions: number[] = []
  readonly #arena: number
  readonly #floats: Float32Array<SharedArrayBuffer>
  readonly #position: Position = { epoch: 0, step: 0, lossSum: 0, right: 0 }
  readonly #pace = new Pace()
  /** Those of the current run's epochs, of which `#measured` numbers are filled. */
  #metrics = new Float64Array(epochsPerCall * metricsPerEpoch)
  #measured = 0
  readonly #learningRates = new Float64Array(epochsPerCall)
  readonly #watch: ImprovementWatch | null
  /** In the memory of the training, too, once there is an improvement. */
  #best: Record<string, Float32Array> | null = null
  #bestRoom: Record<string, Float32Array> | null = null
  #ended: Snapshot['ended'] = null

  constructor(program: Program, dataset: Dataset, options: TrainingOptions) {
    checkData(program, dataset)
    const backend = selectBackend(options.backend)
    this.#choice = backend
    this.#program = program
    this.#dataset = dataset
    this.#seed = options.seed
    try {
      const order = this.#reserve(4 * program.data.trainingRows)
      const arena = this.#reserve(4 * program.floats)
      const workspace = this.#reserve(backend.workspaceBytes(program))
      this.#arena = arena
      const { memory, place: data } = dataset
      this.#floats = memory.float32(arena, program.floats)
      if (options.initialWeights === undefined) initializeWeights(program, this.#floats, options.seed)
      else writeWeights(program, this.#floats, options.initialWeights)
      const { seed, threads = 1 } = options
      this.#executor = backend.trainer({ program, memory, arena, order, workspace, data, seed, threads })
    } catch (error) {
      this.dispose()
      throw error
    }
    this.backend = backend.name
    this.backendDetail = this.#executor.detail
    const { earlyStopping, optimizer } = program.spec
    // What stays so where there is no schedule.
    this.#learningRates.fill(optimizer.learningRate)
    this.#watch = earlyStopping === undefined ? null : new ImprovementWatch(earlyStopping)
  }

  /** Epochs finished; after a divergence the epoch it came in. */
  get epoch(): number {
    return this.#position.epoch + (this.#ended === 'diverged' && this.#position.step > 0 ? 1 : 0)
  }

  /** After an end with restored best weights, the epoch they are of; otherwise null. */
  get bestEpoch(): number | null {
    const isEnd = this.#ended === 'finished' || this.#ended === 'earlyStopped'
    return isEnd && this.#best !== null ? (this.#watch?.state.bestEpoch ?? null) : null
  }

  /**
   * Runs until a limit of the slice, the stop flag, or the training's end. However it is sliced, the same epochs and
   * weights come out.
   * @returns the epochs finished in this slice; the next run writes over their numbers.
   */
  run(limits: SliceLimits = {}): { epochs: EpochRun; state: TrainingState } {
    const firstEpoch = this.epoch + 1
    this.#measured = 0
    const state = this.#runSlice(limits)
    return { epochs: { firstEpoch, metrics: this.#metrics.subarray(0, this.#measured) }, state }
  }

  #runSlice(limits: SliceLimits): TrainingState {
    const firstEpoch = this.#position.epoch
    const deadline = performance.now() + (limits.milliseconds ?? Number.POSITIVE_INFINITY)
    let ran = false
    let stepsLeft = limits.maximumSteps ?? Number.POSITIVE_INFINITY
    const unpaced = limits.milliseconds === undefined && limits.stop === undefined
    const maximumEpochs = limits.maximumEpochs ?? Number.POSITIVE_INFINITY
    while (this.#ended === null) {
      const finished = this.#position.epoch - firstEpoch
      if (finished >= maximumEpochs || stepsLeft <= 0) return 'running'
      const before = performance.now()
      if (ran && before >= deadline) return 'running'
      if (limits.stop !== undefined && Atomics.load(limits.stop, 0) !== 0) return 'stopped'
      const steps = Math.min(
        stepsLeft,
        unpaced ? unlimited : this.#pace.steps(Math.max(0, deadline - before)),
      )
      const from = this.#position.epoch * this.#program.stepsPerEpoch + this.#position.step
      const reason = this.#call(maximumEpochs - finished, steps, limits.stop ?? null)
      const done = this.#position.epoch * this.#program.stepsPerEpoch + this.#position.step - from
      stepsLeft -= done
      ran = true
      if (done > 0) this.#pace.measured(done, performance.now() - before)
      if (reason === 'stop' && this.#ended === null) return 'stopped'
    }
    return this.#ended
  }

  /** A copy of the model: after an end with restored best weights, those. */
  weights(): Weights {
    return readWeights(this.#program, this.#floats)
  }

  /** The model where it is: what `run` changes, and valid until `dispose`. */
  weightViews(): Weights {
    return viewWeights(this.#program, this.#floats)
  }

  /** Where the numbers of weights of these names and shapes go, in their order. @throws SpecError as `train` does */
  weightRoom(shapes: WeightShapes): Float32Array<SharedArrayBuffer>[] {
    return roomForWeights(this.#program, this.#floats, shapes)
  }

  /** Answers with the weights where they are; the training must not run any more. */
  predictor(): Asked {
    const { memory } = this.#dataset
    const workspace = this.#reserve(this.#choice.workspaceBytes(this.#program))
    const place = { program: this.#program, memory, arena: this.#arena, workspace, threads: 1 }
    return askedOver(this.#choice.predictor(place), this.#program)
  }

  /** A copy of the gradients of the last step (after clipping), by the names of their tensors. */
  gradients(): Weights {
    return readGradients(this.#program, this.#floats)
  }

  /** A copy. */
  snapshot(): Snapshot {
    const { state, best, ...rest } = this.peek()
    return { ...rest, state: copies(state), best: best === null ? null : copies(best) }
  }

  /** A snapshot whose arrays are in the memory of the training: what `run` changes, and valid until `dispose`. */
  peek(): Snapshot {
    return {
      seed: this.#seed,
      position: { ...this.#position },
      ended: this.#ended,
      state: this.#views(['parameter', 'runningState', 'optimizerState']),
      watch: this.#watch === null ? null : { ...this.#watch.state },
      best: this.#best,
    }
  }

  /** Where the arrays of a snapshot go, for whoever fills them before `restore`. */
  room(hasBest: boolean): Pick<Snapshot, 'state' | 'best'> {
    const state = this.#views(['parameter', 'runningState', 'optimizerState'])
    return { state, best: hasBest ? this.#roomForBest() : null }
  }

  /**
   * Goes on where the snapshot was taken. Arrays that are in the memory of the training already stay there.
   * @throws RangeError when it is of another program or seed.
   */
  restore(snapshot: Snapshot): void {
    if (snapshot.seed !== this.#seed) {
      throw new RangeError(
        `the snapshot was taken with seed ${snapshot.seed}, this training has ${this.#seed}`,
      )
    }
    this.#paste(snapshot.state)
    Object.assign(this.#position, snapshot.position)
    this.#ended = snapshot.ended
    this.#best = null
    if (snapshot.best !== null) this.#keepBest(snapshot.best)
    if (this.#watch !== null && snapshot.watch !== null) Object.assign(this.#watch.state, snapshot.watch)
  }

  /** Gives the memory back to the dataset; the training must not be used any more. */
  dispose(): void {
    for (const region of this.#regions.splice(0)) this.#dataset.memory.release(region)
  }

  #reserve(bytes: number): number {
    const region = this.#dataset.memory.reserve(bytes)
    this.#regions.push(region)
    return region
  }

  /** One call of the executor. */
  #call(wanted: number, steps: number, stop: Int32Array | null): string {
    const { spec } = this.#program
    const first = this.#position.epoch
    const atOnce = this.#watch === null ? epochsPerCall : 1
    const count = Math.min(wanted, atOnce, spec.epochs - first)
    const learningRates = this.#learningRates.subarray(0, count)
    if (spec.schedule !== undefined) {
      for (let i = 0; i < count; i++) {
        learningRates[i] = learningRateOf(spec.optimizer.learningRate, spec.schedule, first + i, spec.epochs)
      }
    }
    const metrics = this.#roomFor(count)
    const end = this.#executor.run({
      position: this.#position,
      epochs: count,
      steps,
      learningRates,
      metrics,
      stop,
    })
    const finished = end.epochs * metricsPerEpoch
    this.#measured += finished
    if (this.#watch !== null) {
      const epochs = readEpochs({ firstEpoch: first + 1, metrics: metrics.subarray(0, finished) })
      for (const epoch of epochs) this.#judge(epoch)
    }
    if (end.reason === 'diverged') {
      this.#roomFor(1).set([Number.POSITIVE_INFINITY, Number.NaN, Number.NaN, Number.NaN])
      this.#measured += metricsPerEpoch
      this.#ended = 'diverged'
    } else if (this.#ended === null && this.#position.epoch === spec.epochs) {
      this.#ended = 'finished'
    }
    if (this.#ended === 'finished' || this.#ended === 'earlyStopped') this.#conclude()
    return end.reason
  }

  /** Where the next epochs' metrics go, behind those of the current run. */
  #roomFor(epochs: number): Float64Array {
    const end = this.#measured + epochs * metricsPerEpoch
    if (end > this.#metrics.length) {
      const larger = new Float64Array(2 * end)
      larger.set(this.#metrics.subarray(0, this.#measured))
      this.#metrics = larger
    }
    return this.#metrics.subarray(this.#measured, end)
  }

  #judge(epoch: Epoch): void {
    if (this.#watch === null) return
    const judgement = this.#watch.judge(epoch)
    if (judgement === 'improved' && this.#watch.rule.restoreBest) {
      this.#keepBest(this.#views(bestKinds))
    }
    if (judgement === 'stop') this.#ended = 'earlyStopped'
  }

  /** Best weights back; weights that are not finite after a last epoch of finite loss are a divergence too. */
  #conclude(): void {
    if (this.#best !== null) this.#paste(this.#best)
    const finite = [...this.weightViews().values()].every(({ values }) => values.every(Number.isFinite))
    if (finite) return
    this.#ended = 'diverged'
    this.#metrics[this.#measured - metricsPerEpoch] = Number.POSITIVE_INFINITY
  }

  #views(kinds: readonly string[]): Record<string, Float32Array> {
    const views: Record<string, Float32Array> = {}
    for (const { name, kind, offset, length, spans } of this.#program.buffers) {
      if (spans !== undefined || !kinds.includes(kind)) continue
      views[name] = this.#floats.subarray(offset, offset + length)
    }
    return views
  }

  #keepBest(values: Record<string, Float32Array>): void {
    this.#best ??= this.#roomForBest()
    for (const [name, room] of Object.entries(this.#best)) {
      const kept = values[name]
      if (kept?.length !== room.length) {
        throw new RangeError(`the snapshot's best ${name} does not fit this program`)
      }
      if (!isSame(kept, room)) room.set(kept)
    }
  }

  /** The same at each call. */
  #roomForBest(): Record<string, Float32Array> {
    if (this.#bestRoom === null) {
      const like = this.#views(bestKinds)
      const length = Object.values(like).reduce((sum, values) => sum + values.length, 0)
      const floats = this.#dataset.memory.float32(this.#reserve(4 * length), length)
      let offset = 0
      this.#bestRoom = {}
      for (const [name, values] of Object.entries(like)) {
        this.#bestRoom[name] = floats.subarray(offset, offset + values.length)
        offset += values.length
      }
    }
    return this.#bestRoom
  }

  #paste(copies: Record<string, Float32Array>): void {
    for (const [name, values] of Object.entries(copies)) {
      const buffer = this.#program.buffers.find((candidate) => candidate.name === name)
      if (buffer === undefined || buffer.length !== values.length) {
        throw new RangeError(`the snapshot's ${name} does not fit this program`)
      }
      const place = this.#floats.subarray(buffer.offset, buffer.offset + buffer.length)
      if (!isSame(values, place)) place.set(values)
    }
  }
}

const copies = (arrays: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, new Float32Array(values)]))

/** Whether both are the same piece of memory; of shared memory that has grown, two objects may be one. */
const isSame = (one: Float32Array, other: Float32Array) =>
  one.byteOffset === other.byteOffset && one.buffer === other.buffer

function checkData(program: Program, dataset: Dataset): void {
  const { trainingRows, validationRows, targetWidth, weighted = false } = program.data
  const features = sizeOf(program.network.inputShape)
  const { size } = dataset
  const expected = { trainingRows, validationRows, features, targetWidth, weighted }
  if (
    size.trainingRows !== trainingRows ||
    size.validationRows !== validationRows ||
    size.features !== features ||
    size.targetWidth !== targetWidth ||
    (size.weighted ?? false) !== weighted
  ) {
    throw new RangeError(
      `the program was compiled for ${JSON.stringify(expected)}, the dataset is ${JSON.stringify(size)}`,
    )
  }
}
