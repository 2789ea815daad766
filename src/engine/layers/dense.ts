/** dense: y = f(W x + b), W [units, inputs]. */

import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { emitWeighted, resolveInitializer, weightAndBias } from './weighted.js'

export function dense(layer: LayerOf<'dense'>, input: Shape, location: LayerLocation): PlannedLayer {
  const [inputs = 0] = input
  if (input.length !== 1) {
    throw new SpecError(
      location.pointer,
      `${location.title} needs a one-dimensional input, but its input has the shape ${shapeText(input)}; add a flatten layer before it`,
    )
  }
  const { units } = layer
  const sizes = { inputs, units }
  return {
    layer: { ...layer, kernelInitializer: resolveInitializer(layer) },
    outputShape: [units],
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      location.index,
      { weight: [units, inputs], bias: [units] },
      { fanIn: inputs, fanOut: units },
    ),
    emit: (context) =>
      emitWeighted(context, layer, [units], {
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
