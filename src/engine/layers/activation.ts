/** activation: an elementwise function, or softmax over each row. */
import { elementCount } from '../arena.js'
import { activationRules, type BufferId, type Operation } from '../operations.js'
import type { Shape } from '../program.js'
import type { PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { activationGradient } from './weighted.js'

export function activation(layer: LayerOf<'activation'>, input: Shape): PlannedLayer {
  const size = elementCount(input)
  return {
    layer,
    outputShape: input,
    activation: layer.activation,
    tensors: [],
    emit: (context) => {
      if (context.omitActivation || layer.activation === 'linear') {
        return { output: context.input, training: [], inference: [], backward: [] }
      }
      const { training: x, gradient: dy } = context.input
      const y = context.layout.addPerRow(`layers.${context.index}.output`, 'activation', input)
      return {
        output: { training: y, inference: y, gradient: dy },
        training: [activationOperation(layer.activation, size, x, y)],
        inference: [activationOperation(layer.activation, size, context.input.inference, y)],
        backward:
          dy === null
            ? []
            : activationGradient(layer.activation, {
                y,
                z: needsInput(layer.activation) ? x : null,
                dy,
                size,
              }),
      }
    },
  }
}

/** y = activation(x) as a separate operation. */
export function activationOperation(
  name: LayerOf<'activation'>['activation'],
  size: number,
  x: BufferId,
  y: BufferId,
): Operation {
  return name === 'softmax'
    ? { op: 'softmaxForward', operands: { x, y }, attributes: { size } }
    : { op: 'activationForward', operands: { x, y }, attributes: { size, activation: name } }
}

const needsInput = (name: LayerOf<'activation'>['activation']) =>
  name !== 'softmax' && activationRules[name].derivative === 'z'
