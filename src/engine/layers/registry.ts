/** Every layer by its type: the one place where a new layer is entered. */
import type { Layer } from '../../contract/network.js'
import type { Shape } from '../program.js'
import { activation } from './activation.js'
import { batchNormalization } from './batch-normalization.js'
import { conv1d, conv2d } from './convolution.js'
import { dense } from './dense.js'
import { dropout } from './dropout.js'
import type { Place, PlannedLayer } from './layer.js'
import { locallyConnected1d } from './locally-connected.js'
import { globalPooling, pooling1d, pooling2d } from './pooling.js'
import { flatten, reshape } from './reshaping.js'

/** @throws SpecError when the layer cannot take this input. */
export function planLayer(layer: Layer, input: Shape, place: Place): PlannedLayer {
  switch (layer.type) {
    case 'dense':
      return dense(layer, input, place)
    case 'conv1d':
      return conv1d(layer, input, place)
    case 'conv2d':
      return conv2d(layer, input, place)
    case 'locallyConnected1d':
      return locallyConnected1d(layer, input, place)
    case 'maxPooling1d':
    case 'averagePooling1d':
      return pooling1d(layer, input, place)
    case 'maxPooling2d':
    case 'averagePooling2d':
      return pooling2d(layer, input, place)
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return globalPooling(layer, input, place)
    case 'flatten':
      return flatten(layer, input)
    case 'reshape':
      return reshape(layer, input, place)
    case 'dropout':
      return dropout(layer, input, place)
    case 'batchNormalization':
      return batchNormalization(layer, input, place)
    case 'activation':
      return activation(layer, input)
    default:
      return layer satisfies never
  }
}
