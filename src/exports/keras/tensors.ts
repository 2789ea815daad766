/** Tensors in the layouts of Keras: kernels [inputs, units], [height, width, channels, filters]. */
import type { Weights } from '../../engine/index.js'
import { tensorValues } from '../code-tensors.js'
import type { ExportableModel } from '../exporter.js'
import { type PlacedLayer, placedLayers, product } from '../placed-layers.js'
import { channelsFirstPlaces, isReordered, transpose } from './channels-last.js'

interface KerasTensor {
  /** The layer in the network. */
  layer: number
  name: 'kernel' | 'bias' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance'
  shape: number[]
  values: Float32Array
}

interface KerasLayout {
  tensors: KerasTensor[]
  /**
   * The flatten layers whose numbers must have the channels first, so that a permutation is needed before them. The
   * tensors after the others are reordered instead.
   */
  permutedFlattens: ReadonlySet<number>
}

/** Signals and images have their channels last. */
export function kerasLayout(model: ExportableModel, weights: Weights): KerasLayout {
  const layers = placedLayers(model)
  const tensors: KerasTensor[] = []
  const permutedFlattens = new Set<number>()
  /** The shape that was flattened with channels last, until a dense layer has read it. */
  let flattened: number[] | null = null
  for (const placed of layers) {
    const { layer, index, inputShape } = placed
    if (layer.type === 'flatten' && isReordered(inputShape)) {
      if (isReadByDense(layers.slice(index + 1))) flattened = inputShape
      else permutedFlattens.add(index)
    }
    tensors.push(...layerTensors(placed, weights, flattened))
    if (layer.type === 'dense') flattened = null
  }
  return { tensors, permutedFlattens }
}

/** Whether only layers that take numbers in any order are between a flatten layer and a dense one. */
function isReadByDense(following: readonly PlacedLayer[]): boolean {
  const next = following.find(
    ({ layer }) =>
      !(
        layer.type === 'dropout' ||
        layer.type === 'batchNormalization' ||
        (layer.type === 'activation' && layer.activation !== 'softmax')
      ),
  )
  return next?.layer.type === 'dense'
}

function layerTensors(placed: PlacedLayer, weights: Weights, flattened: number[] | null): KerasTensor[] {
  const { layer, index } = placed
  const read = (name: string) => {
    const values = tensorValues(weights, `layers.${index}.${name}`)
    return flattened === null || layer.type === 'dense' ? values : reordered(values, flattened)
  }
  if (layer.type === 'batchNormalization') {
    const names = {
      gamma: 'weight',
      beta: 'bias',
      moving_mean: 'runningMean',
      moving_variance: 'runningVar',
    } as const
    return (['gamma', 'beta', 'moving_mean', 'moving_variance'] as const).map((name) => {
      const values = read(names[name])
      return { layer: index, name, shape: [values.length], values }
    })
  }
  if (!('useBias' in layer)) return []
  const { shape = [] } = weights.get(`layers.${index}.weight`) ?? {}
  const kernel = toKernel(placed, read('weight'), shape, flattened)
  const bias = layer.useBias ? read('bias') : null
  return [
    { layer: index, name: 'kernel', ...kernel },
    ...(bias === null
      ? []
      : [{ layer: index, name: 'bias' as const, shape: biasShape(layer, shape), values: bias }]),
  ]
}

/** Locally connected layers have a bias at each position. */
function biasShape({ type }: PlacedLayer['layer'], shape: readonly number[]): number[] {
  if (type === 'locallyConnected1d') return shape.slice(0, 2)
  return type === 'locallyConnected2d' ? shape.slice(0, 3) : shape.slice(0, 1)
}

const reordered = (values: Float32Array, flattened: readonly number[]) =>
  Float32Array.from(channelsFirstPlaces(flattened), (index) => values[index])

/** The filters are the first side of the engine's weights; locally connected layers have positions before them. */
function toKernel(
  { layer }: PlacedLayer,
  values: Float32Array,
  shape: readonly number[],
  flattened: number[] | null,
): Pick<KerasTensor, 'shape' | 'values'> {
  const [first = 0, second = 0, third = 0, fourth = 0] = shape
  switch (layer.type) {
    case 'conv1d':
      return { shape: [third, second, first], values: transpose(values, shape, [2, 1, 0]) }
    case 'conv2d':
      return { shape: [third, fourth, second, first], values: transpose(values, shape, [2, 3, 1, 0]) }
    case 'locallyConnected1d':
      return { shape: [first, fourth * third, second], values: transpose(values, shape, [0, 3, 2, 1]) }
    case 'locallyConnected2d': {
      const [height, width, filters, channels, ...kernel] = shape
      const taps = channels * product(kernel)
      return {
        shape: [height * width, taps, filters],
        values: transpose(values, shape, [0, 1, 4, 5, 3, 2]),
      }
    }
    default: {
      const columns = transpose(values, shape, [1, 0])
      return {
        shape: [second, first],
        values: flattened === null ? columns : reorderedRows(columns, first, flattened),
      }
    }
  }
}

function reorderedRows(kernel: Float32Array, units: number, flattened: readonly number[]): Float32Array {
  const result = new Float32Array(kernel.length)
  for (const [row, from] of channelsFirstPlaces(flattened).entries()) {
    result.set(kernel.subarray(from * units, (from + 1) * units), row * units)
  }
  return result
}
