/** Reads a model that was trained elsewhere, or exported by this service. */
import type { ModelImport } from '../contract/model-import.js'
import { buildModel, type ImportedModel } from './build-model.js'
import { importOnnx } from './onnx/import-onnx.js'
import { isOnnx } from './onnx/read-onnx.js'
import { refuse } from './refuse.js'
import { importSafetensors } from './safetensors/import-safetensors.js'
import { isSafetensors } from './safetensors/read-safetensors.js'

/**
 * Recognizes the format by the content of the file.
 * @param file is kept until the end of the call only
 * @throws Problem `invalid-model` that says what the file has, and what to do
 */
export function importModel(file: Uint8Array, fields: ModelImport): ImportedModel {
  if (isSafetensors(file)) return buildModel(importSafetensors(file, fields), fields)
  if (isOnnx(file)) return buildModel(importOnnx(file, fields), fields)
  throw refuse(
    `The file of ${file.length} bytes is neither safetensors nor ONNX. For a PyTorch model, save the state dict with ` +
      'safetensors.torch.save_file, or export it with torch.onnx.export.',
  )
}
