import type { ExportFormat } from '../../contract/export.js'
import type { Tensor } from '../../contract/model.js'
import type { InputRow } from '../../datasets/raw-rows.js'
import type { ExportableModel, ExportedFile, ExportOptions } from '../../exports/exporter.js'

export interface ExportTask {
  format: ExportFormat
  model: ExportableModel
  options: ExportOptions
  tensors: Tensor[]
  /** Float32 little-endian. The thread takes over their memory. */
  weights: Uint8Array<ArrayBuffer>
  /** Rows of the dataset of the model, for the verification; may be empty. */
  rows: readonly InputRow[]
}

/** `different`: the file does not give the predictions of the service. */
export type ExportOutcome =
  | { type: 'exported'; file: ExportedFile }
  | { type: 'different'; difference: string }

/** Writes and verifies files of models. It runs one task at a time. */
export interface ExportThread {
  export(task: ExportTask): Promise<ExportOutcome>
}
