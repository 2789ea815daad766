/** Networks that are built instead of trained. */
import type { Construction, LayerSummary, Model, ModelRequest } from '../contract/model.js'
import type { Layer } from '../contract/network.js'
import { newId } from './new-id.js'
import type { ModelStore, NewModel, Once } from './ports.js'

/** Builds and stores a model; it answers like a trained one. */
export async function construct(
  models: Pick<ModelStore, 'create'>,
  { name, construct }: ModelRequest,
  once?: Once,
): Promise<Model> {
  return models.create(
    { id: newId('model'), name: name ?? null, ...fromNormalForm(construct.dnf), evaluation: null },
    once,
  )
}

/** One layer of threshold units: `weight` is units × inputs, row-major; `bias` has one number a unit. */
interface ThresholdLayer {
  inputs: number
  weight: number[]
  bias: number[]
}

/**
 * The network of a disjunctive normal form: a hidden unit for each true row, which fires for that row alone, and an
 * output that fires when any of them does. A hidden unit sums +1 for each input that its row has as 1 and −1 for each
 * other; only its own row reaches the number of ones, and the bias ½ − ones puts the threshold just below.
 */
export function fromNormalForm({
  inputs,
  trueRows,
}: Construction['dnf']): Omit<NewModel, 'id' | 'name' | 'evaluation' | 'weights'> & { weights: Uint8Array } {
  const bits = trueRows.map((row) =>
    Array.from({ length: inputs }, (_, place) => (row >>> (inputs - 1 - place)) & 1),
  )
  const hidden: ThresholdLayer = {
    inputs,
    weight: bits.flat().map((bit) => (bit === 1 ? 1 : -1)),
    bias: bits.map((row) => 0.5 - row.reduce((ones, bit) => ones + bit, 0)),
  }
  // A layer needs a unit, so the function that is never true has one that never fires.
  const layers = [trueRows.length === 0 ? { inputs, weight: Array(inputs).fill(0), bias: [-0.5] } : hidden]
  const units = layers[0].bias.length
  layers.push({ inputs: units, weight: Array(units).fill(1), bias: [-0.5] })
  return {
    network: { inputShape: [inputs], layers: layers.map(({ bias }) => threshold(bias.length)) },
    loss: 'perceptron',
    layers: layers.map(summary),
    coding: {
      features: Array.from({ length: inputs }, (_, place) => {
        return { type: 'number' as const, name: `x${place + 1}`, offset: 0, scale: 1 }
      }),
      target: { type: 'number', names: ['y'] },
    },
    parameters: layers.reduce((sum, { weight, bias }) => sum + weight.length + bias.length, 0),
    ...packed(layers),
  }
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
  for (const [place, value] of named.flatMap(({ values }) => values).entries()) {
    view.setFloat32(place * Float32Array.BYTES_PER_ELEMENT, value, true)
  }
  return { tensors, weights }
}
