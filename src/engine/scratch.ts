/** How much memory of its own a thread of the native backend works in (native/source: scratchOf), for admission. */
import type { Operation } from './operations.js'

/** Of the widest vectors; others want no more. */
const lanes = 16
const blockRows = 14
/** native/source/product.h: packed panels, a packed block and a block of sums. */
const productFloats = 400 * 384 + blockRows * 400 + blockRows * 2 * lanes
/** native/source/loss.h: rows of up to this width are turned. */
const turnedWidth = 48

const wholeVectors = (count: number) => Math.ceil(count / lanes) * lanes

/** An upper bound in bytes for the operations of a program whose batches have up to `capacity` rows. */
export function threadBytesOf(lists: Iterable<readonly Operation[]>, capacity: number): number {
  let floats = 0
  for (const list of lists)
    for (const operation of list) floats = Math.max(floats, floatsOf(operation, capacity))
  return 4 * wholeVectors(productFloats + floats)
}

function floatsOf(operation: Operation, capacity: number): number {
  switch (operation.op) {
    case 'convolutionForward':
    case 'convolutionBackwardWeights':
    case 'convolutionBackwardInput':
      return convolutionFloats(operation.attributes)
    case 'locallyConnectedForward':
    case 'locallyConnectedBackwardWeights':
    case 'locallyConnectedBackwardInput': {
      const { channels, kernelSize, filters } = operation.attributes
      return capacity * (channels * kernelSize + filters) + 2 * lanes
    }
    case 'loss':
      return 2 * Math.max(operation.attributes.outputs, turnedWidth * lanes) + 2 * lanes
    default:
      return 0
  }
}

interface ConvolutionSizes {
  readonly channels: number
  readonly width: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly strideY: number
  readonly strideX: number
  readonly outputHeight: number
  readonly outputWidth: number
  readonly filters: number
}

/** A copied image; outputs of a run, slopes with the sums they give, or shares of dx; the filters turned, with distances. */
function convolutionFloats(sizes: ConvolutionSizes): number {
  const { channels, width, kernelHeight, kernelWidth, strideY, strideX, filters } = sizes
  const { outputHeight, outputWidth } = sizes
  const kernel = kernelHeight * kernelWidth
  const taps = channels * kernel
  const positions = outputHeight * outputWidth
  const padded = wholeVectors(filters)
  const planeHeight = outputHeight - 1 + Math.ceil(kernelHeight / strideY)
  const planeWidth = outputWidth - 1 + Math.ceil(kernelWidth / strideX)
  const phases = Math.min(strideY, kernelHeight) * Math.min(strideX, kernelWidth)
  const planes = channels * phases * planeHeight * planeWidth
  const run = (outputHeight - 1) * Math.max(planeWidth, width) + outputWidth
  const alongFilters = (positions + taps + 1) * padded
  const alongPositions = filters * ((taps + 1) * lanes + wholeVectors(run))
  const inputChannels = Math.min(channels, Math.max(1, Math.floor((4 * blockRows) / kernel)))
  const own = Math.max(filters * run, alongFilters, alongPositions, inputChannels * kernel * positions)
  return planes + own + taps * padded + taps + 4 * lanes
}
