/** Layers as nodes. Values have the shape [N, …], with channels first. */
import type { Layer } from '../../contract/network.js'
import type { Weights } from '../../engine/index.js'
import type { ExportableModel } from '../exporter.js'
import { product } from '../placed-layers.js'
import { addActivation, addReshape } from './activations.js'
import { float, type GraphBuilder, int, ints, type NodeOptions, type Value } from './graph-builder.js'
import { floats, int64s } from './tensors.js'

interface PlacedLayer {
  index: number
  /** Of one row. */
  inputShape: readonly number[]
  outputShape: readonly number[]
  weights: Weights
}

type LayerOfType<Type extends Layer['type']> = Extract<Layer, { type: Type }>
type Convolution = LayerOfType<'conv1d'> | LayerOfType<'conv2d'>
type Pooling = Extract<Layer, { poolSize: unknown }>

/** Adds the network. @param input the inputs of the network, float32 [N, …inputShape] */
export function addNetwork(
  graph: GraphBuilder,
  { network, layers }: Pick<ExportableModel, 'network' | 'layers'>,
  weights: Weights,
  input: Value,
): Value {
  return network.layers.reduce((value, layer, index) => {
    const { inputShape, outputShape } = layers[index]
    const before = addLayer(graph, layer, { index, inputShape, outputShape, weights }, value)
    return 'activation' in layer ? addActivation(graph, layer.activation, before) : before
  }, input)
}

/** Adds a layer without its activation. */
function addLayer(graph: GraphBuilder, layer: Layer, placed: PlacedLayer, x: Value): Value {
  switch (layer.type) {
    case 'dense':
      return graph.node('Gemm', [x, ...parameters(graph, placed)], { attributes: { transB: int(1) } })
    case 'conv1d':
    case 'conv2d':
      return graph.node('Conv', [x, ...parameters(graph, placed)], convolutionOptions(layer, placed))
    case 'locallyConnected1d':
    case 'locallyConnected2d':
      return addLocallyConnected(graph, layer, placed, x)
    case 'maxPooling1d':
    case 'maxPooling2d':
      return graph.node('MaxPool', [x], poolingOptions(layer, placed))
    case 'averagePooling1d':
    case 'averagePooling2d':
      return graph.node('AveragePool', [x], poolingOptions(layer, placed))
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return addFlatten(graph, graph.node('GlobalAveragePool', [x]))
    case 'flatten':
      return addFlatten(graph, x)
    case 'reshape':
      return addReshape(graph, x, layer.targetShape)
    case 'batchNormalization':
      return addBatchNormalization(graph, layer, placed, x)
    case 'dropout':
    case 'activation':
      return x
    default:
      return layer satisfies never
  }
}

const addFlatten = (graph: GraphBuilder, x: Value): Value =>
  graph.node('Flatten', [x], { attributes: { axis: int(1) } })

/** The weight, then the bias if the layer has one. */
function parameters(graph: GraphBuilder, placed: PlacedLayer): Value[] {
  return ['weight', 'bias'].flatMap((part) => {
    const name = `layers.${placed.index}.${part}`
    return placed.weights.has(name) ? [addTensor(graph, placed, part)] : []
  })
}

function addTensor(graph: GraphBuilder, { index, weights }: PlacedLayer, part: string): Value {
  const name = `layers.${index}.${part}`
  const tensor = weights.get(name)
  if (tensor === undefined) throw new Error(`the model has no tensor ${name}`)
  return graph.constant(name, floats(tensor.values, tensor.shape))
}

/** One number for each axis after the channels. */
function perAxis(value: number | readonly [number, number], axes: number): number[] {
  return typeof value === 'number' ? Array(axes).fill(value) : [...value]
}

function convolutionOptions(layer: Convolution, { inputShape, outputShape }: PlacedLayer): NodeOptions {
  const sides = inputShape.slice(1)
  const kernel = perAxis(layer.kernelSize, sides.length)
  const strides = perAxis(layer.strides, sides.length)
  const zeros = sides.map((side, axis) => {
    const count = outputShape[axis + 1]
    return layer.padding === 'valid' ? 0 : Math.max(0, (count - 1) * strides[axis] + kernel[axis] - side)
  })
  const before = zeros.map((count) => Math.floor(count / 2))
  const pads = [...before, ...zeros.map((count, axis) => count - before[axis])]
  return { attributes: { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads) } }
}

function poolingOptions(layer: Pooling, { inputShape }: PlacedLayer): NodeOptions {
  const axes = inputShape.length - 1
  const kernel = perAxis(layer.poolSize, axes)
  const strides = perAxis(layer.strides ?? layer.poolSize, axes)
  return { attributes: { kernel_shape: ints(kernel), strides: ints(strides) } }
}

function addBatchNormalization(
  graph: GraphBuilder,
  { epsilon }: LayerOfType<'batchNormalization'>,
  placed: PlacedLayer,
  x: Value,
): Value {
  const tensors = ['weight', 'bias', 'runningMean', 'runningVar'].map((part) =>
    addTensor(graph, placed, part),
  )
  return graph.node('BatchNormalization', [x, ...tensors], { attributes: { epsilon: float(epsilon) } })
}

/**
 * A matrix product for each position: the cells [P, N, C·K] times the weights [P, C·K, F], where the weights are stored
 * as [P, F, C, K]. Positions and cells of a kernel count over all axes.
 */
function addLocallyConnected(
  graph: GraphBuilder,
  layer: LayerOfType<'locallyConnected1d'> | LayerOfType<'locallyConnected2d'>,
  placed: PlacedLayer,
  x: Value,
): Value {
  const { filters } = layer
  const [channels, ...sides] = placed.inputShape
  const cells = windowCells(layer, placed)
  const [positions, taps] = [cells.length, cells[0].length]
  const reshape = (value: Value, shape: readonly number[]) =>
    graph.node('Reshape', [value, graph.constant('shape', int64s(shape))])
  const transpose = (value: Value, order: readonly number[]) =>
    graph.node('Transpose', [value], { attributes: { perm: ints(order) } })
  const flat = sides.length === 1 ? x : reshape(x, [0, channels, product(sides)])
  const places = graph.constant('positions', int64s(cells.flat(), [positions, taps]))
  const windows = graph.node('Gather', [flat, places], { attributes: { axis: int(2) } })
  const rows = reshape(transpose(windows, [2, 0, 1, 3]), [0, 0, channels * taps])
  const [weight, bias] = parameters(graph, placed)
  const columns = transpose(reshape(weight, [positions, filters, channels * taps]), [0, 2, 1])
  const sums = graph.node('MatMul', [rows, columns])
  const biased = bias === undefined ? sums : graph.node('Add', [sums, reshape(bias, [positions, 1, filters])])
  const outputs = transpose(biased, [1, 2, 0])
  return sides.length === 1 ? outputs : reshape(outputs, [0, ...placed.outputShape])
}

/** The cells of a plane that the window of each position reads, as offsets. */
function windowCells(
  { kernelSize, strides }: LayerOfType<'locallyConnected1d'> | LayerOfType<'locallyConnected2d'>,
  { inputShape, outputShape }: PlacedLayer,
): number[][] {
  const sides = inputShape.slice(1)
  const kernel = perAxis(kernelSize, sides.length)
  const steps = perAxis(strides, sides.length)
  return indices(outputShape.slice(1)).map((position) =>
    indices(kernel).map((tap) =>
      sides.reduce((offset, side, axis) => offset * side + position[axis] * steps[axis] + tap[axis], 0),
    ),
  )
}

/** Every index of an array of this shape, row-major. */
function indices(shape: readonly number[]): number[][] {
  const [side, ...rest] = shape
  if (side === undefined) return [[]]
  return Array.from({ length: side }, (_, index) => indices(rest).map((others) => [index, ...others])).flat()
}
