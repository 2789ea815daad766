/** Max and average pooling in one and two dimensions; global pooling uses one window over the whole input. */
import type { Layer } from '../../contract/network.js'
import type { BufferId, Operation } from '../operations.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import {
  type EmitContext,
  forBoth,
  type LayerLocation,
  outputSignal,
  type PlannedLayer,
  shapeText,
} from './layer.js'
import type { LayerOf } from './layer-of.js'
import { imageWindows, requireImage, requireSignal, signalWindows, toPair, type Windows } from './spatial.js'

export function pooling1d(
  layer: LayerOf<'maxPooling1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const signal = requireSignal(input, location)
  const { poolSize } = layer
  const strides = layer.strides ?? poolSize
  const windows = signalWindows(signal, poolSize, strides)
  if (windows === null) {
    const [, length] = signal
    throw new SpecError(
      `${location.pointer}/poolSize`,
      `${location.title}: poolSize ${poolSize} exceeds the signal length ${length}; use poolSize ≤ ${length}`,
    )
  }
  const kind = layer.type === 'maxPooling1d' ? 'max' : 'average'
  return planPooling({ ...layer, strides }, [windows.channels, windows.outputWidth], windows, kind)
}

export function pooling2d(
  layer: LayerOf<'maxPooling2d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const image = requireImage(input, location)
  const strides = layer.strides ?? layer.poolSize
  const kernel = toPair(layer.poolSize)
  const windows = imageWindows(image, kernel, toPair(strides))
  if (windows === null) {
    throw new SpecError(
      `${location.pointer}/poolSize`,
      `${location.title}: the window ${shapeText(kernel)} does not fit into the image ${shapeText(image.slice(1))}; use a poolSize no larger than the image`,
    )
  }
  const { channels, outputHeight, outputWidth } = windows
  const kind = layer.type === 'maxPooling2d' ? 'max' : 'average'
  return planPooling({ ...layer, strides }, [channels, outputHeight, outputWidth], windows, kind)
}

export function globalPooling(
  layer: LayerOf<'globalAveragePooling1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels, height, width] =
    layer.type === 'globalAveragePooling2d' ? requireImage(input, location) : signalAsImage(input, location)
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
  return planPooling(layer, [channels], windows, 'average')
}

function signalAsImage(input: Shape, location: LayerLocation): readonly [number, number, number] {
  const [channels, length] = requireSignal(input, location)
  return [channels, 1, length]
}

function planPooling(
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
    emit: (context) => {
      const output = outputSignal(context, outputShape)
      const y = output.training
      return {
        output,
        ...forBoth(context.input, (x) => ({
          op: kind === 'max' ? 'maxPoolingForward' : 'averagePoolingForward',
          operands: { x, y },
          attributes: windows,
        })),
        backward: emitPoolingBackward(context, y, output.gradient, windows, kind),
      }
    },
  }
}

function emitPoolingBackward(
  context: EmitContext,
  y: BufferId,
  dy: BufferId | null,
  windows: Windows,
  kind: 'max' | 'average',
): Operation[] {
  const { training: x, gradient: dx } = context.input
  if (dy === null || dx === null) return []
  return kind === 'max'
    ? [{ op: 'maxPoolingBackward', operands: { x, y, dy, dx }, attributes: windows }]
    : [{ op: 'averagePoolingBackward', operands: { dy, dx }, attributes: windows }]
}
