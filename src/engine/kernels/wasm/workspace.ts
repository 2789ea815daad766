/**
 * How the WASM backend lays out its workspace: the encoded program, the control block, learning rates and metrics of the
 * epochs of one call, scratch memory of the products, and room for the operation that wants most.
 */
import { alignment } from '../../arena.js'
import { encode } from '../../encoding.js'
import { metricsPerEpoch } from '../../epoch.js'
import type { Operation } from '../../operations.js'
import type { NetworkProgram } from '../../program.js'
import { controlBytes } from './control.js'

/** Epochs one call into the module finishes at most. */
export const epochsPerCall = 1024

/** Bytes: as productScratch in assembly/product.ts: a tile of results and a panel [512, 8]. */
const productScratch = 256 + 512 * 32
/** As packFrom, packedRows and panelDepth there: products that pack their left side want room for it behind that. */
const packFrom = 8192
const packedRows = 240
const panelDepth = 512
/** As groupBytes in assembly/convolution-weights.ts. */
const groupBytes = 49_152
/** Kernels read up to this many bytes behind a buffer. */
const overrun = 64

const lineBytes = 4 * alignment
const lines = (bytes: number) => Math.ceil(bytes / lineBytes) * lineBytes

export interface Workspace {
  readonly words: Int32Array
  /** Distances in bytes from the workspace's begin. */
  readonly program: number
  readonly control: number
  readonly rates: number
  readonly metrics: number
  readonly scratch: number
  readonly room: number
  readonly bytes: number
}

export function layOut(program: NetworkProgram): Workspace {
  const words = encode(program)
  const operations = Object.values(program.lists).flat()
  const control = lines(4 * words.length)
  const rates = control + lines(controlBytes)
  const metrics = rates + lines(8 * epochsPerCall)
  const scratch = metrics + lines(8 * epochsPerCall * metricsPerEpoch)
  const room = scratch + lines(productScratch + packingOf(program, operations))
  const wanted = Math.max(0, ...operations.map((operation) => roomOf(operation, program.capacity)))
  return { words, program: 0, control, rates, metrics, scratch, room, bytes: room + lines(wanted + overrun) }
}

/** Bytes for the packed left side of products over the rows of a batch. */
function packingOf(program: NetworkProgram, operations: readonly Operation[]): number {
  const depth = Math.min(program.capacity, panelDepth)
  const widths = operations.map((operation) => {
    if (operation.op === 'denseBackwardWeights') return operation.attributes.units
    return operation.op === 'locallyConnectedBackwardWeights' ? operation.attributes.filters : 0
  })
  const width = Math.max(0, ...widths)
  return width * depth < packFrom ? 0 : 4 * Math.min(width, packedRows) * depth
}

type ConvolutionSizes = Extract<Operation, { op: 'convolutionForward' }>['attributes']

/** One sample copied with borders, as `border` in assembly/convolution-image.ts makes it. */
function borderedBytes(sizes: Omit<ConvolutionSizes, 'activation'>): number {
  const rows = (sizes.outputHeight - 1) * sizes.strideY + sizes.kernelHeight
  const columns = sizes.outputWidth - 1 + Math.ceil(sizes.kernelWidth / sizes.strideX)
  return 4 * sizes.channels * Math.min(sizes.strideX, sizes.kernelWidth) * rows * columns
}

/** Bytes an operation wants beside its operands. */
function roomOf(operation: Operation, capacity: number): number {
  switch (operation.op) {
    case 'convolutionForward': {
      const { channels, kernelHeight, kernelWidth } = operation.attributes
      return lines(4 * channels * kernelHeight * kernelWidth) + borderedBytes(operation.attributes)
    }
    case 'convolutionBackwardInput': {
      const { channels, filters, kernelHeight, kernelWidth, height, width } = operation.attributes
      const taps = 4 * filters * kernelHeight * kernelWidth
      const image = 4 * filters * (height + kernelHeight - 1) * (width + kernelWidth - 1)
      return lines(taps) + lines(channels * taps) + image
    }
    case 'convolutionBackwardWeights': {
      const { filters, outputHeight, outputWidth, channels, height, width } = operation.attributes
      const slopes = 16 * filters * outputHeight * Math.ceil(outputWidth / 4)
      const sample = Math.max(borderedBytes(operation.attributes), 4 * channels * height * width)
      const least = Math.min(borderedBytes(operation.attributes), 4 * channels * height * width)
      const group = Math.max(1, Math.min(capacity, Math.floor(groupBytes / (least + slopes))))
      const places = 8 * group * outputHeight * Math.ceil(outputWidth / 4)
      return lines(group * sample + overrun) + lines(group * slopes) + places
    }
    case 'locallyConnectedForward':
    case 'locallyConnectedBackwardWeights':
    case 'locallyConnectedBackwardInput': {
      const { channels, kernelSize, filters } = operation.attributes
      return 4 * capacity * (channels * kernelSize + filters)
    }
    case 'loss':
    case 'weightedLoss':
      return 4 * (operation.attributes.outputs + alignment)
    default:
      return 0
  }
}
