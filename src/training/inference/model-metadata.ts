import type { ModelMetadata } from '../../contract/inference.js'
import type { Model } from '../../contract/model.js'
import { modelSignature, type SignatureTensor } from '../../exports/signature.js'
import { typeNames } from './read-request.js'

/**
 * Names, types and shapes of the inputs and outputs of a model.
 * @param name as in the request
 * @param version of a registered name
 */
export function modelMetadata(model: Model, name: string, version: number | null): ModelMetadata {
  const { inputs, outputs } = modelSignature(model)
  return {
    name,
    ...(version === null ? {} : { versions: [String(version)] }),
    platform: 'descent_network',
    inputs: inputs.map(describe),
    outputs: outputs.map(describe),
  }
}

const describe = ({ name, type, shape }: SignatureTensor) => ({ name, datatype: typeNames[type], shape })
