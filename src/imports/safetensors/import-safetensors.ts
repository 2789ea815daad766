/** A network from a safetensors file. */
import type { ModelImport } from '../../contract/model-import.js'
import { readMetadata } from '../exported-metadata.js'
import type { ImportedNetwork } from '../imported-network.js'
import { matchTensors } from '../match-tensors.js'
import { planNetwork } from '../plan-network.js'
import { listed, quoted, refuse, shapeText } from '../refuse.js'
import { readSafetensors, type SafetensorsFile } from './read-safetensors.js'

/** @throws Problem `invalid-model` */
export function importSafetensors(
  file: Uint8Array,
  { network }: Pick<ModelImport, 'network'>,
): ImportedNetwork {
  const content = readSafetensors(file)
  if (content.metadata.get('names') === 'keras') throw kerasLayout()
  const { network: written, ...metadata } = readMetadata(content.metadata)
  const described = network ?? written
  if (described === undefined) throw noNetwork(content)
  const program = planNetwork(described)
  return { network: described, sources: matchTensors(program, content.tensors), metadata }
}

const kerasLayout = () =>
  refuse(
    'The file has the layout of Keras, with channels last, which cannot be imported. Download the model with ' +
      'names=descent or names=torch.',
  )

function noNetwork({ tensors }: SafetensorsFile): Error {
  const all = [...tensors.values()].map(({ name, shape }) => `${quoted(name)} ${shapeText(shape)}`)
  const message =
    'The file has weights without a description of their network. Send the field network, such as ' +
    '{"inputShape": [4], "layers": [{"type": "dense", "units": 3, "activation": "softmax"}]}. ' +
    (all.length === 0 ? 'The file has no tensors.' : `Its tensors are ${listed(all)}.`)
  return refuse(message, '/network')
}
