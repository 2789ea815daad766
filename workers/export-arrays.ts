/** Exports arrays of a training as bytes: small ones are copied, large ones stay in the memory of the training thread. */
import type { Weights } from '../src/engine/index.js'
import { bytesInPlace, computeOffsets, packArrays } from '../src/threads/little-endian.js'
import { describeTensors, listArrays } from '../src/threads/packed-weights.js'
import type { Bytes } from '../src/training/ports/bytes.js'
import type { TrainedModel } from './messages.js'

/** Larger arrays stay in the memory of their training until they are stored. */
const largestCopied = 4 * 1024 * 1024

export const isLarge = (bytes: number) => bytes > largestCopied

/** Views of the memory of a training. */
export const areInPlace = (bytes: Bytes) => !(bytes instanceof Uint8Array)

/**
 * Packs small arrays. Returns views of large ones.
 * @param arrays in shared memory
 */
export function offerArrays(arrays: readonly Float32Array[]): { bytes: Bytes; offsets: number[] } {
  const length = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const pieces = isLarge(length) ? bytesInPlace(arrays) : null
  return pieces === null ? packArrays(arrays) : { bytes: pieces, offsets: computeOffsets(arrays) }
}

/** @param weights in shared memory */
export function offerWeights(weights: Weights): TrainedModel['weights'] {
  const { bytes, offsets } = offerArrays(listArrays(weights))
  return { tensors: describeTensors(weights, offsets), bytes }
}
