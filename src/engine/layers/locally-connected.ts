/** locallyConnected1d: as conv1d, but every position has weights of its own. */
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import type { Place, PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { requireSignal, spanOf } from './spatial.js'
import { emitWeighted, initializerOf, weightAndBias } from './weighted.js'

export function locallyConnected1d(
  layer: LayerOf<'locallyConnected1d'>,
  input: Shape,
  place: Place,
): PlannedLayer {
  const [channels, length] = requireSignal(input, place)
  const { filters, kernelSize, strides: stride } = layer
  const span = spanOf(length, kernelSize, stride)
  if (span === null) {
    throw new SpecError(
      `${place.pointer}/kernelSize`,
      `${place.title}: the kernel is ${kernelSize} wide but the signal is only ${length} long; use kernelSize ≤ ${length}`,
    )
  }
  const positions = span.count
  const sizes = { channels, length, filters, kernelSize, stride, positions }
  return {
    layer: { ...layer, kernelInitializer: initializerOf(layer) },
    outputShape: [filters, positions],
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      place.index,
      { weight: [positions, filters, channels, kernelSize], bias: [positions, filters] },
      { fanIn: channels * kernelSize, fanOut: filters * kernelSize },
    ),
    emit: (site) =>
      emitWeighted(site, layer, [filters, positions], {
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
