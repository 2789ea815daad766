/** Makes a model of an imported network: its tensors in the order of the engine, its loss, and its coding. */
import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import type { Coding } from '../contract/dataset.js'
import type { LayerSummary, Tensor } from '../contract/model.js'
import { hasThreshold } from '../contract/model.js'
import type { ModelImport } from '../contract/model-import.js'
import { type Loss, lastActivation, type Network, networkSchema } from '../contract/network.js'
import { elementCount } from '../engine/index.js'
import { resolveCoding } from './coding.js'
import type { ImportedNetwork } from './imported-network.js'
import { resolveLoss } from './loss.js'
import { planNetwork } from './plan-network.js'
import { quoted, refuse } from './refuse.js'

export interface ImportedModel {
  name: string | null
  network: Network
  loss: Loss
  layers: LayerSummary[]
  coding: Coding
  threshold: number | null
  parameters: number
  tensors: Tensor[]
  /** Float32 little-endian, in the order of the tensors. */
  weights: Uint8Array<ArrayBuffer>
  weightSha256: string
}

/** @throws Problem `invalid-model` */
export function buildModel(imported: ImportedNetwork, fields: ModelImport): ImportedModel {
  checkNetwork(imported.network)
  const program = planNetwork(imported.network)
  const network: Network = {
    inputShape: [...program.network.inputShape],
    layers: [...program.network.layers],
  }
  const coding = resolveCoding(fields, imported.metadata.coding, {
    inputs: elementCount(program.network.inputShape),
    outputs: elementCount(program.outputShape),
    activation: lastActivation(network),
  })
  const loss = resolveLoss(fields.loss ?? imported.metadata.loss, network, coding.target)
  const { threshold = null } = imported.metadata
  return {
    name: fields.name ?? imported.metadata.name ?? null,
    network,
    loss,
    layers: program.layers,
    coding,
    threshold: hasThreshold({ coding, network }) ? threshold : null,
    parameters: program.parameters,
    ...packWeights(program.tensors, imported.sources),
  }
}

/** A network that operators describe may exceed what a job may send. */
function checkNetwork(network: Network): void {
  const result = networkSchema.safeParse(network)
  if (result.success) return
  const [{ path, message }] = result.error.issues
  throw refuse(`The network is larger than one of a job may be: ${path.join('.')} ${message}.`)
}

type ProgramTensor = ReturnType<typeof planNetwork>['tensors'][number]

function packWeights(
  expected: readonly ProgramTensor[],
  sources: ImportedNetwork['sources'],
): Pick<ImportedModel, 'tensors' | 'weights' | 'weightSha256'> {
  let next = 0
  const tensors = expected.map(({ name, shape }) => {
    const tensor = { name, shape: [...shape], offset: next }
    next += elementCount(shape)
    return tensor
  })
  const numbers = new Float32Array(next)
  for (const [index, { name, shape, offset }] of tensors.entries()) {
    const values = numbers.subarray(offset, offset + elementCount(shape))
    const source = sources.get(name)
    const { initial } = expected[index]
    if (source !== undefined) source.fill(values)
    else if (initial.type === 'constant') values.fill(initial.value)
    else throw refuse(`The file has no weights for ${name}.`)
    if (name.endsWith('.runningVar')) checkVariance(values, source?.name ?? name)
  }
  const weights = new Uint8Array(numbers.buffer)
  if (endianness() === 'BE') Buffer.from(numbers.buffer).swap32()
  return { tensors, weights, weightSha256: createHash('sha256').update(weights).digest('hex') }
}

function checkVariance(values: Float32Array, name: string): void {
  const index = values.findIndex((value) => value < 0)
  if (index < 0) return
  throw refuse(
    `The tensor ${quoted(name)} has the variance ${values[index]} at place ${index}. A variance is 0 or more.`,
  )
}
