/** flatten and reshape: other shapes of the same numbers, so no operation at all. */

import type { Layer } from '../../contract/network.js'
import { sizeOf } from '../arena.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type Place, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function flatten(layer: LayerOf<'flatten'>, input: Shape): PlannedLayer {
  return view(layer, [sizeOf(input)])
}

export function reshape(layer: LayerOf<'reshape'>, input: Shape, place: Place): PlannedLayer {
  const { targetShape } = layer
  if (sizeOf(targetShape) !== sizeOf(input)) {
    throw new SpecError(
      `${place.pointer}/targetShape`,
      `${place.title}: ${shapeText(targetShape)} holds ${sizeOf(targetShape)} numbers, but the input ${shapeText(input)} has ${sizeOf(input)}; choose sizes whose product is ${sizeOf(input)}`,
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
    emit: (site) => ({ output: site.input, training: [], inference: [], backward: [] }),
  }
}
