/** Plans a layer by its type; register a new layer here. */
import type { Layer } from '../../contract/network.js'
import type { Shape } from '../program.js'
import { activation } from './activation.js'
import { batchNormalization } from './batch-normalization.js'
import { conv1d, conv2d } from './convolution.js'
import { dense } from './dense.js'
import { dropout } from './dropout.js'
import type { LayerLocation, PlannedLayer } from './layer.js'
import { locallyConnected1d, locallyConnected2d } from './locally-connected.js'
import { globalPooling, pooling1d, pooling2d } from './pooling.js'
import { flatten, reshape } from './reshaping.js'

/** @throws SpecError when the layer cannot take this input. */
export function planLayer(layer: Layer, input: Shape, location: LayerLocation): PlannedLayer {
  switch (layer.type) {
    case 'dense':
      return dense(layer, input, location)
    case 'conv1d':
      return conv1d(layer, input, location)
    case 'conv2d':
      return conv2d(layer, input, location)
    case 'locallyConnected1d':
      return locallyConnected1d(layer, input, location)
    case 'locallyConnected2d':
      return locallyConnected2d(layer, input, location)
    case 'maxPooling1d':
    case 'averagePooling1d':
      return pooling1d(layer, input, location)
    case 'maxPooling2d':
    case 'averagePooling2d':
      return pooling2d(layer, input, location)
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return globalPooling(layer, input, location)
    case 'flatten':
      return flatten(layer, input)
    case 'reshape':
      return reshape(layer, input, location)
    case 'dropout':
      return dropout(layer, input, location)
    case 'batchNormalization':
      return batchNormalization(layer, input, location)
    case 'activation':
      return activation(layer, input)
    default:
      return layer satisfies never
  }
}
