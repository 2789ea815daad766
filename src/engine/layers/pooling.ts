/** Max and average pooling in one and two directions; global pooling is average pooling by one window over all. */
import type { Layer } from '../../contract/network.js'
import type { BufferId, Operation } from '../operations.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { forBoth, outputSignal, type Place, type PlannedLayer, type Site, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { pair, requireImage, requireSignal, spanOf } from './spatial.js'

interface Windows {
  channels: number
  height: number
  width: number
  kernelHeight: number
  kernelWidth: number
  strideY: number
  strideX: number
  outputHeight: number
  outputWidth: number
}

export function pooling1d(layer: LayerOf<'maxPooling1d'>, input: Shape, place: Place): PlannedLayer {
  const [channels, length] = requireSignal(input, place)
  const { poolSize } = layer
  const strides = layer.strides ?? poolSize
  const span = spanOf(length, poolSize, strides)
  if (span === null) {
    throw new SpecError(
      `${place.pointer}/poolSize`,
      `${place.title}: the window is ${poolSize} wide but the signal is only ${length} long; use poolSize ≤ ${length}`,
    )
  }
  const windows = {
    channels,
    height: 1,
    width: length,
    kernelHeight: 1,
    kernelWidth: poolSize,
    strideY: 1,
    strideX: strides,
    outputHeight: 1,
    outputWidth: span.count,
  }
  const kind = layer.type === 'maxPooling1d' ? 'max' : 'average'
  return planned({ ...layer, strides }, [channels, span.count], windows, kind)
}

export function pooling2d(layer: LayerOf<'maxPooling2d'>, input: Shape, place: Place): PlannedLayer {
  const [channels, height, width] = requireImage(input, place)
  const strides = layer.strides ?? layer.poolSize
  const [kernelHeight, kernelWidth] = pair(layer.poolSize)
  const [strideY, strideX] = pair(strides)
  const down = spanOf(height, kernelHeight, strideY)
  const across = spanOf(width, kernelWidth, strideX)
  if (down === null || across === null) {
    throw new SpecError(
      `${place.pointer}/poolSize`,
      `${place.title}: the window ${shapeText([kernelHeight, kernelWidth])} does not fit into the image ${shapeText([height, width])}; use a poolSize no larger than the image`,
    )
  }
  const windows = {
    channels,
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideY,
    strideX,
    outputHeight: down.count,
    outputWidth: across.count,
  }
  const kind = layer.type === 'maxPooling2d' ? 'max' : 'average'
  return planned({ ...layer, strides }, [channels, down.count, across.count], windows, kind)
}

export function globalPooling(
  layer: LayerOf<'globalAveragePooling1d'>,
  input: Shape,
  place: Place,
): PlannedLayer {
  const [channels, height, width] =
    layer.type === 'globalAveragePooling2d' ? requireImage(input, place) : signalAsImage(input, place)
  const windows = {
    channels,
    height,
    width,
    kernelHeight: height,
    kernelWidth: width,
    strideY: 1,
    strideX: 1,
    outputHeight: 1,
    outputWidth: 1,
  }
  return planned(layer, [channels], windows, 'average')
}

function signalAsImage(input: Shape, place: Place): readonly [number, number, number] {
  const [channels, length] = requireSignal(input, place)
  return [channels, 1, length]
}

function planned(
  layer: Layer,
  outputShape: number[],
  windows: Windows,
  kind: 'max' | 'average',
): PlannedLayer {
  return {
    layer,
    outputShape,
    activation: null,
    tensors: [],
    emit: (site) => {
      const output = outputSignal(site, outputShape)
      const y = output.training
      return {
        output,
        ...forBoth(site.input, (x) => ({
          op: kind === 'max' ? 'maxPoolingForward' : 'averagePoolingForward',
          operands: { x, y },
          attributes: windows,
        })),
        backward: backward(site, y, output.gradient, windows, kind),
      }
    },
  }
}

function backward(
  site: Site,
  y: BufferId,
  dy: BufferId | null,
  windows: Windows,
  kind: 'max' | 'average',
): Operation[] {
  const { training: x, gradient: dx } = site.input
  if (dy === null || dx === null) return []
  return kind === 'max'
    ? [{ op: 'maxPoolingBackward', operands: { x, y, dy, dx }, attributes: windows }]
    : [{ op: 'averagePoolingBackward', operands: { dy, dx }, attributes: windows }]
}
