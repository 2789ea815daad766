/** How much memory of its own a thread of the native backend works in (native/source: scratchOf), for admission. */
import type { Operation } from './operations.js'

/** Of the widest vectors; others want no more, but for cuts. */
const lanes = 16
const leastLanes = 4
const blockRows = 14
/** native/source/product.h: packed blocks, packed panels and a block of sums. */
const productFloats = 144 * 1024 + 4 * 16 * 1024 + blockRows * 2 * lanes
/** native/source/loss.h: rows of up to this width are turned. */
const turnedWidth = 48
/** native/source/rowwise.h: operations that go together want at most so much, unless one alone wants more. */
const sequenceFloats = 128 * 1024

const wholeVectors = (count: number) => Math.ceil(count / lanes) * lanes

/** An upper bound in bytes for the operations of a program whose batches have up to `capacity` rows. */
export function threadBytesOf(lists: Iterable<readonly Operation[]>, capacity: number): number {
  let floats = 0
  for (const list of lists) {
    const each = list.map((operation) => floatsOf(operation, capacity))
    const together = each.reduce((sum, some) => sum + some, 0)
    floats = Math.max(floats, ...each, Math.min(together, sequenceFloats))
  }
  return 4 * wholeVectors(productFloats + floats)
}

function floatsOf(operation: Operation, capacity: number): number {
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
      const { channels, kernelSize, filters } = operation.attributes
      return capacity * (channels * kernelSize + filters) + 2 * lanes
    }
    case 'loss':
    case 'weightedLoss':
      return 2 * Math.max(operation.attributes.outputs, turnedWidth * lanes) + 2 * lanes
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

/** What the kernels derive: the taps of a filter, the planes an image is copied to, and a run through all of its rows. */
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

/** A copied image; the filters turned, the distances of taps, three numbers for each cut of a run. */
function forwardFloats(sizes: ConvolutionSizes): number {
  const { taps, planes, planeWidth, run } = geometry(sizes)
  const cuts = run / planeWidth + (2 * run) / leastLanes + lanes + 2
  return (
    planes + wholeVectors(taps * wholeVectors(sizes.filters)) + wholeVectors(taps) + wholeVectors(3 * cuts)
  )
}

/** A copied image, sums for the taps and the bias, slopes; the distances of taps. */
function weightsFloats(sizes: ConvolutionSizes): number {
  const { taps, positions, planes, run } = geometry(sizes)
  const { filters } = sizes
  const alongFilters = (taps + 1 + positions) * wholeVectors(filters)
  const alongPositions = filters * (taps + 1) * lanes + Math.min(filters, 4) * wholeVectors(run)
  return planes + wholeVectors(Math.max(alongFilters, alongPositions)) + wholeVectors(taps)
}

/** The slopes and shares of dx with zeros around their rows; the filters turned, the distances of slopes. */
function inputFloats(sizes: ConvolutionSizes): number {
  const { channels, height, width, kernelHeight, kernelWidth, strideY, strideX, filters } = sizes
  const { outputHeight, outputWidth } = sizes
  const group = (shares: number) => Math.min(channels, Math.max(1, Math.floor((4 * blockRows) / shares)))
  if (strideX > 1 || strideY > 1) {
    const kernel = kernelHeight * kernelWidth
    return wholeVectors(group(kernel) * kernel * outputHeight * outputWidth)
  }
  const pitch = Math.max(outputWidth, width) + kernelWidth
  const slopes = wholeVectors(filters * ((outputHeight - 1) * pitch + width + 2 * kernelWidth))
  const share = (kernelHeight + height - 2) * pitch + width
  const rows = filters * kernelWidth
  return (
    slopes +
    wholeVectors(group(kernelHeight) * kernelHeight * share) +
    wholeVectors(rows * wholeVectors(channels * kernelHeight)) +
    wholeVectors(rows)
  )
}
