/** dense: y = f(W x + b), W [units, inputs]. */

import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type Place, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { emitWeighted, initializerOf, weightAndBias } from './weighted.js'

export function dense(layer: LayerOf<'dense'>, input: Shape, place: Place): PlannedLayer {
  const [inputs = 0] = input
  if (input.length !== 1) {
    throw new SpecError(
      place.pointer,
      `${place.title} takes a plain row of numbers, but its input has the shape ${shapeText(input)}: add a flatten layer before it`,
    )
  }
  const { units } = layer
  const sizes = { inputs, units }
  return {
    layer: { ...layer, kernelInitializer: initializerOf(layer) },
    outputShape: [units],
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      place.index,
      { weight: [units, inputs], bias: [units] },
      { fanIn: inputs, fanOut: units },
    ),
    emit: (site) =>
      emitWeighted(site, layer, [units], {
        sharedBias: true,
        forward: (x, { weight, bias, y, z, activation }) => ({
          op: 'denseForward',
          operands: { x, weight, bias, y, z },
          attributes: { ...sizes, activation },
        }),
        backwardWeights: (operands) => ({ op: 'denseBackwardWeights', operands, attributes: sizes }),
        backwardInput: (operands) => ({ op: 'denseBackwardInput', operands, attributes: sizes }),
      }),
  }
}
