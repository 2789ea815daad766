/** Shared by dense, convolutional and locally connected layers: weights, a bias, a fused activation. */
import type { Activation, Initializer } from '../../contract/network.js'
import { elementCount } from '../arena.js'
import { activationRules, type BufferId, type ElementActivation, type Operation } from '../operations.js'
import type { Shape } from '../program.js'
import { type Emission, type EmitContext, type LayerTensor, outputSignal } from './layer.js'

interface WeightedLayer {
  activation: Activation
  useBias: boolean
  kernelInitializer?: Initializer | undefined
}

/** Defaults to the initializer of the activation. */
export function resolveInitializer({ kernelInitializer, activation }: WeightedLayer): Initializer {
  if (kernelInitializer !== undefined) return kernelInitializer
  return activation === 'softmax' ? 'glorotUniform' : activationRules[activation].initializer
}

export function weightAndBias(
  layer: WeightedLayer,
  index: number,
  shapes: { weight: number[]; bias: number[] },
  fans: { fanIn: number; fanOut: number },
): LayerTensor[] {
  const weight: LayerTensor = {
    name: 'weight',
    shape: shapes.weight,
    trainable: true,
    initial: { type: 'drawn', layer: index, initializer: resolveInitializer(layer), ...fans },
  }
  const bias: LayerTensor = {
    name: 'bias',
    shape: shapes.bias,
    trainable: true,
    initial: { type: 'constant', value: 0 },
  }
  return layer.useBias ? [weight, bias] : [weight]
}

/** The operations of one kind of weighted layer; z is null unless the activation's derivative needs it. */
interface WeightedOperations {
  /** All positions of a channel share one bias. */
  readonly sharedBias: boolean
  forward(
    x: BufferId,
    into: {
      weight: BufferId
      bias: BufferId | null
      y: BufferId
      z: BufferId | null
      activation: ElementActivation
    },
  ): Operation
  backwardWeights(into: { x: BufferId; dz: BufferId; dWeight: BufferId; dBias: BufferId | null }): Operation
  backwardInput(from: { dz: BufferId; weight: BufferId; dx: BufferId }): Operation
}

/**
 * Emits the forward pass with a fused activation (softmax is a separate operation), and the backward pass: dz, which
 * replaces dy in its buffer, then dW, db and dx.
 */
export function emitWeighted(
  context: EmitContext,
  layer: WeightedLayer,
  outputShape: Shape,
  operations: WeightedOperations,
): Emission {
  const activation = context.omitActivation ? 'linear' : layer.activation
  const fused = activation === 'softmax' ? 'linear' : activation
  const size = elementCount(outputShape)
  const output = outputSignal(context, outputShape)
  const y = output.training
  const z =
    activationRules[fused].derivative === 'z' && context.training
      ? context.layout.addPerRow(`layers.${context.index}.preActivation`, 'activation', outputShape)
      : null
  // Batch normalization cancels this bias, so its true gradient is zero. A computed gradient would be rounding noise,
  // which Adam scales up to full steps. Unwritten, the gradient keeps its initial zeros.
  const cancelled = operations.sharedBias && activation === 'linear' && context.shiftCancelled
  const weight = context.tensor('weight')
  const bias = layer.useBias ? context.tensor('bias') : null

  const forward = (x: BufferId) =>
    operations.forward(x, { weight: weight.value, bias: bias?.value ?? null, y, z, activation: fused })
  const softmax: Operation[] =
    activation === 'softmax' ? [{ op: 'softmaxForward', operands: { x: y, y }, attributes: { size } }] : []

  return {
    output,
    training: [forward(context.input.training), ...softmax],
    inference: [forward(context.input.inference), ...softmax],
    backward: emitBackward(),
  }

  function emitBackward(): Operation[] {
    const dz = output.gradient
    if (dz === null || weight.gradient === null) return []
    const list = activationGradient(activation, { y, z, dy: dz, size })
    list.push(
      operations.backwardWeights({
        x: context.input.training,
        dz,
        dWeight: weight.gradient,
        dBias: cancelled ? null : (bias?.gradient ?? null),
      }),
    )
    const dx = context.input.gradient
    if (dx !== null) list.push(operations.backwardInput({ dz, weight: weight.value, dx }))
    return list
  }
}

/** Converts dy to dz in location. */
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
