import type { ModelMetadata } from '../../contract/inference.js'
import type { Model } from '../../contract/model.js'
import { modelSignature, type SignatureTensor } from '../../exports/signature.js'
import { typeNames } from './read-request.js'

/** Names, types and shapes of the inputs and outputs of a model. @param name as in the request */
export function modelMetadata(model: Model, name: string): ModelMetadata {
  const { inputs, outputs } = modelSignature(model)
  return { name, platform: 'descent_network', inputs: inputs.map(describe), outputs: outputs.map(describe) }
}

const describe = ({ name, type, shape }: SignatureTensor) => ({ name, datatype: typeNames[type], shape })
