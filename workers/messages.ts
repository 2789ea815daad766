/** The messages between a worker process and its training threads. */
import type { Coding, ImageFormat } from '../src/contract/dataset.js'
import type { Evaluation } from '../src/contract/evaluation.js'
import type { Change } from '../src/contract/job-change.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import type { LayerSummary, Tensor } from '../src/contract/model.js'
import type { Inheritance } from '../src/datasets/inherited-coding.js'
import type { Table } from '../src/datasets/table.js'
import type { DatasetHandle } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import type { Bytes } from '../src/training/ports/bytes.js'
import type { Checkpoint } from '../src/training/ports/checkpoints.js'
import type { Progress } from '../src/training/ports/runs.js'

/** Rows as stored. The thread splits and encodes them. */
export interface RawData {
  type: 'raw'
  /** Chunks of stored datasets are in shared memory. */
  training: Table
  /** Null without a validation dataset. */
  validation: Table | null
  /** Null unless each row is a picture. */
  image: ImageFormat | null
  /** The inherited coding of the model that the training starts from. */
  inheritance: Inheritance | null
}

/** Rows that a thread has split and encoded, in shared memory. */
export interface SharedData {
  type: 'shared'
  handle: DatasetHandle
  coding: Coding
}

/** A checkpoint with its bytes in one array. */
export interface WholeCheckpoint extends Checkpoint {
  bytes: Uint8Array
}

/** The length of bytes that are too large for the order. The thread requests them later. */
export interface Large {
  length: number
}

/** A word 0 of `stop` other than 0 requests a stop. */
export const stopWords = { atNextStep: 1, afterFold: 2 } as const

/** What one fold of a cross-validation gave. */
export interface FoldResult {
  /** Null if the training diverged. */
  bestEpoch: number | null
  /** The last epoch. */
  epoch: number
  /** Held-out rows × outputs, in the unit of the target. */
  answers: Float32Array
}

export interface TrainingOrder {
  spec: JobSpec
  backend: BackendSetting
  changes: Change[]
  /** The index of an earlier order means the rows that it encodes. */
  data: RawData | SharedData | number
  /** The rows of each segment after the first, if a change replaces the dataset; null if all segments have the same. */
  laterData: RawData[] | null
  /** The rows for cross-validation; null unless folds choose the number of epochs. */
  foldData: RawData | null
  /** The first folds, if an earlier attempt has trained them. */
  foldResults: readonly FoldResult[]
  /** The number of epochs that folds chose in an earlier attempt; null if they have not chosen yet. */
  plannedEpochs: number | null
  initialWeights: { tensors: Tensor[]; bytes: Uint8Array | Large } | null
  /** The coding of the model in `from`; null to match its weights by position. */
  sourceCoding: Coding | null
  /** The checkpoint to continue from; null to start. */
  checkpoint: (Omit<WholeCheckpoint, 'bytes'> & { bytes: Uint8Array | Large }) | null
  checkpointMilliseconds: number
  /** The epoch after which the training pauses; null for none. */
  pauseAfter: number | null
  /** The epoch after which a checkpoint is taken for other trials, if the training lasts that long; null for none. */
  sharedEpoch: number | null
  /** Its word 0 is 0 or one of `stopWords`. With `afterFold`, a fold is trained to its end. */
  stop: Int32Array
}

/** The data with which a training thread starts. */
export interface TrainerSettings {
  backend: BackendSetting
}

export type ToTrainer =
  /**
   * Trains the orders in sequence. Word 0 of `underway` is the index of the current one, which the parent reads if the
   * thread dies.
   */
  | { type: 'train'; orders: TrainingOrder[]; underway: Int32Array }
  /** The content of one message is stored. */
  | { type: 'stored' }
  /** The requested bytes are in the buffers. */
  | { type: 'filled'; refusal: Refusal | null }

/** Why a job can never be trained. */
export interface Refusal {
  code: 'invalid-dataset' | 'integrity'
  message: string
}

export interface TrainedModel {
  layers: LayerSummary[]
  coding: Coding
  parameters: number
  /** The weights, or views of the memory of the training, which waits until they are stored. */
  weights: { tensors: Tensor[]; bytes: Bytes }
  evaluation: Evaluation
  /** The epoch of the weights, if early stopping restored them. */
  bestEpoch: number | null
}

/** How a training ended. */
export type Outcome =
  | { type: 'trained'; model: TrainedModel }
  | { type: 'diverged'; epoch: number }
  | { type: 'stopped' }
  /** After `pauseAfter`. A checkpoint is stored. */
  | { type: 'paused' }
  /** The data, the spec or the source model is invalid. Another attempt would fail as well. */
  | ({ type: 'refused' } & Refusal)

/** A training that ended before its first report. `index` is that of the order. */
export interface WholeTraining {
  index: number
  progress: Omit<Progress, 'checkpoint'>
  model: TrainedModel
}

/** The parts of an order that may be large. */
export type Filled = 'checkpoint' | 'initialWeights'

export type FromTrainer =
  /** The rows are encoded, so other trainings can share them. */
  | { type: 'encoded'; index: number; data: SharedData }
  | { type: 'progress'; index: number; progress: Progress }
  /** Folds or a long training have begun. From now on, a stop loses no work, or only that of one fold. */
  | { type: 'begun'; index: number }
  | { type: 'fold'; index: number; result: FoldResult }
  /** Shared memory for bytes that the order has as `Large`. */
  | { type: 'fill'; index: number; what: Filled; buffers: Uint8Array[] }
  | { type: 'whole'; trainings: WholeTraining[] }
  | { type: 'ended'; index: number; outcome: Outcome }
  /** The thread is free. `isSlow`: it could not raise its priority. */
  | { type: 'done'; isSlow: boolean }
