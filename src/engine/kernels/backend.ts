/** The interface of a backend, which runs programs over memory laid out by the host. */

import type { SharedMemory } from '../memory.js'
import type { NetworkProgram, Program } from '../program.js'

export type BackendName = 'reference' | 'wasm' | 'native'

/** The position of a training between two steps; plain numbers, which a checkpoint stores unchanged. */
export interface Position {
  /** Epochs finished. */
  epoch: number
  /** Steps of the current epoch finished. */
  step: number
  /** Σ batch loss · rows of the current epoch. */
  lossSum: number
  /** Correct predictions of the current epoch. */
  right: number
}

export interface Slice {
  /** The start position; advanced in place. */
  readonly position: Position
  /** Maximum number of epochs to finish. */
  readonly epochs: number
  /** Maximum number of steps to run. */
  readonly steps: number
  /** Learning rates of the epochs position.epoch, position.epoch + 1, …, one for each of `epochs`. */
  readonly learningRates: Float64Array
  /** Receives metricsPerEpoch values for each finished epoch. */
  readonly metrics: Float64Array
  /** A nonzero word 0 requests a stop after the current step. */
  readonly stop: Int32Array | null
}

export interface SliceEnd {
  /** `diverged`: the sum of losses is not finite; the epoch at `position` is not counted as finished. */
  readonly reason: 'epochs' | 'steps' | 'stop' | 'diverged'
  /** Epochs finished in this slice. */
  readonly epochs: number
}

/** Row counts and byte addresses of the data in memory; float32, x is [rows, features], y is [rows, targetStride]. */
export interface DataLayout {
  readonly trainingRows: number
  readonly trainingX: number
  readonly trainingY: number
  readonly validationRows: number
  readonly validationX: number
  readonly validationY: number
}

/** Where a training is stored in memory; addresses are in bytes, multiples of 64. */
export interface TrainingContext {
  readonly program: Program
  readonly memory: SharedMemory
  /** `program.floats` floats: buffers at their offsets, initially zero. */
  readonly arena: number
  /** One int32 per training row, for the order of an epoch. */
  readonly order: number
  /** `Backend.workspaceBytes` bytes for the backend, initially zero. */
  readonly workspace: number
  readonly data: DataLayout
  readonly seed: number
  /** Threads that share each step; backends without threads run on the calling thread. */
  readonly threads: number
}

export interface PredictionContext {
  readonly program: NetworkProgram
  readonly memory: SharedMemory
  readonly arena: number
  readonly workspace: number
  readonly threads: number
}

export interface TrainingExecutor {
  /** The variant of the backend, if it has several. */
  readonly detail: string | null
  /** Runs steps up to a limit of the slice. Between slices, the arena and the position contain all state. */
  run(slice: Slice): SliceEnd
}

export interface PredictionExecutor {
  readonly detail: string | null
  /** Runs the list `prediction` for each batch of rows. `inputs` is rows × features, `outputs` rows × outputs. */
  predict(inputs: Float32Array, outputs: Float32Array): void
}

export interface Backend {
  readonly name: BackendName
  /** The reason why the backend is not available, or null if it is. */
  unavailableReason(): string | null
  /** The variant that runs here, if the backend has several. @throws Error when the backend is not available */
  variant(): string | null
  /** Bytes of workspace the backend needs in addition to the arena. */
  workspaceBytes(program: NetworkProgram): number
  trainer(context: TrainingContext): TrainingExecutor
  predictor(context: PredictionContext): PredictionExecutor
}
