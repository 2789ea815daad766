/** What a worker process and its training threads say to each other. */
import type { Coding, Column } from '../src/contract/dataset.js'
import type { Epoch } from '../src/contract/epoch.js'
import type { JobSpec } from '../src/contract/job.js'
import type { LayerSummary, Tensor } from '../src/contract/model.js'
import type { Network } from '../src/contract/network.js'

export interface PackedWeights {
  tensors: Tensor[]
  /** Float32 little-endian, the tensors one behind the other. */
  bytes: Uint8Array
}

export interface TrainingOrder {
  spec: JobSpec
  columns: Column[]
  rows: number
  /** Rows × columns; handed over, not copied. */
  values: Float64Array
  /** Scale features by the mean and deviation of the training rows. */
  standardize: boolean
  initialWeights: PackedWeights | null
  /** Word 0 ≠ 0 asks the training to stop at its next step. */
  stop: Int32Array
}

export type ToTrainer =
  | ({ type: 'train' } & TrainingOrder)
  /** The epochs of one message are stored; the next may come. */
  | { type: 'stored' }

export interface TrainedModel {
  layers: LayerSummary[]
  coding: Coding
  parameters: number
  weights: PackedWeights
}

export type FromTrainer =
  | { type: 'epochs'; epochs: Epoch[]; backend: string }
  | { type: 'trained'; model: TrainedModel }
  | { type: 'diverged'; epoch: number }
  | { type: 'stopped' }
  /** The data or the spec turned out not to work, which no further attempt will change. */
  | { type: 'refused'; message: string }

export type ToPredictor =
  | { type: 'load'; modelId: string; network: Network; weights: PackedWeights }
  | { type: 'unload'; modelId: string }
  | { type: 'predict'; question: number; modelId: string; inputs: Float32Array }

export type FromPredictor =
  | { type: 'predicted'; question: number; outputs: Float32Array }
  | { type: 'failed'; question: number; message: string }
