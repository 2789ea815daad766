/** What a backend is: something that runs programs over memory the host laid out. */

import type { SharedMemory } from '../memory.js'
import type { NetworkProgram, Program } from '../program.js'

export type BackendName = 'reference' | 'wasm' | 'native'

/** Where a training stands between two steps; plain numbers, so a checkpoint holds it as it is. */
export interface Position {
  /** Epochs finished. */
  epoch: number
  /** Steps of the current epoch finished. */
  step: number
  /** Σ batch loss · rows of the current epoch. */
  lossSum: number
  /** Right answers of the current epoch. */
  right: number
}

export interface Slice {
  /** Where to begin; moved on in place. */
  readonly position: Position
  /** Finish at most so many epochs. */
  readonly epochs: number
  /** Run at most so many steps. */
  readonly steps: number
  /** Rate of the epochs position.epoch, position.epoch + 1, …: one for each of `epochs`. */
  readonly learningRates: Float64Array
  /** Filled with metricsPerEpoch values for each finished epoch, from the start. */
  readonly metrics: Float64Array
  /** Word 0 ≠ 0 asks to stop at the next step's end. A backend that cannot see this flag's memory leaves it to the host, which looks between slices. */
  readonly stop: Int32Array | null
}

export interface SliceEnd {
  /** `diverged`: the sum of losses is not finite; the epoch at `position` is not counted as finished. */
  readonly reason: 'epochs' | 'steps' | 'stop' | 'diverged'
  /** Epochs finished in this slice. */
  readonly epochs: number
}

/** Row numbers and byte addresses of a training's data in the memory; x is [rows, features], y [rows, targetStride], float32. */
export interface DataPlace {
  readonly trainingRows: number
  readonly trainingX: number
  readonly trainingY: number
  readonly validationRows: number
  readonly validationX: number
  readonly validationY: number
}

/** Everything lies in one memory; addresses are bytes from its start, multiples of 64. */
export interface TrainingPlace {
  readonly program: Program
  readonly memory: SharedMemory
  /** `program.floats` floats: buffers at their offsets, zeros where nothing was written. */
  readonly arena: number
  /** Int32 for each training row: room for the order of an epoch. */
  readonly order: number
  /** `Backend.workspaceBytes` bytes for the backend's own use, zeros at first. */
  readonly workspace: number
  readonly data: DataPlace
  readonly seed: number
  /** Threads that share each step; backends without threads of their own run on the caller's alone. */
  readonly threads: number
}

export interface PredictionPlace {
  readonly program: NetworkProgram
  readonly memory: SharedMemory
  readonly arena: number
  readonly workspace: number
  readonly threads: number
}

export interface TrainingExecutor {
  /** Which variant of the backend runs, where there are several. */
  readonly detail: string | null
  /** Runs steps until an epoch, step or stop limit of the slice ends it; between slices all state is in arena and position. */
  run(slice: Slice): SliceEnd
}

export interface PredictionExecutor {
  readonly detail: string | null
  /** Runs the list `prediction`, as often as the rows fill batches. `inputs` is rows × features, `outputs` rows × outputs. */
  predict(inputs: Float32Array, outputs: Float32Array): void
}

export interface Backend {
  readonly name: BackendName
  /** Null if it runs here, else the reason why not. */
  unavailable(): string | null
  /** Bytes of workspace the backend wants beside the arena. */
  workspaceBytes(program: NetworkProgram): number
  trainer(place: TrainingPlace): TrainingExecutor
  predictor(place: PredictionPlace): PredictionExecutor
}
