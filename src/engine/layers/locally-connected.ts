/** locallyConnected1d and 2d: convolutions with separate weights at each position. A signal is an image of height 1. */
import { sizeOf } from '../arena.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { requireImage, requireSignal, toPair, validSpan } from './spatial.js'
import { emitWeighted, resolveInitializer, weightAndBias } from './weighted.js'

export function locallyConnected1d(
  layer: LayerOf<'locallyConnected1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels, length] = requireSignal(input, location)
  const { kernelSize, strides } = layer
  const span = validSpan(length, kernelSize, strides)
  if (span === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: kernelSize ${kernelSize} exceeds the signal length ${length}; use kernelSize ≤ ${length}`,
    )
  }
  const windows = {
    channels,
    height: 1,
    width: length,
    kernelHeight: 1,
    kernelWidth: kernelSize,
    strideY: 1,
    strideX: strides,
    outputHeight: 1,
    outputWidth: span.count,
  }
  return planLocal(layer, location, windows, { kernel: [kernelSize], positions: [span.count] })
}

export function locallyConnected2d(
  layer: LayerOf<'locallyConnected2d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels, height, width] = requireImage(input, location)
  const [kernelHeight, kernelWidth] = toPair(layer.kernelSize)
  const [strideY, strideX] = toPair(layer.strides)
  const down = validSpan(height, kernelHeight, strideY)
  const across = validSpan(width, kernelWidth, strideX)
  if (down === null || across === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: the kernel ${shapeText([kernelHeight, kernelWidth])} does not fit into the image ${shapeText([height, width])}; use a kernel no larger than the image`,
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
  return planLocal(layer, location, windows, {
    kernel: [kernelHeight, kernelWidth],
    positions: [down.count, across.count],
  })
}

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

/** @param sides of the kernel and of the output, one or two each */
function planLocal(
  layer: LayerOf<'locallyConnected1d'> | LayerOf<'locallyConnected2d'>,
  location: LayerLocation,
  windows: Windows,
  { kernel, positions }: { kernel: number[]; positions: number[] },
): PlannedLayer {
  const { filters } = layer
  const { channels } = windows
  const sizes = { ...windows, filters }
  const outputShape = [filters, ...positions]
  return {
    layer: { ...layer, kernelInitializer: resolveInitializer(layer) },
    outputShape,
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      location.index,
      { weight: [...positions, filters, channels, ...kernel], bias: [...positions, filters] },
      { fanIn: channels * sizeOf(kernel), fanOut: filters * sizeOf(kernel) },
    ),
    emit: (context) =>
      emitWeighted(context, layer, outputShape, {
        sharedBias: false,
        forward: (x, { weight, bias, y, z, activation }) => ({
          op: 'locallyConnectedForward',
          operands: { x, weight, bias, y, z },
          attributes: { ...sizes, activation },
        }),
        backwardWeights: (operands) => ({
          op: 'locallyConnectedBackwardWeights',
          operands,
          attributes: sizes,
        }),
        backwardInput: (operands) => ({ op: 'locallyConnectedBackwardInput', operands, attributes: sizes }),
      }),
  }
}
