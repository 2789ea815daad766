/** Safetensors with the names and layouts of PyTorch or Keras. Those of this service are streamed as they are stored. */
import type { TensorNames } from '../../contract/export.js'
import type { Weights } from '../../engine/index.js'
import { tensorValues } from '../code-tensors.js'
import type { ExportableModel, ExportedFile, Exporter, ExportOptions } from '../exporter.js'
import { kerasLayout } from '../keras/tensors.js'
import { importableMetadata } from '../metadata.js'
import { torchModules } from '../pytorch/modules.js'
import { type NamedTensor, safetensorsFile } from './file.js'

export const safetensorsExporter: Exporter = {
  refusal: () => null,
  write: writeTensors,
}

function writeTensors(model: ExportableModel, weights: Weights, { names }: ExportOptions): ExportedFile {
  const metadata = { ...importableMetadata(model), names }
  const bytes = safetensorsFile(namedTensors(model, weights, names), metadata)
  return { name: `${model.id}.safetensors`, mediaType: 'application/octet-stream', bytes }
}

/**
 * `torch`: the state dict of the `nn.Sequential` of format=pytorch. `keras`: `layers.{i}.kernel`, with channels last;
 * the rows of a kernel after a flatten layer are in that order, too.
 */
function namedTensors(model: ExportableModel, weights: Weights, names: TensorNames): NamedTensor[] {
  switch (names) {
    case 'descent':
      return [...weights].map(([name, { shape, values }]) => ({ name, shape, values }))
    case 'torch':
      return torchModules(model).flatMap(({ tensors }, module) =>
        tensors.map(({ name, source }) => ({
          name: `${module}.${name}`,
          shape: weights.get(source)?.shape ?? [],
          values: tensorValues(weights, source),
        })),
      )
    case 'keras':
      return kerasLayout(model, weights).tensors.map(({ layer, name, shape, values }) => ({
        name: `layers.${layer}.${name}`,
        shape,
        values,
      }))
    default:
      return names satisfies never
  }
}
