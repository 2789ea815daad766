/** dropout: zeroes a share of its inputs while training and scales the rest by 1/(1 − rate); absent in inference. */
import { sizeOf } from '../arena.js'
import type { Shape } from '../program.js'
import type { Place, PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function dropout(layer: LayerOf<'dropout'>, input: Shape, place: Place): PlannedLayer {
  const size = sizeOf(input)
  return {
    layer,
    outputShape: input,
    activation: null,
    tensors: [],
    emit: (site) => {
      if (!site.training) return { output: site.input, training: [], inference: [], backward: [] }
      const { training: x, inference, gradient: dy } = site.input
      const y = site.layout.perRow(`layers.${place.index}.output`, 'activation', input)
      const mask = site.layout.perRow(`layers.${place.index}.mask`, 'activation', input)
      return {
        output: { training: y, inference, gradient: dy },
        training: [
          {
            op: 'dropoutForward',
            operands: { x, mask, y },
            attributes: { size, rate: layer.rate, layer: place.index },
          },
        ],
        inference: [],
        backward:
          dy === null ? [] : [{ op: 'dropoutBackward', operands: { mask, dy }, attributes: { size } }],
      }
    },
  }
}
