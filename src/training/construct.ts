/** Builds networks without training. */
import type { Construction, LayerSummary, Model, ModelRequest } from '../contract/model.js'
import type { Layer } from '../contract/network.js'
import { newId } from './new-id.js'
import type { Once } from './ports/idempotency.js'
import type { ModelStore, NewModel } from './ports/models.js'
import type { ConstructedNetwork, RequestThread } from './ports/request-thread.js'

/** Maximum number of true rows of a network that the event loop builds. */
const rowsAtOnce = 256

interface ConstructDependencies {
  tenantId: string
  models: Pick<ModelStore, 'create'>
  thread: Pick<RequestThread, 'construct'>
}

/** Builds and stores a model. Predictions and exports treat it like a trained one. */
export async function construct(
  { tenantId, models, thread }: ConstructDependencies,
  { name, construct: { dnf } }: ModelRequest,
  once?: Once,
): Promise<Model> {
  const network =
    dnf.trueRows.length <= rowsAtOnce ? fromNormalForm(dnf) : await thread.construct(tenantId, dnf)
  return models.create({ id: newId('model'), name: name ?? null, ...network, evaluation: null }, once)
}

/** A layer of threshold units. `weight` is units × inputs, row-major. `bias` has one number per unit. */
interface ThresholdLayer {
  inputs: number
  weight: Float32Array
  bias: Float32Array
}

/**
 * The network of a disjunctive normal form. One hidden unit per true row fires for that row alone. The output fires if
 * any of them does. A hidden unit has the weight +1 for each 1 of its row and −1 for each 0, so that only its row
 * reaches the number of ones. The bias ½ − ones puts the threshold just below that number.
 */
export function fromNormalForm({ inputs, trueRows }: Construction['dnf']): ConstructedNetwork {
  // A layer needs a unit, so a function that is never true gets one that never fires.
  const hidden = trueRows.length === 0 ? silentLayer(inputs) : hiddenLayer(inputs, trueRows)
  const units = hidden.bias.length
  const output = { inputs: units, weight: new Float32Array(units).fill(1), bias: Float32Array.of(-0.5) }
  const layers = [hidden, output]
  return {
    network: { inputShape: [inputs], layers: layers.map(({ bias }) => threshold(bias.length)) },
    loss: 'perceptron',
    layers: layers.map(summary),
    coding: {
      features: Array.from({ length: inputs }, (_, index) => {
        return { type: 'number' as const, name: `x${index + 1}`, offset: 0, scale: 1 }
      }),
      target: { type: 'number', names: ['y'] },
    },
    parameters: layers.reduce((sum, { weight, bias }) => sum + weight.length + bias.length, 0),
    ...packed(layers),
  }
}

function hiddenLayer(inputs: number, trueRows: readonly number[]): ThresholdLayer {
  const weight = new Float32Array(trueRows.length * inputs)
  const bias = new Float32Array(trueRows.length)
  for (const [unit, row] of trueRows.entries()) {
    let ones = 0
    for (let index = 0; index < inputs; index++) {
      const bit = (row >>> (inputs - 1 - index)) & 1
      weight[unit * inputs + index] = bit === 1 ? 1 : -1
      ones += bit
    }
    bias[unit] = 0.5 - ones
  }
  return { inputs, weight, bias }
}

function silentLayer(inputs: number): ThresholdLayer {
  return { inputs, weight: new Float32Array(inputs), bias: Float32Array.of(-0.5) }
}

function threshold(units: number): Layer {
  return { type: 'dense', units, activation: 'step', useBias: true, kernelInitializer: 'zeros' }
}

function summary({ inputs, weight, bias }: ThresholdLayer, index: number): LayerSummary {
  return {
    index,
    type: 'dense',
    activation: 'step',
    inputShape: [inputs],
    outputShape: [bias.length],
    parameters: weight.length + bias.length,
  }
}

function packed(layers: readonly ThresholdLayer[]): Pick<NewModel, 'tensors'> & { weights: Uint8Array } {
  const named = layers.flatMap(({ inputs, weight, bias }, index) => [
    { name: `layers.${index}.weight`, shape: [bias.length, inputs], values: weight },
    { name: `layers.${index}.bias`, shape: [bias.length], values: bias },
  ])
  let offset = 0
  const tensors = named.map(({ name, shape, values }) => {
    const tensor = { name, shape, offset }
    offset += values.length
    return tensor
  })
  const weights = new Uint8Array(offset * Float32Array.BYTES_PER_ELEMENT)
  const view = new DataView(weights.buffer)
  for (const [index, { values }] of named.entries()) {
    const first = tensors[index].offset
    for (let position = 0; position < values.length; position++) {
      view.setFloat32((first + position) * Float32Array.BYTES_PER_ELEMENT, values[position], true)
    }
  }
  return { tensors, weights }
}
