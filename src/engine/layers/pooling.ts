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

/** What each layer computes from the values of a window. */
const reductions = {
  maxPooling1d: 'max',
  averagePooling1d: 'average',
  maxPooling2d: 'max',
  averagePooling2d: 'average',
  globalAveragePooling1d: 'average',
  globalAveragePooling2d: 'average',
} as const satisfies Partial<Record<Layer['type'], string>>
type PoolingLayer = LayerOf<keyof typeof reductions>

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
  return planPooling({ ...layer, strides }, [windows.channels, windows.outputWidth], windows)
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
  return planPooling({ ...layer, strides }, [channels, outputHeight, outputWidth], windows)
}

export function globalPooling(
  layer: LayerOf<'globalAveragePooling1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels, height, width] = wholeInput(layer, input, location)
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
  return planPooling(layer, [channels], windows)
}

/** Channels, height and width; a signal has the height 1. */
function wholeInput(
  layer: LayerOf<'globalAveragePooling1d'>,
  input: Shape,
  location: LayerLocation,
): readonly [number, number, number] {
  const { type } = layer
  switch (type) {
    case 'globalAveragePooling1d': {
      const [channels, length] = requireSignal(input, location)
      return [channels, 1, length]
    }
    case 'globalAveragePooling2d':
      return requireImage(input, location)
    default:
      return type satisfies never
  }
}

function planPooling(layer: PoolingLayer, outputShape: number[], windows: Windows): PlannedLayer {
  const kind = reductions[layer.type]
  return {
    layer,
    outputShape,
    keepsShift: true,
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
