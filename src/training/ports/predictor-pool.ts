import type { Boundary } from '../../contract/boundary.js'
import type { ChangedRows } from '../../contract/changed-rows.js'
import type { Coding, GeneratedDataset } from '../../contract/dataset.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { Dependence, Importance } from '../../contract/importance.js'
import type { Model, Tensor } from '../../contract/model.js'
import type { Network } from '../../contract/network.js'
import type { WorstRows } from '../../contract/worst-rows.js'
import type { RowSplit, SplitRule } from '../../datasets/split-rows.js'
import type { DatasetError, Table } from '../../datasets/table.js'
import type { BoundaryGrid } from './boundaries.js'

export interface BoundaryRequest extends BoundaryGrid {
  tenantId: string
  network: Network
  weights: { tensors: Tensor[]; bytes: Uint8Array }
  coding: Coding
}

/** The same for a stored model, whose weights all requests share. */
export interface ModelBoundaryRequest extends BoundaryGrid {
  tenantId: string
  model: Model
}

export type BoundaryOutputs = Pick<Boundary, 'outputs' | 'range' | 'values'>

/** The columns or values do not fit the model. */
interface RefusedTable {
  type: 'refused'
  code: DatasetError['code']
  message: string
}

type TableOutcome =
  /** `unlabelled` counts rows without a value of each target. */
  { type: 'evaluated'; evaluation: Evaluation; unlabelled: number } | RefusedTable

/** Rows of a table to which a model is applied. */
export interface TableRows {
  table: Table | GeneratedDataset
  /** Ascending indices; null for all. */
  only: Int32Array | null
}

export interface RankingRequest {
  /** Maximum number of rows in the result. */
  limit: number
  /** Names of the true and of the predicted class; null for all rows. */
  cell: readonly [string, string] | null
}

export type Ranking = Pick<WorstRows, 'available' | 'count' | 'unanswered' | 'matching' | 'columns' | 'rows'>

/** The answers of a model on labelled rows, in their order. */
export interface RowAnswers {
  losses: Float64Array
  /** [rows, outputs] */
  outputs: Float32Array
}

/** Those of another model, and how to read them. */
export type OtherAnswers = RowAnswers & Pick<Model, 'coding' | 'network' | 'loss' | 'threshold'>

export type Changes = Pick<
  ChangedRows,
  'available' | 'count' | 'unanswered' | 'meanChange' | 'labelsChanged' | 'columns' | 'rows'
>

export type ImportanceRequest = Pick<Importance, 'repeats' | 'seed'>

/** What the thread measures. */
export type MeasuredImportance = Pick<Importance, 'available' | 'count' | 'score' | 'baseline' | 'columns'>

export interface DependenceRequest {
  /** The name of a feature. */
  column: string
  /** Maximum number of values of the column. */
  points: number
}

export type MeasuredDependence = Pick<
  Dependence,
  'available' | 'count' | 'type' | 'outputs' | 'areProbabilities' | 'points'
>

/** What a request waits for, for its span. */
export interface PoolObserver {
  /** The model was not in memory. */
  onLoad(): void
  /** The model is in memory, or the thread has the first rows. The last call counts. */
  onStart(): void
}

export interface PredictorPool {
  /**
   * Maps rows × features to rows × outputs. Computes small predictions at once, and others in a thread, tenants in turn.
   * @throws Problem `not-found` if the model was deleted
   */
  predict(
    tenantId: string,
    model: Model,
    inputs: Float32Array,
    observer?: PoolObserver,
  ): Float32Array | Promise<Float32Array>
  /**
   * Evaluates the model on the labelled rows of a table. Stops when the signal aborts.
   * @throws Problem `not-found` if the model was deleted, or the reason of the signal
   */
  evaluate(
    tenantId: string,
    model: Model,
    rows: TableRows,
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<TableOutcome>
  /** Finds the labelled rows with the largest loss. Stops and throws like `evaluate`. */
  rank(
    tenantId: string,
    model: Model,
    rows: TableRows,
    request: RankingRequest,
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<{ type: 'ranked'; ranking: Ranking } | RefusedTable>
  /** Predicts labelled rows, for `compareRows` with another model. Stops and throws like `evaluate`. */
  answerRows(
    tenantId: string,
    model: Model,
    rows: TableRows,
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<{ type: 'answered'; answers: RowAnswers } | RefusedTable>
  /** The rows whose predictions differ most from those of another model. Stops and throws like `evaluate`. */
  compareRows(
    tenantId: string,
    model: Model,
    rows: TableRows,
    request: { limit: number; other: OtherAnswers },
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<{ type: 'compared'; changes: Changes } | RefusedTable>
  /** The permutation importance of each feature. Stops and throws like `evaluate`. */
  measureImportance(
    tenantId: string,
    model: Model,
    rows: TableRows,
    request: ImportanceRequest,
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<{ type: 'importance'; importance: MeasuredImportance } | RefusedTable>
  /** The partial dependence of the predictions on a feature. Stops and throws like `evaluate`. */
  measureDependence(
    tenantId: string,
    model: Model,
    rows: TableRows,
    request: DependenceRequest,
    signal: AbortSignal,
    observer?: PoolObserver,
  ): Promise<{ type: 'dependence'; dependence: MeasuredDependence } | RefusedTable>
  /** Splits the rows into training and validation. The table needs no column but that of the classes. */
  split(rule: SplitRule, table: Table | GeneratedDataset): Promise<RowSplit>
  /** The outputs over a grid. Rejects if any is not finite. */
  drawBoundary(
    request: BoundaryRequest | ModelBoundaryRequest,
    observer?: PoolObserver,
  ): Promise<BoundaryOutputs>
  close(): Promise<void>
}
