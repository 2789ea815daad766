/** What dense, convolutional and locally connected layers share: weights, a bias, an activation in the epilogue. */
import type { Activation, Initializer } from '../../contract/network.js'
import { sizeOf } from '../arena.js'
import type { BufferId, Operation } from '../operations.js'
import type { Shape } from '../program.js'
import { type Emission, type OwnTensor, outputSignal, type Site } from './layer.js'

interface WeightedLayer {
  activation: Activation
  useBias: boolean
  kernelInitializer?: Initializer | undefined
}

const reluFamily: readonly Activation[] = ['relu', 'leakyRelu', 'elu', 'gelu']

/** heNormal where the activation passes about half its inputs, else glorotUniform. */
export function initializerOf(layer: WeightedLayer): Initializer {
  return layer.kernelInitializer ?? (reluFamily.includes(layer.activation) ? 'heNormal' : 'glorotUniform')
}

export function weightAndBias(
  layer: WeightedLayer,
  index: number,
  shapes: { weight: number[]; bias: number[] },
  fans: { fanIn: number; fanOut: number },
): OwnTensor[] {
  const weight: OwnTensor = {
    name: 'weight',
    shape: shapes.weight,
    trainable: true,
    initial: { type: 'drawn', layer: index, initializer: initializerOf(layer), ...fans },
  }
  const bias: OwnTensor = {
    name: 'bias',
    shape: shapes.bias,
    trainable: true,
    initial: { type: 'constant', value: 0 },
  }
  return layer.useBias ? [weight, bias] : [weight]
}

/** The operations that differ between weighted layers; z is null unless the activation's derivative needs it. */
export interface WeightedOperations {
  /** One bias for all positions of a channel. */
  readonly sharedBias: boolean
  forward(
    x: BufferId,
    into: {
      weight: BufferId
      bias: BufferId | null
      y: BufferId
      z: BufferId | null
      activation: Activation
    },
  ): Operation
  backwardWeights(into: { x: BufferId; dz: BufferId; dWeight: BufferId; dBias: BufferId | null }): Operation
  backwardInput(from: { dz: BufferId; weight: BufferId; dx: BufferId }): Operation
}

/** Forward with the activation fused (softmax follows as a pass of its own); backward: dz in place of dy, then dW, db, dx. */
export function emitWeighted(
  site: Site,
  layer: WeightedLayer,
  outputShape: Shape,
  operations: WeightedOperations,
): Emission {
  const activation = site.bare ? 'linear' : layer.activation
  const fused = activation === 'softmax' ? 'linear' : activation
  const size = sizeOf(outputShape)
  const output = outputSignal(site, outputShape)
  const y = output.training
  const z =
    activation === 'gelu' && site.training
      ? site.layout.perRow(`layers.${site.index}.preActivation`, 'activation', outputShape)
      : null
  // Batch normalization cancels such a bias: its gradient is zero, and what rounding would make of it instead
  // is noise, which Adam scales up to whole steps. Never written, it stays the zero the arena began with.
  const cancelled = operations.sharedBias && activation === 'linear' && site.shiftCancelled
  const weight = site.tensor('weight')
  const bias = layer.useBias ? site.tensor('bias') : null

  const forward = (x: BufferId) =>
    operations.forward(x, { weight: weight.value, bias: bias?.value ?? null, y, z, activation: fused })
  const softmax: Operation[] =
    activation === 'softmax' ? [{ op: 'softmaxForward', operands: { x: y, y }, attributes: { size } }] : []

  return {
    output,
    training: [forward(site.input.training), ...softmax],
    inference: [forward(site.input.inference), ...softmax],
    backward: backward(),
  }

  function backward(): Operation[] {
    const dz = output.gradient
    if (dz === null || weight.gradient === null) return []
    const list = activationGradient(activation, { y, z, dy: dz, size })
    list.push(
      operations.backwardWeights({
        x: site.input.training,
        dz,
        dWeight: weight.gradient,
        dBias: cancelled ? null : (bias?.gradient ?? null),
      }),
    )
    const dx = site.input.gradient
    if (dx !== null) list.push(operations.backwardInput({ dz, weight: weight.value, dx }))
    return list
  }
}

/** Turns dy into dz in place. */
export function activationGradient(
  activation: Activation,
  at: { y: BufferId; z: BufferId | null; dy: BufferId; size: number },
): Operation[] {
  if (activation === 'linear') return []
  if (activation === 'softmax') {
    return [{ op: 'softmaxBackward', operands: { y: at.y, dy: at.dy }, attributes: { size: at.size } }]
  }
  return [
    {
      op: 'activationBackward',
      operands: { source: at.z ?? at.y, dy: at.dy },
      attributes: { size: at.size, activation },
    },
  ]
}
