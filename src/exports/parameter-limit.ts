/** The most parameters of a format that holds them as text. */
import type { ExportFormat } from '../contract/export.js'
import type { ExportableModel } from './exporter.js'

/** Why a model is too large for a format, or null if it is not. */
export function parameterRefusal(
  format: ExportFormat,
  { layers }: Pick<ExportableModel, 'layers'>,
  maximum: number,
): string | null {
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0)
  if (parameters <= maximum) return null
  return `The format ${format} holds at most ${maximum.toLocaleString('en')} parameters, but this model has ${parameters.toLocaleString('en')}. Export it as onnx or safetensors.`
}
