/** The exporters, by format. */
import type { ExportFormat } from '../contract/export.js'
import { cExporter } from './c/exporter.js'
import type { Exporter } from './exporter.js'
import { javascriptExporter } from './javascript/exporter.js'
import { onnxExporter } from './onnx/onnx-exporter.js'
import { pytorchExporter } from './pytorch/exporter.js'
import { safetensorsExporter } from './safetensors/exporter.js'
import { tfjsExporter } from './tfjs/exporter.js'

/** A part of the entity tag of exported files. Increase it when an exporter writes a different file. */
export const exportVersion = 2

export const exporters: Readonly<Record<ExportFormat, Exporter>> = {
  safetensors: safetensorsExporter,
  pytorch: pytorchExporter,
  onnx: onnxExporter,
  javascript: javascriptExporter,
  c: cExporter,
  tfjs: tfjsExporter,
}
