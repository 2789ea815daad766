/** A network from an ONNX file: by the metadata of this service, or by the operators of the graph. */
import type { ModelImport } from '../../contract/model-import.js'
import { readMetadata } from '../exported-metadata.js'
import type { ImportedNetwork } from '../imported-network.js'
import { matchTensors } from '../match-tensors.js'
import { planNetwork } from '../plan-network.js'
import { refuseField } from '../refuse.js'
import { interpret } from './interpreter.js'
import { type OnnxGraph, readOnnx } from './read-onnx.js'

/** @throws Problem `invalid-model` */
export function importOnnx(
  file: Uint8Array,
  { network: given }: Pick<ModelImport, 'network'>,
): ImportedNetwork {
  if (given !== undefined) {
    throw refuseField('/network', 'an ONNX file has its network: leave the field out')
  }
  const graph = readOnnx(file)
  const { network, ...metadata } = readMetadata(graph.metadata)
  if (network === undefined) return { ...interpret(graph), metadata }
  const program = planNetwork(network)
  const names = new Set(program.tensors.map(({ name }) => name))
  return { network, sources: matchTensors(program, findWeights(graph, names)), metadata }
}

/** The graph also has constants of scaling, categories and classes. */
function findWeights({ constants }: OnnxGraph, names: ReadonlySet<string>) {
  return new Map(
    [...constants].flatMap(([name, constant]) =>
      names.has(name) && constant?.kind === 'weights' ? [[name, constant.tensor] as const] : [],
    ),
  )
}
