/** conv1d and conv2d: cross-correlation. conv1d treats a signal [channels, length] as an image of height 1. */
import { elementCount } from '../arena.js'
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layer.js'
import type { LayerOf } from './layer-of.js'
import { requireImage, requireSignal, type Span, toPair, validSpan } from './spatial.js'
import { emitWeighted, resolveInitializer, weightAndBias } from './weighted.js'

/** Positions of a kernel along one axis, and the padding before the first cell; null when the kernel does not fit. */
function positions(length: number, kernel: number, stride: number, padding: 'valid' | 'same'): Span | null {
  if (padding === 'valid') return validSpan(length, kernel, stride)
  const count = Math.ceil(length / stride)
  const zeros = Math.max(0, (count - 1) * stride + kernel - length)
  return { count, before: Math.floor(zeros / 2) }
}

export function conv1d(layer: LayerOf<'conv1d'>, input: Shape, location: LayerLocation): PlannedLayer {
  const [channels, length] = requireSignal(input, location)
  const along = positions(length, layer.kernelSize, layer.strides, layer.padding)
  if (along === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: kernelSize ${layer.kernelSize} exceeds the signal length ${length}; use kernelSize ≤ ${length} or padding "same"`,
    )
  }
  return planConvolution(
    layer,
    location,
    { channels, height: 1, width: length },
    { height: 1, width: layer.kernelSize },
    { y: 1, x: layer.strides },
    { count: 1, before: 0 },
    along,
    { weight: [layer.filters, channels, layer.kernelSize], output: [layer.filters, along.count] },
  )
}

export function conv2d(layer: LayerOf<'conv2d'>, input: Shape, location: LayerLocation): PlannedLayer {
  const [channels, height, width] = requireImage(input, location)
  const [kernelHeight, kernelWidth] = toPair(layer.kernelSize)
  const [strideY, strideX] = toPair(layer.strides)
  const down = positions(height, kernelHeight, strideY, layer.padding)
  const across = positions(width, kernelWidth, strideX, layer.padding)
  if (down === null || across === null) {
    throw new SpecError(
      `${location.pointer}/kernelSize`,
      `${location.title}: the kernel ${shapeText([kernelHeight, kernelWidth])} does not fit into the image ${shapeText([height, width])}; use a kernel no larger than the image or padding "same"`,
    )
  }
  return planConvolution(
    layer,
    location,
    { channels, height, width },
    { height: kernelHeight, width: kernelWidth },
    { y: strideY, x: strideX },
    down,
    across,
    {
      weight: [layer.filters, channels, kernelHeight, kernelWidth],
      output: [layer.filters, down.count, across.count],
    },
  )
}

function planConvolution(
  layer: LayerOf<'conv1d'> | LayerOf<'conv2d'>,
  location: LayerLocation,
  image: { channels: number; height: number; width: number },
  kernel: { height: number; width: number },
  stride: { y: number; x: number },
  down: Span,
  across: Span,
  shapes: { weight: number[]; output: number[] },
): PlannedLayer {
  const sizes = {
    ...image,
    kernelHeight: kernel.height,
    kernelWidth: kernel.width,
    strideY: stride.y,
    strideX: stride.x,
    outputHeight: down.count,
    outputWidth: across.count,
    filters: layer.filters,
    padTop: down.before,
    padLeft: across.before,
  }
  const kernelCells = kernel.height * kernel.width
  return {
    layer: { ...layer, kernelInitializer: resolveInitializer(layer) },
    outputShape: shapes.output,
    activation: layer.activation,
    tensors: weightAndBias(
      layer,
      location.index,
      { weight: shapes.weight, bias: [layer.filters] },
      { fanIn: elementCount(shapes.weight) / layer.filters, fanOut: layer.filters * kernelCells },
    ),
    emit: (context) =>
      emitWeighted(context, layer, shapes.output, {
        sharedBias: true,
        forward: (x, { weight, bias, y, z, activation }) => ({
          op: 'convolutionForward',
          operands: { x, weight, bias, y, z },
          attributes: { ...sizes, activation },
        }),
        backwardWeights: (operands) => ({ op: 'convolutionBackwardWeights', operands, attributes: sizes }),
        backwardInput: (operands) => ({ op: 'convolutionBackwardInput', operands, attributes: sizes }),
      }),
  }
}
