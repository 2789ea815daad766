/**
 * The layout of the WASM backend's workspace: the encoded program, the control block, learning rates and metrics of one
 * call, scratch memory of matrix products, and scratch memory of the largest operation.
 */
import { alignment } from '../../arena.js'
import { encode } from '../../encoding.js'
import { metricsPerEpoch } from '../../epoch.js'
import type { Operation } from '../../operations.js'
import type { NetworkProgram } from '../../program.js'
import { controlBytes } from './control.js'

/** Maximum epochs per call into the module. */
export const epochsPerCall = 1024

/** In bytes; must match gemmScratch in assembly/gemm.ts: a tile of C and a panel [512, 8] of B. */
const gemmScratch = 256 + 512 * 32
/** Must match packFrom, packedRows and panelDepth in assembly/gemm.ts. A packed A follows the panel. */
const packFrom = 8192
const packedRows = 240
const panelDepth = 512
/** Must match groupBytes in assembly/convolution-weights.ts. */
const groupBytes = 49_152
/** Kernels read up to this many bytes past the end of a buffer. */
const overrun = 64

const lineBytes = 4 * alignment
const alignToLine = (bytes: number) => Math.ceil(bytes / lineBytes) * lineBytes

export interface Workspace {
  readonly words: Int32Array
  /** Offsets in bytes from the start of the workspace. */
  readonly program: number
  readonly control: number
  readonly rates: number
  readonly metrics: number
  readonly scratch: number
  readonly operationScratch: number
  readonly bytes: number
}

export function layOutWorkspace(program: NetworkProgram): Workspace {
  const words = encode(program)
  const operations = Object.values(program.lists).flat()
  const control = alignToLine(4 * words.length)
  const rates = control + alignToLine(controlBytes)
  const metrics = rates + alignToLine(8 * epochsPerCall)
  const scratch = metrics + alignToLine(8 * epochsPerCall * metricsPerEpoch)
  const operationScratch = scratch + alignToLine(gemmScratch + packingBytes(program, operations))
  const largest = Math.max(
    0,
    ...operations.map((operation) => operationScratchBytes(operation, program.capacity)),
  )
  return {
    words,
    program: 0,
    control,
    rates,
    metrics,
    scratch,
    operationScratch,
    bytes: operationScratch + alignToLine(largest + overrun),
  }
}

/** Bytes for the packed A of matrix products over the rows of a batch. */
function packingBytes(program: NetworkProgram, operations: readonly Operation[]): number {
  const depth = Math.min(program.capacity, panelDepth)
  const widths = operations.map((operation) => {
    if (operation.op === 'denseBackwardWeights') return operation.attributes.units
    return operation.op === 'locallyConnectedBackwardWeights' ? operation.attributes.filters : 0
  })
  const width = Math.max(0, ...widths)
  return width * depth < packFrom ? 0 : 4 * Math.min(width, packedRows) * depth
}

type ConvolutionSizes = Extract<Operation, { op: 'convolutionForward' }>['attributes']

/** Bytes of one padded sample; must match `padImage` in assembly/convolution-image.ts. */
function paddedImageBytes(sizes: Omit<ConvolutionSizes, 'activation'>): number {
  const rows = (sizes.outputHeight - 1) * sizes.strideY + sizes.kernelHeight
  const columns = sizes.outputWidth - 1 + Math.ceil(sizes.kernelWidth / sizes.strideX)
  return 4 * sizes.channels * Math.min(sizes.strideX, sizes.kernelWidth) * rows * columns
}

/** Bytes of scratch memory that an operation needs. */
function operationScratchBytes(operation: Operation, capacity: number): number {
  switch (operation.op) {
    case 'convolutionForward': {
      const { channels, kernelHeight, kernelWidth } = operation.attributes
      return alignToLine(4 * channels * kernelHeight * kernelWidth) + paddedImageBytes(operation.attributes)
    }
    case 'convolutionBackwardInput': {
      const { channels, filters, kernelHeight, kernelWidth, height, width } = operation.attributes
      const taps = 4 * filters * kernelHeight * kernelWidth
      const image = 4 * filters * (height + kernelHeight - 1) * (width + kernelWidth - 1)
      return alignToLine(taps) + alignToLine(channels * taps) + image
    }
    case 'convolutionBackwardWeights': {
      const { filters, outputHeight, outputWidth, channels, height, width } = operation.attributes
      const grads = 16 * filters * outputHeight * Math.ceil(outputWidth / 4)
      const sample = Math.max(paddedImageBytes(operation.attributes), 4 * channels * height * width)
      const least = Math.min(paddedImageBytes(operation.attributes), 4 * channels * height * width)
      const group = Math.max(1, Math.min(capacity, Math.floor(groupBytes / (least + grads))))
      const places = 8 * group * outputHeight * Math.ceil(outputWidth / 4)
      return alignToLine(group * sample + overrun) + alignToLine(group * grads) + places
    }
    case 'locallyConnectedForward':
    case 'locallyConnectedBackwardWeights':
    case 'locallyConnectedBackwardInput': {
      const { channels, kernelHeight, kernelWidth, filters } = operation.attributes
      return 4 * capacity * (channels * kernelHeight * kernelWidth + filters)
    }
    case 'loss':
    case 'weightedLoss':
      return 4 * (operation.attributes.outputs + alignment)
    default:
      return 0
  }
}
