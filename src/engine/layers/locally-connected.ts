/** locallyConnected1d: conv1d with separate weights at each position. */
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import type { LayerLocation, PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { requireSignal, validSpan } from './spatial.js'
import { emitWeighted, resolveInitializer, weightAndBias } from './weighted.js'

export function locallyConnected1d(
  layer: LayerOf<'locallyConnected1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels, length] = requireSignal(input, location)
  const { filters, kernelSize, strides: stride } = layer
  const span = validSpan(length, kernelSize, stride)
  if (span === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: kernelSize ${kernelSize} exceeds the signal length ${length}; use kernelSize ≤ ${length}`,
    )
  }
  const positions = span.count
  const sizes = { channels, length, filters, kernelSize, stride, positions }
  return {
    layer: { ...layer, kernelInitializer: resolveInitializer(layer) },
    outputShape: [filters, positions],
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      location.index,
      { weight: [positions, filters, channels, kernelSize], bias: [positions, filters] },
      { fanIn: channels * kernelSize, fanOut: filters * kernelSize },
    ),
    emit: (context) =>
      emitWeighted(context, layer, [filters, positions], {
        sharedBias: false,
        forward: (x, { weight, bias, y, z, activation }) => ({
          op: 'locallyConnectedForward',
          operands: { x, weight, bias, y, z },
          attributes: { ...sizes, activation },
        }),
        backwardWeights: (operands) => ({
          op: 'locallyConnectedBackwardWeights',
          operands,
          attributes: sizes,
        }),
        backwardInput: (operands) => ({ op: 'locallyConnectedBackwardInput', operands, attributes: sizes }),
      }),
  }
}
