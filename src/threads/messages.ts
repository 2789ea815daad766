/** The messages between an API process and its threads. */
import type { Cell, Coding, GeneratedDataset } from '../contract/dataset.js'
import type { Construction, Tensor } from '../contract/model.js'
import type { Network } from '../contract/network.js'
import type { Preparation } from '../contract/preparation.js'
import type { RowSplit, SplitRule } from '../datasets/split-rows.js'
import type { DatasetError, Table } from '../datasets/table.js'
import type { BackendName } from '../engine/index.js'
import type { BodyRequest, BodyResult } from '../http/body-thread.js'
import type { BoundaryView } from '../training/ports/boundaries.js'
import type { Painted, Painting } from '../training/ports/predictor-pool.js'
import type {
  ConstructedNetwork,
  Labelled,
  NamedRows,
  RefusedRows,
} from '../training/ports/request-thread.js'
import type { TableEvaluation, TableQuestion } from './evaluate-table.js'

export type BackendSetting = BackendName | 'auto'

interface PredictorOptions {
  backend: BackendSetting
  /** Rows computed together at most. */
  batchSize: number
}

export type ToPredictor =
  /** Makes room for the weights of these tensors, in their order. */
  | ({
      type: 'load'
      question: number
      modelId: string
      network: Network
      tensors: Tensor[]
    } & PredictorOptions)
  /** They are where the room is. */
  | { type: 'loaded'; modelId: string }
  | { type: 'unload'; modelId: string }
  | { type: 'predict'; question: number; modelId: string; inputs: Float32Array }
  | { type: 'paint'; question: number; painting: Painting; backend: BackendSetting }
  | { type: 'paintModel'; question: number; modelId: string; view: BoundaryView & { coding: Coding } }
  | { type: 'split'; question: number; rule: SplitRule; table: Table | GeneratedDataset }
  | { type: 'evaluate'; question: number; modelId: string; rows: TableQuestion }

export type FromPredictor =
  /** Places in shared memory. */
  | { type: 'room'; question: number; places: Uint8Array[] }
  | { type: 'predicted'; question: number; outputs: Float32Array }
  | { type: 'painted'; question: number; painted: Painted }
  | { type: 'divided'; question: number; split: RowSplit }
  | ({ type: 'evaluated'; question: number } & TableEvaluation)
  /** The rows do not fit the model. */
  | { type: 'refused'; question: number; code: DatasetError['code']; message: string }
  | { type: 'failed'; question: number; message: string }

export type ToRequestThread =
  | { type: 'body'; question: number; body: BodyRequest }
  | { type: 'describe'; question: number; dataset: GeneratedDataset }
  | { type: 'rows'; question: number; dataset: GeneratedDataset; numbers: readonly number[] }
  | { type: 'construct'; question: number; form: Construction['dnf'] }
  | { type: 'prepare'; question: number; rows: NamedRows; preparation: Preparation }

export type FromRequestThread =
  | { type: 'body'; question: number; answer: BodyResult }
  | ({ type: 'described'; question: number } & Pick<Table, 'columns' | 'rows'>)
  | { type: 'rows'; question: number; rows: Cell[][] }
  | { type: 'constructed'; question: number; network: ConstructedNetwork }
  | { type: 'prepared'; question: number; outcome: Labelled | RefusedRows }
