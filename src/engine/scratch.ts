/** Scratch memory per thread of the native backend (native/source: scratchFor), for admission control. */
import type { Operation } from './operations.js'

/** Lanes of the widest vectors. Narrower vectors need no more scratch, except for row segments. */
const lanes = 16
const leastLanes = 4
const MR = 14
/** native/source/gemm/plan.h: packed blocks of A, packed panels of B and one block of sums. */
const gemmFloats = 144 * 1024 + 4 * 16 * 1024 + MR * 2 * lanes
/** native/source/loss.h: rows up to this width are transposed. */
const transposedWidth = 48
/** native/source/fusion/row-memory.h: limit for a fused sequence of operations, unless one operation alone needs more. */
const sequenceFloats = 128 * 1024

const wholeVectors = (count: number) => Math.ceil(count / lanes) * lanes

/** Upper bound in bytes for the operations of a program with batches of up to `capacity` rows. */
export function computeThreadBytes(lists: Iterable<readonly Operation[]>, capacity: number): number {
  let floats = 0
  for (const list of lists) {
    const sizes = list.map((operation) => operationFloats(operation, capacity))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    floats = Math.max(floats, ...sizes, Math.min(total, sequenceFloats))
  }
  return 4 * wholeVectors(gemmFloats + floats)
}

function operationFloats(operation: Operation, capacity: number): number {
  switch (operation.op) {
    case 'convolutionForward':
      return forwardFloats(operation.attributes)
    case 'convolutionBackwardWeights':
      return weightsFloats(operation.attributes)
    case 'convolutionBackwardInput':
      return inputFloats(operation.attributes)
    case 'locallyConnectedForward':
    case 'locallyConnectedBackwardWeights':
    case 'locallyConnectedBackwardInput': {
      const { channels, kernelHeight, kernelWidth, filters } = operation.attributes
      return capacity * (channels * kernelHeight * kernelWidth + filters) + 2 * lanes
    }
    case 'loss':
    case 'weightedLoss':
      return 2 * Math.max(operation.attributes.outputs, transposedWidth * lanes) + 2 * lanes
    default:
      return 0
  }
}

interface ConvolutionSizes {
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly strideY: number
  readonly strideX: number
  readonly outputHeight: number
  readonly outputWidth: number
  readonly filters: number
}

/** Sizes that the kernels derive: taps of a filter, floats of the padded planes, length of a run over all rows. */
function geometry(sizes: ConvolutionSizes) {
  const { channels, width, kernelHeight, kernelWidth, strideY, strideX, outputHeight, outputWidth } = sizes
  const planeHeight = outputHeight - 1 + Math.ceil(kernelHeight / strideY)
  const planeWidth = outputWidth - 1 + Math.ceil(kernelWidth / strideX)
  const phases = Math.min(strideY, kernelHeight) * Math.min(strideX, kernelWidth)
  return {
    taps: channels * kernelHeight * kernelWidth,
    positions: outputHeight * outputWidth,
    planes: wholeVectors(channels * phases * planeHeight * planeWidth),
    planeWidth,
    run: (outputHeight - 1) * Math.max(planeWidth, width) + outputWidth,
  }
}

/** A padded image, the transposed filters, the offsets of the taps, three numbers per row segment. */
function forwardFloats(sizes: ConvolutionSizes): number {
  const { taps, planes, planeWidth, run } = geometry(sizes)
  const segments = run / planeWidth + (2 * run) / leastLanes + lanes + 2
  return (
    planes +
    wholeVectors(taps * wholeVectors(sizes.filters)) +
    wholeVectors(taps) +
    wholeVectors(3 * segments)
  )
}

/** A padded image, sums for the taps and the bias, output gradients, the offsets of the taps. */
function weightsFloats(sizes: ConvolutionSizes): number {
  const { taps, positions, planes, run } = geometry(sizes)
  const { filters } = sizes
  const alongFilters = (taps + 1 + positions) * wholeVectors(filters)
  const alongPositions = filters * (taps + 1) * lanes + Math.min(filters, 4) * wholeVectors(run)
  return planes + wholeVectors(Math.max(alongFilters, alongPositions)) + wholeVectors(taps)
}

/** Zero-padded output gradients, partial sums of dx, the transposed filters, the offsets of the gradients. */
function inputFloats(sizes: ConvolutionSizes): number {
  const { channels, height, width, kernelHeight, kernelWidth, strideY, strideX, filters } = sizes
  const { outputHeight, outputWidth } = sizes
  const group = (rows: number) => Math.min(channels, Math.max(1, Math.floor((4 * MR) / rows)))
  if (strideX > 1 || strideY > 1) {
    const kernel = kernelHeight * kernelWidth
    return wholeVectors(group(kernel) * kernel * outputHeight * outputWidth)
  }
  const pitch = Math.max(outputWidth, width) + kernelWidth
  const gradients = wholeVectors(filters * ((outputHeight - 1) * pitch + width + 2 * kernelWidth))
  const partialSum = (kernelHeight + height - 2) * pitch + width
  const rows = filters * kernelWidth
  return (
    gradients +
    wholeVectors(group(kernelHeight) * kernelHeight * partialSum) +
    wholeVectors(rows * wholeVectors(channels * kernelHeight)) +
    wholeVectors(rows)
  )
}
