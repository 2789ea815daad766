/** The numbers that generated code holds, one list for each operand of a step. */
import type { Weights } from '../engine/index.js'
import type { NetworkStep, StepOf } from './network-steps.js'

/** @throws Error when the weights have no such tensor */
export function tensorValues(weights: Weights, name: string): Float32Array {
  const tensor = weights.get(name)
  if (tensor === undefined) throw new Error(`the weights have no tensor ${name}`)
  return tensor.values
}

/** The operands of a step in the order of its arguments. Null: the layer has no bias. */
export function stepTensors(step: NetworkStep, weights: Weights): (Float32Array | null)[] {
  switch (step.type) {
    case 'dense':
    case 'convolution':
    case 'locallyConnected':
      return [
        tensorValues(weights, step.weight),
        step.bias === null ? null : tensorValues(weights, step.bias),
      ]
    case 'batchNormalization':
      return normalization(step, weights)
    case 'maxPooling':
    case 'averagePooling':
    case 'activation':
      return []
    default:
      return step satisfies never
  }
}

/** scale, mean and beta of each channel: y = scale · (x − mean) + beta with scale = gamma / √(variance + epsilon). */
function normalization({ tensors, sizes }: StepOf<'batchNormalization'>, weights: Weights): Float32Array[] {
  const gamma = tensorValues(weights, tensors.gamma)
  const variance = tensorValues(weights, tensors.variance)
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel] + sizes.epsilon))
  return [scale, tensorValues(weights, tensors.mean), tensorValues(weights, tensors.beta)]
}
