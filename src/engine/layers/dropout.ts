/** dropout: zeroes a share of its inputs in training and scales the others by 1/(1 − rate); the identity in inference. */
import { elementCount } from '../arena.js'
import type { Shape } from '../program.js'
import type { LayerLocation, PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function dropout(layer: LayerOf<'dropout'>, input: Shape, location: LayerLocation): PlannedLayer {
  const size = elementCount(input)
  return {
    layer,
    outputShape: input,
    activation: null,
    tensors: [],
    emit: (context) => {
      if (!context.training) return { output: context.input, training: [], inference: [], backward: [] }
      const { training: x, inference, gradient: dy } = context.input
      const y = context.layout.addPerRow(`layers.${location.index}.output`, 'activation', input)
      const mask = context.layout.addPerRow(`layers.${location.index}.mask`, 'activation', input)
      return {
        output: { training: y, inference, gradient: dy },
        training: [
          {
            op: 'dropoutForward',
            operands: { x, mask, y },
            attributes: { size, rate: layer.rate, layer: location.index },
          },
        ],
        inference: [],
        backward:
          dy === null ? [] : [{ op: 'dropoutBackward', operands: { mask, dy }, attributes: { size } }],
      }
    },
  }
}
