/** The layers of a network as those of a Keras Sequential model, which TensorFlow.js reads. Channels are last. */
import type { Activation, Layer } from '../../contract/network.js'
import type { ExportableModel } from '../exporter.js'
import { channelsLast, isReordered } from '../keras/channels-last.js'
import { type PlacedLayer, placedLayers } from '../placed-layers.js'

interface KerasLayer {
  class_name: string
  config: { name: string } & Record<string, unknown>
}

/** @param permutedFlattens the flatten layers that read their channels first */
export function kerasLayers(model: ExportableModel, permutedFlattens: ReadonlySet<number>): KerasLayer[] {
  const placed = placedLayers(model)
  const layers = placed.flatMap((each) => toKeras(each, permutedFlattens))
  const { outputShape = [] } = placed.at(-1) ?? {}
  // The service gives the numbers of an image or a signal with channels first.
  if (outputShape.length > 1 && isReordered(outputShape)) layers.push(channelsFirst('output', outputShape))
  const [first, ...others] = layers
  const [{ inputShape }] = placed
  const batchInputShape = [null, ...(inputShape.length > 1 ? channelsLast(inputShape) : inputShape)]
  return [
    { ...first, config: { ...first.config, batch_input_shape: batchInputShape, dtype: 'float32' } },
    ...others,
  ]
}

export const layerName = (index: number) => `layer_${index}`

/** [positions, channels] to [channels, positions]. */
function channelsFirst(name: string, shape: readonly number[]): KerasLayer {
  const dims = shape.length === 3 ? [3, 1, 2] : [2, 1]
  return { class_name: 'Permute', config: { name: `${name}_channels_first`, dims } }
}

function channelsToEnd(name: string, shape: readonly number[]): KerasLayer {
  const dims = shape.length === 3 ? [2, 3, 1] : [2, 1]
  return { class_name: 'Permute', config: { name: `${name}_channels_last`, dims } }
}

function toKeras(placed: PlacedLayer, permutedFlattens: ReadonlySet<number>): KerasLayer[] {
  const { layer, index, inputShape } = placed
  const name = layerName(index)
  switch (layer.type) {
    case 'dense':
      return weighted(name, layer, 'Dense', { units: layer.units })
    case 'conv1d':
    case 'conv2d':
      return weighted(name, layer, layer.type === 'conv1d' ? 'Conv1D' : 'Conv2D', {
        filters: layer.filters,
        kernel_size: sides(layer.type, layer.kernelSize),
        strides: sides(layer.type, layer.strides),
        padding: layer.padding,
        data_format: 'channels_last',
      })
    case 'locallyConnected1d':
    case 'locallyConnected2d':
      throw new Error(`${placed.title} is refused`)
    case 'maxPooling1d':
    case 'averagePooling1d':
    case 'maxPooling2d':
    case 'averagePooling2d':
      return [pooling(name, layer)]
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return [{ class_name: className(layer.type), config: { name, data_format: 'channels_last' } }]
    case 'flatten': {
      const flatten = { class_name: 'Flatten', config: { name } }
      return permutedFlattens.has(index) ? [channelsFirst(name, inputShape), flatten] : [flatten]
    }
    case 'reshape':
      return reshape(name, inputShape, layer.targetShape)
    case 'dropout':
      return [{ class_name: 'Dropout', config: { name, rate: layer.rate } }]
    case 'batchNormalization':
      return [
        {
          class_name: 'BatchNormalization',
          config: { name, axis: -1, epsilon: layer.epsilon, momentum: layer.momentum },
        },
      ]
    case 'activation':
      return activationLayers(name, layer.activation)
    default:
      return layer satisfies never
  }
}

/** maxPooling2d → MaxPooling2D */
const className = (type: Layer['type']) => `${type[0].toUpperCase()}${type.slice(1, -1)}D`

const sides = (type: Layer['type'], value: number | readonly [number, number]) =>
  typeof value !== 'number' ? value : type.endsWith('2d') ? [value, value] : [value]

type Pooling = Extract<Layer, { poolSize: unknown }>

function pooling(name: string, layer: Pooling): KerasLayer {
  const { type, poolSize, strides = poolSize } = layer
  const config = {
    name,
    pool_size: sides(type, poolSize),
    strides: sides(type, strides),
    padding: 'valid',
    data_format: 'channels_last',
  }
  return { class_name: className(type), config }
}

/** Shapes are read with channels first. */
function reshape(name: string, from: readonly number[], to: readonly number[]): KerasLayer[] {
  const isPlain = (shape: readonly number[]) => shape.length === 1 || !isReordered(shape)
  const target = to.length === 1 || isPlain(to) ? toChannelsLast(to) : to
  return [
    ...(isPlain(from) ? [] : [channelsFirst(`${name}_from`, from)]),
    { class_name: 'Reshape', config: { name, target_shape: target } },
    ...(isPlain(to) ? [] : [channelsToEnd(name, to)]),
  ]
}

const toChannelsLast = (shape: readonly number[]) => (shape.length === 1 ? shape : channelsLast(shape))

interface Weighted {
  activation: Activation
  useBias: boolean
}

function weighted(
  name: string,
  { activation, useBias }: Weighted,
  class_name: string,
  config: Record<string, unknown>,
): KerasLayer[] {
  const layer = { class_name, config: { name, ...config, use_bias: useBias, activation: 'linear' } }
  return activation === 'linear' ? [layer] : [layer, ...activationLayers(`${name}_activation`, activation)]
}

function activationLayers(name: string, activation: Activation): KerasLayer[] {
  switch (activation) {
    case 'leakyRelu':
      return [{ class_name: 'LeakyReLU', config: { name, alpha: 0.01 } }]
    case 'step':
      throw new Error('step is refused')
    case 'linear':
    case 'sigmoid':
    case 'tanh':
    case 'relu':
    case 'elu':
    case 'gelu':
    case 'softplus':
    case 'softmax':
      return [{ class_name: 'Activation', config: { name, activation } }]
    default:
      return activation satisfies never
  }
}
