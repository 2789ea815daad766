/** locallyConnected1d and 2d: convolutions with separate weights at each position. A signal is an image of height 1. */
import { elementCount } from '../arena.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { imageWindows, requireImage, requireSignal, signalWindows, toPair, type Windows } from './spatial.js'
import { emitWeighted, resolveInitializer, weightAndBias } from './weighted.js'

export function locallyConnected1d(
  layer: LayerOf<'locallyConnected1d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const signal = requireSignal(input, location)
  const { kernelSize, strides } = layer
  const windows = signalWindows(signal, kernelSize, strides)
  if (windows === null) {
    const [, length] = signal
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: kernelSize ${kernelSize} exceeds the signal length ${length}; use kernelSize ≤ ${length}`,
    )
  }
  return planLocal(layer, location, windows, { kernel: [kernelSize], positions: [windows.outputWidth] })
}

export function locallyConnected2d(
  layer: LayerOf<'locallyConnected2d'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const image = requireImage(input, location)
  const kernel = toPair(layer.kernelSize)
  const windows = imageWindows(image, kernel, toPair(layer.strides))
  if (windows === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: the kernel ${shapeText(kernel)} does not fit into the image ${shapeText(image.slice(1))}; use a kernel no larger than the image`,
    )
  }
  const { outputHeight, outputWidth } = windows
  return planLocal(layer, location, windows, { kernel, positions: [outputHeight, outputWidth] })
}

/** @param sides of the kernel and of the output, one or two each */
function planLocal(
  layer: LayerOf<'locallyConnected1d'> | LayerOf<'locallyConnected2d'>,
  location: LayerLocation,
  windows: Windows,
  { kernel, positions }: { kernel: readonly number[]; positions: readonly number[] },
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
      { fanIn: channels * elementCount(kernel), fanOut: filters * elementCount(kernel) },
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
