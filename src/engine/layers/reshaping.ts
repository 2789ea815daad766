/** flatten and reshape: views of the same buffer, without an operation. */

import type { Layer } from '../../contract/network.js'
import { elementCount } from '../arena.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function flatten(layer: LayerOf<'flatten'>, input: Shape): PlannedLayer {
  return { ...view(layer, [elementCount(input)]), keepsShift: true }
}

export function reshape(layer: LayerOf<'reshape'>, input: Shape, location: LayerLocation): PlannedLayer {
  const { targetShape } = layer
  if (elementCount(targetShape) !== elementCount(input)) {
    throw new SpecError(
      `${location.pointer}/targetShape`,
      `${location.title}: targetShape ${shapeText(targetShape)} has ${elementCount(targetShape)} values, but the input ${shapeText(input)} has ${elementCount(input)}; choose sizes whose product is ${elementCount(input)}`,
    )
  }
  return view(layer, targetShape)
}

function view(layer: Layer, outputShape: Shape): PlannedLayer {
  return {
    layer,
    outputShape,
    activation: null,
    tensors: [],
    emit: (context) => ({ output: context.input, training: [], inference: [], backward: [] }),
  }
}
