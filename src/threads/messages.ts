/** The messages between an API process and its threads. */

import type { BodyRequest, BodyResult } from '../bodies/body-thread.js'
import type { Cell, GeneratedDataset } from '../contract/dataset.js'
import type { Construction, Tensor } from '../contract/model.js'
import type { Network } from '../contract/network.js'
import type { Preparation } from '../contract/preparation.js'
import type { RowSplit, SplitRule } from '../datasets/split-rows.js'
import type { DatasetError, Table } from '../datasets/table.js'
import type { BackendName } from '../engine/index.js'
import type { ExportOutcome, ExportTask } from '../training/ports/export-process.js'
import type { FileToImport, ImportResult } from '../training/ports/import-thread.js'
import type {
  BoundaryOutputs,
  BoundaryRequest,
  Changes,
  MeasuredDependence,
  MeasuredImportance,
  Ranking,
  RowAnswers,
} from '../training/ports/predictor-pool.js'
import type {
  ConstructedNetwork,
  Labelled,
  NamedRows,
  RefusedRows,
} from '../training/ports/request-thread.js'
import type { SuggestionTask } from '../training/ports/suggestion-thread.js'
import type { Choices } from '../training/sweeps/choices.js'
import type { ComparisonOrder } from './compare-rows.js'
import type { DrawnView } from './draw-boundary.js'
import type { TableEvaluation } from './evaluate-table.js'
import type { DependenceOrder } from './partial-dependence.js'
import type { ImportanceOrder } from './permutation-importance.js'
import type { RankingOrder } from './rank-rows.js'
import type { TableOrder } from './table-rows.js'

export type BackendSetting = BackendName | 'auto'

interface PredictorOptions {
  backend: BackendSetting
  /** Maximum rows of a batch. */
  batchSize: number
}

/** The data that a prediction thread starts with. */
export interface PredictorSettings {
  /** Its priority in the operating system. */
  priority: number
}

export type ToPredictor =
  /** Allocates memory for the weights of these tensors, in their order. */
  | ({
      type: 'load'
      callId: number
      modelId: string
      network: Network
      tensors: Tensor[]
    } & PredictorOptions)
  /** The weights are in the buffers. */
  | { type: 'loaded'; modelId: string }
  | { type: 'unload'; modelId: string }
  | { type: 'predict'; callId: number; modelId: string; inputs: Float32Array }
  | {
      type: 'drawBoundary'
      callId: number
      request: Omit<BoundaryRequest, 'tenantId'>
      backend: BackendSetting
    }
  | { type: 'drawModelBoundary'; callId: number; modelId: string; view: DrawnView }
  | { type: 'split'; callId: number; rule: SplitRule; table: Table | GeneratedDataset }
  | { type: 'evaluate'; callId: number; modelId: string; order: { rows: TableOrder } }
  | { type: 'rank'; callId: number; modelId: string; order: RankingOrder }
  | { type: 'answer'; callId: number; modelId: string; order: { rows: TableOrder } }
  | { type: 'compare'; callId: number; modelId: string; order: ComparisonOrder }
  | { type: 'importance'; callId: number; modelId: string; order: ImportanceOrder }
  | { type: 'dependence'; callId: number; modelId: string; order: DependenceOrder }
  /** Ends a call after its current slice. It fails. */
  | { type: 'stop'; callId: number }

export type FromPredictor =
  /** Shared memory for the weights. */
  | { type: 'weightBuffers'; callId: number; buffers: Uint8Array[] }
  | { type: 'predicted'; callId: number; outputs: Float32Array }
  | { type: 'boundary'; callId: number; boundary: BoundaryOutputs }
  | { type: 'divided'; callId: number; split: RowSplit }
  | ({ type: 'evaluated'; callId: number } & TableEvaluation)
  | { type: 'ranked'; callId: number; ranking: Ranking }
  | { type: 'answered'; callId: number; answers: RowAnswers }
  | { type: 'compared'; callId: number; changes: Changes }
  | { type: 'importance'; callId: number; importance: MeasuredImportance }
  | { type: 'dependence'; callId: number; dependence: MeasuredDependence }
  /** The rows do not fit the model. */
  | { type: 'refused'; callId: number; code: DatasetError['code']; message: string }
  | { type: 'failed'; callId: number; message: string }

export type ToRequestThread =
  | { type: 'body'; callId: number; body: BodyRequest }
  | { type: 'describe'; callId: number; dataset: GeneratedDataset }
  | { type: 'rows'; callId: number; dataset: GeneratedDataset; numbers: readonly number[] }
  | { type: 'construct'; callId: number; form: Construction['dnf'] }
  | { type: 'prepare'; callId: number; rows: NamedRows; preparation: Preparation }

export type FromRequestThread =
  | { type: 'body'; callId: number; answer: BodyResult }
  | ({ type: 'described'; callId: number } & Pick<Table, 'columns' | 'rows'>)
  | { type: 'rows'; callId: number; rows: Cell[][] }
  | { type: 'constructed'; callId: number; network: ConstructedNetwork }
  | { type: 'prepared'; callId: number; outcome: Labelled | RefusedRows }

/** The weights follow on the standard input. */
export interface ToExportProcess {
  backend: BackendSetting
  task: ExportTask
  path: string
}

export type FromExportProcess =
  | { type: 'outcome'; outcome: ExportOutcome }
  | { type: 'diskFull' }
  | { type: 'failed'; message: string }

export interface ToImportThread {
  type: 'import'
  callId: number
  file: FileToImport
}

export type FromImportThread = { callId: number } & ImportResult

export interface ToSuggestionThread {
  callId: number
  task: SuggestionTask
}

export interface FromSuggestionThread {
  type: 'points'
  callId: number
  points: Choices[]
}
