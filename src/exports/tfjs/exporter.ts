/** A zip with the files of a TensorFlow.js layers model: model.json and weights.bin. */
import { zipSync } from 'fflate'
import type { Weights } from '../../engine/index.js'
import { answerRules } from '../answer-rules.js'
import { firstDifference } from '../compare.js'
import type { ExportableModel, ExportedFile, Exporter } from '../exporter.js'
import { kerasLayout } from '../keras/tensors.js'
import { placedLayers } from '../placed-layers.js'
import { littleEndian } from '../safetensors/file.js'
import { kerasLayers, layerName } from './layers.js'
import { loadRuntime, runRows } from './runtime.js'

/**
 * The model takes and returns the numbers of the network, with channels last. `userDefinedMetadata` has the coding of
 * the columns, and how outputs become predictions, because layers cannot read raw columns.
 */
export const tfjsExporter: Exporter = {
  refusal,
  write,
  async verify({ bytes }, model, expected) {
    const runtime = await loadRuntime()
    if (runtime === null) return null
    const answers = await runRows(runtime, bytes, model, expected)
    return firstDifference(model, expected, { preprocessing: false }, answers)
  },
}

function refusal(model: ExportableModel): string | null {
  for (const { layer, title } of placedLayers(model)) {
    if (layer.type === 'locallyConnected1d' || layer.type === 'locallyConnected2d') {
      const shared = layer.type === 'locallyConnected1d' ? 'conv1d' : 'conv2d'
      return `TensorFlow.js has no layer for ${title}. Export the model as onnx, or use ${shared}.`
    }
    if ('activation' in layer && layer.activation === 'step') {
      return `TensorFlow.js has no activation "step", which ${title} uses. Export the model as onnx or javascript.`
    }
  }
  return null
}

function write(model: ExportableModel, weights: Weights): ExportedFile {
  const { tensors, permutedFlattens } = kerasLayout(model, weights)
  const json = {
    format: 'layers-model',
    generatedBy: 'Descent',
    convertedBy: null,
    modelTopology: {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: {
        class_name: 'Sequential',
        config: { name: model.id, layers: kerasLayers(model, permutedFlattens) },
      },
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: tensors.map(({ layer, name, shape }) => ({
          name: `${layerName(layer)}/${name}`,
          shape,
          dtype: 'float32',
        })),
      },
    ],
    userDefinedMetadata: {
      model: model.id,
      name: model.name,
      columns: model.columns,
      coding: model.coding,
      answer: answerRules(model),
    },
  }
  const files = {
    'model.json': Buffer.from(JSON.stringify(json)),
    'weights.bin': Buffer.concat(tensors.map(({ values }) => littleEndian(values))),
  }
  // Numbers hardly shrink, and the date keeps equal models equal.
  const bytes = zipSync(files, { level: 0, mtime: '1980-01-01T00:00:00' })
  return { name: `${model.id}.tfjs.zip`, mediaType: 'application/zip', bytes }
}
