/** Trains a program on a dataset, in slices. */

import { elementCount } from './arena.js'
import { AugmentedRows } from './augmentation.js'
import type { Dataset } from './dataset.js'
import { ImprovementWatch, type WatchState } from './early-stopping.js'
import { type Epoch, type EpochRun, metricsPerEpoch, readEpochs } from './epoch.js'
import type {
  Backend,
  BackendName,
  DataLayout,
  Position,
  PredictionExecutor,
  TrainingExecutor,
} from './kernels/backend.js'
import { selectBackend } from './kernels/backends.js'
import { type ObservationOptions, ObservedTraining } from './observed-training.js'
import { Pace } from './pace.js'
import { createRowPredictor, type RowPredictor } from './predict.js'
import type { Program } from './program.js'
import { learningRateAt } from './schedules.js'
import type { SliceLimits, TrainingState } from './slice.js'
import { StatisticsProbe } from './statistics.js'
import {
  initializeWeights,
  readGradients,
  readWeights,
  viewWeights,
  type WeightShapes,
  type Weights,
  weightBuffers,
  writeWeights,
} from './weights.js'

interface TrainingOptions {
  /** `auto`: the fastest available backend. */
  backend: BackendName | 'auto'
  /** 0 … 2^53 − 1. */
  seed: number
  /** Used instead of the initializers. */
  initialWeights?: Weights | undefined
  /** 1 … 256, default 1: threads that share each step, on backends with threads (native). */
  threads?: number | undefined
  /** The training does not end after this epoch, because another training continues it. */
  holdAfter?: number | undefined
}

/** Everything needed to resume elsewhere with identical results; structured clone copies it. */
export interface Snapshot {
  /** Determines the random streams, together with the position. */
  readonly seed: number
  readonly position: Position
  readonly ended: 'finished' | 'earlyStopped' | 'diverged' | null
  /** Parameters, running state and optimizer state by buffer name. */
  readonly state: Record<string, Float32Array>
  readonly watch: WatchState | null
  readonly best: Record<string, Float32Array> | null
}

/** Buffers that make up the model. */
const modelKinds = ['parameter', 'runningState']
/** Buffers that make up a snapshot's state. */
const stateKinds = ['parameter', 'runningState', 'optimizerState']

const epochsPerCall = 1024
const unlimited = 0x7fff_ffff

/**
 * Prepares a training; `run` starts it.
 * @throws SpecError when the initial weights do not fit the program; Error when the backend is not available;
 * RangeError when the dataset does not fit the program or memory cannot be allocated.
 */
export function train(program: Program, dataset: Dataset, options: TrainingOptions): Training {
  return new Training(program, dataset, options)
}

export class Training {
  readonly backend: BackendName
  /** Variant of the backend, if it has several. */
  readonly backendDetail: string | null
  readonly #program: Program
  readonly #dataset: Dataset
  readonly #seed: number
  readonly #backend: Backend
  readonly #executor: TrainingExecutor
  readonly #regions: number[] = []
  readonly #arena: number
  readonly #floats: Float32Array<SharedArrayBuffer>
  readonly #position: Position = { epoch: 0, step: 0, lossSum: 0, right: 0 }
  readonly #pace = new Pace()
  /** Metrics of the current run's epochs; the first `#measured` values are filled. */
  #metrics = new Float64Array(epochsPerCall * metricsPerEpoch)
  #measured = 0
  readonly #learningRates = new Float64Array(epochsPerCall)
  readonly #watch: ImprovementWatch | null
  /** The rows that the executor reads, if they change from epoch to epoch. */
  #augmented: AugmentedRows | null = null
  /** The best weights so far, in the dataset's memory; null before the first improvement. */
  #best: Record<string, Float32Array> | null = null
  #bestBuffers: Record<string, Float32Array> | null = null
  #ended: Snapshot['ended'] = null
  readonly #holdAfter: number | null

  constructor(program: Program, dataset: Dataset, options: TrainingOptions) {
    checkData(program, dataset)
    const backend = selectBackend(options.backend)
    this.#backend = backend
    this.#program = program
    this.#dataset = dataset
    this.#seed = options.seed
    this.#holdAfter = options.holdAfter ?? null
    try {
      const order = this.#reserve(4 * program.data.trainingRows)
      const arena = this.#reserve(4 * program.floats)
      const workspace = this.#reserve(backend.workspaceBytes(program))
      this.#arena = arena
      const { memory } = dataset
      const data = this.#augment()
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
    // Overwritten before each call when there is a schedule.
    this.#learningRates.fill(optimizer.learningRate)
    this.#watch = earlyStopping === undefined ? null : new ImprovementWatch(earlyStopping)
  }

  /** Epochs finished; after a divergence, the epoch in which it occurred. */
  get epoch(): number {
    return this.#position.epoch + (this.#ended === 'diverged' && this.#position.step > 0 ? 1 : 0)
  }

  /** Steps of the current epoch finished. */
  get step(): number {
    return this.#position.step
  }

  get plannedEpochs(): number {
    return this.#program.spec.epochs
  }

  get stepsPerEpoch(): number {
    return this.#program.stepsPerEpoch
  }

  /** The epoch of the restored best weights after the end; otherwise null. */
  get bestEpoch(): number | null {
    const hasEnded = this.#ended === 'finished' || this.#ended === 'earlyStopped'
    return hasEnded && this.#best !== null ? (this.#watch?.state.bestEpoch ?? null) : null
  }

  /**
   * Runs until a limit of the slice, the stop flag or the end of the training. The results do not depend on the slices.
   * @returns the epochs finished in this slice; the next run overwrites their metrics.
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
    const isUnlimited = limits.milliseconds === undefined && limits.stop === undefined
    const maximumEpochs = limits.maximumEpochs ?? Number.POSITIVE_INFINITY
    while (this.#ended === null) {
      const finished = this.#position.epoch - firstEpoch
      if (finished >= maximumEpochs || stepsLeft <= 0) return 'running'
      const before = performance.now()
      if (ran && before >= deadline) return 'running'
      if (isStopped(limits)) return 'stopped'
      if (this.#augmented !== null) {
        const isDue = () => performance.now() >= deadline || isStopped(limits)
        ran = true
        if (!this.#augmented.prepare(this.#position.epoch, isDue)) continue
      }
      const steps = Math.min(
        stepsLeft,
        isUnlimited ? unlimited : this.#pace.steps(Math.max(0, deadline - before)),
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

  /** A copy of the model; after the end, the restored best weights if there are any. */
  weights(): Weights {
    return readWeights(this.#program, this.#floats)
  }

  /** The model without a copy: `run` changes it, and it is valid until `dispose`. */
  weightViews(): Weights {
    return viewWeights(this.#program, this.#floats)
  }

  /** Views of the weights with these names and shapes, for the caller to fill. @throws SpecError as `train` does */
  weightBuffers(shapes: WeightShapes): Float32Array<SharedArrayBuffer>[] {
    return weightBuffers(this.#program, this.#floats, shapes)
  }

  /** Predicts with the current weights, without a copy; the training must not run again. */
  predictor(): RowPredictor {
    return createRowPredictor(this.#predictionExecutor(), this.#program)
  }

  #predictionExecutor(): PredictionExecutor {
    const { memory } = this.#dataset
    const workspace = this.#reserve(this.#backend.workspaceBytes(this.#program))
    const context = { program: this.#program, memory, arena: this.#arena, workspace, threads: 1 }
    return this.#backend.predictor(context)
  }

  /** Takes statistics while the training runs. Call it once. */
  observed(options?: ObservationOptions): ObservedTraining {
    const executor = this.#predictionExecutor()
    return new ObservedTraining(
      this,
      new StatisticsProbe(this.#program, this.#floats, this.#dataset, executor),
      options,
    )
  }

  /** A copy of the gradients of the last step, after clipping, by tensor name. */
  gradients(): Weights {
    return readGradients(this.#program, this.#floats)
  }

  /** A copy of the training's state. */
  snapshot(): Snapshot {
    const { state, best, ...rest } = this.snapshotView()
    return { ...rest, state: copies(state), best: best === null ? null : copies(best) }
  }

  /** A snapshot without copies: `run` changes its arrays, and they are valid until `dispose`. */
  snapshotView(): Snapshot {
    return {
      seed: this.#seed,
      position: { ...this.#position },
      ended: this.#ended,
      state: this.#views(stateKinds),
      watch: this.#watch === null ? null : { ...this.#watch.state },
      best: this.#best,
    }
  }

  /** Views for the arrays of a snapshot, which the caller fills before `restore`. */
  snapshotBuffers(hasBest: boolean): Pick<Snapshot, 'state' | 'best'> {
    return { state: this.#views(stateKinds), best: hasBest ? this.#allocateBest() : null }
  }

  /**
   * Resumes from a snapshot. Arrays from `snapshotBuffers` are not copied.
   * @throws RangeError when the snapshot belongs to another program or seed.
   */
  restore(snapshot: Snapshot): void {
    if (snapshot.seed !== this.#seed) {
      throw new RangeError(`the snapshot has seed ${snapshot.seed}, but this training has seed ${this.#seed}`)
    }
    this.#copyState(snapshot.state)
    Object.assign(this.#position, snapshot.position)
    this.#ended = snapshot.ended
    this.#best = null
    // A training without early stopping ends with its last weights.
    if (snapshot.best !== null && this.#watch !== null) this.#keepBest(snapshot.best)
    if (this.#watch !== null && snapshot.watch !== null) Object.assign(this.#watch.state, snapshot.watch)
  }

  /** Releases the memory to the dataset; the training must not be used afterwards. */
  dispose(): void {
    for (const region of this.#regions.splice(0)) this.#dataset.memory.release(region)
  }

  #reserve(bytes: number): number {
    const region = this.#dataset.memory.reserve(bytes)
    this.#regions.push(region)
    return region
  }

  /** The rows that the executor reads: those of the dataset, or a copy that is changed before each epoch. */
  #augment(): DataLayout {
    const { spec, network } = this.#program
    const { memory, layout, trainingX } = this.#dataset
    if (spec.augmentation === undefined) return layout
    const changed = this.#reserve(4 * trainingX.length)
    const target = memory.float32(changed, trainingX.length)
    this.#augmented = new AugmentedRows(trainingX, target, network.inputShape, spec.augmentation, this.#seed)
    return { ...layout, trainingX: changed }
  }

  /** Calls the executor once, for at most `maximumEpochs` epochs and `steps` steps. */
  #call(maximumEpochs: number, steps: number, stop: Int32Array | null): string {
    const { spec } = this.#program
    const first = this.#position.epoch
    const callLimit = this.#watch === null && this.#augmented === null ? epochsPerCall : 1
    const count = Math.min(maximumEpochs, callLimit, spec.epochs - first)
    const learningRates = this.#learningRates.subarray(0, count)
    if (spec.schedule !== undefined) {
      for (let i = 0; i < count; i++) {
        learningRates[i] = learningRateAt(spec.optimizer.learningRate, spec.schedule, first + i, spec.epochs)
      }
    }
    const metrics = this.#nextMetrics(count)
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
      this.#nextMetrics(1).set([Number.POSITIVE_INFINITY, Number.NaN, Number.NaN, Number.NaN])
      this.#measured += metricsPerEpoch
      this.#ended = 'diverged'
    } else if (this.#ended === null && this.#position.epoch === spec.epochs && !this.#isHeld) {
      this.#ended = 'finished'
    }
    if (this.#ended === 'finished' || this.#ended === 'earlyStopped') this.#finish()
    return end.reason
  }

  get #isHeld(): boolean {
    return this.#position.epoch === this.#holdAfter
  }

  /** A view for the metrics of the next epochs, after those of the current run. */
  #nextMetrics(epochs: number): Float64Array {
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
      this.#keepBest(this.#views(modelKinds))
    }
    if (judgement === 'stop' && !this.#isHeld) this.#ended = 'earlyStopped'
  }

  /** Restores the best weights. Weights that are not finite count as a divergence even when the last loss was finite. */
  #finish(): void {
    if (this.#best !== null) this.#copyState(this.#best)
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
    this.#best ??= this.#allocateBest()
    for (const [name, target] of Object.entries(this.#best)) {
      const source = values[name]
      if (source?.length !== target.length) {
        const lengths = `${source?.length ?? 0} values, but needs ${target.length}`
        throw new RangeError(`the snapshot's best ${name} does not fit this program: it has ${lengths}`)
      }
      if (!isSameView(source, target)) target.set(source)
    }
  }

  /** Allocates the buffers for the best weights at the first call. */
  #allocateBest(): Record<string, Float32Array> {
    if (this.#bestBuffers === null) {
      const model = this.#views(modelKinds)
      const length = Object.values(model).reduce((sum, values) => sum + values.length, 0)
      const floats = this.#dataset.memory.float32(this.#reserve(4 * length), length)
      let offset = 0
      this.#bestBuffers = {}
      for (const [name, values] of Object.entries(model)) {
        this.#bestBuffers[name] = floats.subarray(offset, offset + values.length)
        offset += values.length
      }
    }
    return this.#bestBuffers
  }

  #copyState(state: Record<string, Float32Array>): void {
    for (const [name, values] of Object.entries(state)) {
      const buffer = this.#program.buffers.find((candidate) => candidate.name === name)
      if (buffer === undefined || buffer.length !== values.length) {
        const lengths = `${values.length} values, but needs ${buffer?.length ?? 0}`
        throw new RangeError(`the snapshot's ${name} does not fit this program: it has ${lengths}`)
      }
      const target = this.#floats.subarray(buffer.offset, buffer.offset + buffer.length)
      if (!isSameView(values, target)) target.set(values)
    }
  }
}

const isStopped = ({ stop }: SliceLimits) => stop !== undefined && Atomics.load(stop, 0) !== 0

const copies = (arrays: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, new Float32Array(values)]))

/** Whether both views have the same buffer and offset. */
const isSameView = (a: Float32Array, b: Float32Array) =>
  a.byteOffset === b.byteOffset && a.buffer === b.buffer

function checkData(program: Program, dataset: Dataset): void {
  const { trainingRows, validationRows, targetWidth, weighted = false } = program.data
  const features = elementCount(program.network.inputShape)
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
      `the program was compiled for ${JSON.stringify(expected)}, but the dataset is ${JSON.stringify(size)}`,
    )
  }
}
