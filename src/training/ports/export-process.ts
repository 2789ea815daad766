import type { ExportFormat } from '../../contract/export.js'
import type { Tensor } from '../../contract/model.js'
import type { InputRow } from '../../datasets/raw-rows.js'
import type { ExportableModel, ExportedFile, ExportOptions } from '../../exports/exporter.js'

export interface ExportTask {
  format: ExportFormat
  model: ExportableModel
  options: ExportOptions
  tensors: Tensor[]
  weightBytes: number
  /** Rows of the dataset of the model, for the verification; may be empty. */
  rows: readonly InputRow[]
}

/** `different`: the file does not give the predictions of the service. */
export type ExportOutcome =
  | ({ type: 'exported' } & Pick<ExportedFile, 'name' | 'mediaType'>)
  | { type: 'different'; difference: string }

/** Writes and verifies files of models, one at a time. */
export interface ExportProcess {
  /**
   * Writes the file at `path`, where nothing is. After another outcome or an error, it may be there or not.
   * @param weights float32 little-endian
   * @throws errors of the weights, Problem `overloaded` if the process ends, `unavailable` if the service stops
   */
  export(task: ExportTask, weights: AsyncIterable<Uint8Array>, path: string): Promise<ExportOutcome>
}
