import type { Cell, DatasetWarning, GeneratedDataset } from '../../contract/dataset.js'
import type { Construction } from '../../contract/model.js'
import type { Preparation } from '../../contract/preparation.js'
import type { DatasetError, Table } from '../../datasets/table.js'
import type { NewModel } from './models.js'

/** Labelled rows as a table with all features and targets, including columns with missing values. */
export interface Labelled {
  table: Table
  droppedRows: number
  warnings: DatasetWarning[]
}

/** The reason why rows cannot become a table. */
export interface RefusedRows {
  refused: DatasetError['code']
  message: string
}

/** Rows of a request: values by column name. */
export type NamedRows = readonly Readonly<Record<string, Cell>>[]

/** A thread for the work of requests that would block the event loop. It runs one task at a time, in turns of tenants. */
export interface RequestThread {
  /** Columns and rows of a generated dataset. */
  describe(tenantId: string, dataset: GeneratedDataset): Promise<Pick<Table, 'columns' | 'rows'>>
  /** The raw values of these rows. `numbers` ascend. */
  rows(tenantId: string, dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]>
  /** The network, with weights, that computes a disjunctive normal form. */
  construct(tenantId: string, form: Construction['dnf']): Promise<ConstructedNetwork>
  prepare(tenantId: string, rows: NamedRows, preparation: Preparation): Promise<Labelled | RefusedRows>
}

export type ConstructedNetwork = Omit<NewModel, 'id' | 'name' | 'evaluation' | 'weights'> & {
  weights: Uint8Array
}
