/** The messages between a worker process and its training threads. */
import type { Coding, ImageFormat } from '../src/contract/dataset.js'
import type { Evaluation } from '../src/contract/evaluation.js'
import type { Change, JobSpec } from '../src/contract/job.js'
import type { LayerSummary, Tensor } from '../src/contract/model.js'
import type { Inheritance } from '../src/datasets/inherited-coding.js'
import type { Table } from '../src/datasets/table.js'
import type { DatasetHandle } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import type { Bytes } from '../src/training/ports/bytes.js'
import type { Checkpoint } from '../src/training/ports/checkpoints.js'
import type { Progress } from '../src/training/ports/runs.js'

/** Rows as they are stored; the thread splits and encodes them. */
export interface RawData {
  type: 'raw'
  /** Chunks of stored datasets are in shared memory. */
  training: Table
  /** Null to validate on a part of the training rows, or on none. */
  validation: Table | null
  /** When the features of a row are the pixels of one picture. */
  image: ImageFormat | null
  /** The inherited coding of the model that the training starts from. */
  inheritance: Inheritance | null
}

/** Rows that some thread has split and encoded, in memory that all threads see. */
export interface SharedData {
  type: 'shared'
  handle: DatasetHandle
  coding: Coding
}

/** A checkpoint in one piece. */
export interface WholeCheckpoint extends Checkpoint {
  bytes: Uint8Array
}

/** Bytes that are too large for the order. The thread requests them when it has memory for them. */
export interface Large {
  length: number
}

export interface TrainingOrder {
  spec: JobSpec
  backend: BackendSetting
  changes: Change[]
  /** The number of an earlier order stands for what that one encodes. */
  data: RawData | SharedData | number
  /** The rows again, where folds choose the number of epochs. */
  foldData: RawData | null
  /** What folds chose in an earlier attempt, whose epochs are stored; null to keep to what they choose now. */
  plannedEpochs: number | null
  initialWeights: { tensors: Tensor[]; bytes: Uint8Array | Large } | null
  /** Of the model whose weights those are; null to take them by position. */
  sourceCoding: Coding | null
  /** The checkpoint to continue from; null to start. */
  checkpoint: (Omit<WholeCheckpoint, 'bytes'> & { bytes: Uint8Array | Large }) | null
  checkpointMilliseconds: number
  /** A word 0 other than 0 requests a stop at the next step. */
  stop: Int32Array
}

/** What a training thread gets when it starts. */
export interface TrainerSettings {
  backend: BackendSetting
}

export type ToTrainer =
  /** Trains one after the other. Word 0 of `underway` says which, so that its parent knows when the thread dies. */
  | { type: 'train'; orders: TrainingOrder[]; underway: Int32Array }
  /** The content of one message is stored. */
  | { type: 'stored' }
  /** The bytes that the thread requested are in their places. */
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
  /** Pieces are in the memory of the training, which waits until they are stored. */
  weights: { tensors: Tensor[]; bytes: Bytes }
  evaluation: Evaluation
  /** Whose weights these are, where early stopping restored them. */
  bestEpoch: number | null
}

/** How a training ended. */
export type Outcome =
  | { type: 'trained'; model: TrainedModel }
  | { type: 'diverged'; epoch: number }
  | { type: 'stopped' }
  /** The data, the spec or the model to start from does not work, which no further attempt will change. */
  | ({ type: 'refused' } & Refusal)

/** A training that ended before it had anything to report; the numbers are those of the order. */
export interface WholeTraining {
  index: number
  progress: Omit<Progress, 'checkpoint'>
  model: TrainedModel
}

/** The parts of an order that may be large. */
export type Filled = 'checkpoint' | 'initialWeights'

export type FromTrainer =
  /** Raw data are encoded; other trainings may share them. */
  | { type: 'encoded'; index: number; data: SharedData }
  | { type: 'progress'; index: number; progress: Progress }
  /** The places, in shared memory, of what the order has as `Large`. */
  | { type: 'fill'; index: number; what: Filled; places: Uint8Array[] }
  | { type: 'whole'; trainings: WholeTraining[] }
  | { type: 'ended'; index: number; outcome: Outcome }
  /** The thread is free. `isSlow`: it keeps a low priority. */
  | { type: 'done'; isSlow: boolean }
