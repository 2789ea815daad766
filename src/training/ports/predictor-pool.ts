import type { Boundary } from '../../contract/boundary.js'
import type { Coding, GeneratedDataset } from '../../contract/dataset.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { Model, Tensor } from '../../contract/model.js'
import type { Network } from '../../contract/network.js'
import type { RowSplit, SplitRule } from '../../datasets/split-rows.js'
import type { DatasetError, Table } from '../../datasets/table.js'
import type { BoundaryView } from './boundaries.js'

export interface BoundaryRequest extends BoundaryView {
  network: Network
  weights: { tensors: Tensor[]; bytes: Uint8Array }
  coding: Coding
}

/** The same for a stored model, whose weights all requests share. */
export interface ModelBoundaryRequest extends BoundaryView {
  model: Model
}

export type BoundaryOutputs = Pick<Boundary, 'outputs' | 'range' | 'values'>

type TableOutcome =
  /** `unlabelled` counts rows without a value of each target. */
  | { type: 'evaluated'; evaluation: Evaluation; unlabelled: number }
  /** The columns or values do not fit the model. */
  | { type: 'refused'; code: DatasetError['code']; message: string }

export interface PredictorPool {
  /**
   * Maps rows × features to rows × outputs. Computes small predictions at once, and others in a thread, tenants in turn.
   * @throws Problem `not-found` if the model was deleted
   */
  predict(tenantId: string, model: Model, inputs: Float32Array): Float32Array | Promise<Float32Array>
  /** Evaluates the model on the labelled rows of a table. @throws Problem `not-found` if the model was deleted */
  evaluate(
    tenantId: string,
    model: Model,
    table: Table | GeneratedDataset,
    rows?: Int32Array | null,
  ): Promise<TableOutcome>
  /** Splits the rows into training and validation. The table needs no column but that of the classes. */
  split(rule: SplitRule, table: Table | GeneratedDataset): Promise<RowSplit>
  /** The outputs over a grid. Rejects if any is not finite. */
  drawBoundary(request: BoundaryRequest | ModelBoundaryRequest): Promise<BoundaryOutputs>
  close(): Promise<void>
}
