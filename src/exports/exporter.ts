/** What every export format implements. */
import type { ExportMediaType, TensorNames } from '../contract/export.js'
import type { Model } from '../contract/model.js'
import type { InputRow } from '../datasets/raw-rows.js'
import type { Weights } from '../engine/index.js'

export type ExportableModel = Pick<
  Model,
  'id' | 'name' | 'network' | 'layers' | 'loss' | 'coding' | 'columns' | 'classes' | 'threshold' | 'epoch'
>

export interface ExportOptions {
  /** Whether the file takes raw columns. Otherwise it takes and returns the numbers of the network. */
  preprocessing: boolean
  /** For safetensors. */
  names: TensorNames
}

export interface ExportedFile {
  /** Such as `mdl_….onnx`. */
  name: string
  mediaType: ExportMediaType
  bytes: Uint8Array
}

/** A row and what the service predicts for it. */
export interface ExpectedPrediction {
  row: InputRow
  /** The inputs of the network. */
  inputs: Float32Array
  /** The outputs of the network, before they are decoded. */
  networkOutput: Float32Array
  /** `output` of a prediction: numbers are in the units of the target. */
  output: number[]
  label: string | null
}

export interface Exporter {
  /**
   * Why the format cannot hold the model, naming the layer, column or limit, and what to do instead; null if it can.
   * Called before anything is read or sent.
   */
  refusal(model: ExportableModel, options: ExportOptions): string | null
  /** @param weights by tensor name, as in `layers.0.weight` */
  write(model: ExportableModel, weights: Weights, options: ExportOptions): ExportedFile
  /**
   * Runs the file on rows and returns the first difference from the expected predictions; null if there is none. Absent
   * where the service has no runtime for the format.
   */
  verify?(
    file: ExportedFile,
    model: ExportableModel,
    expected: readonly ExpectedPrediction[],
    options: ExportOptions,
  ): Promise<string | null>
}
