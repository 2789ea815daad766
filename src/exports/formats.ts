/** The exporters, by format. */
import type { ExportFormat } from '../contract/export.js'
import type { Exporter } from './exporter.js'
import { onnxExporter } from './onnx/onnx-exporter.js'

/** A part of the entity tag of exported files. Increase it when an exporter writes a different file. */
export const exportVersion = 1

/** Requests for a format that is absent are refused. */
export const exporters: Readonly<Partial<Record<ExportFormat, Exporter>>> = { onnx: onnxExporter }
