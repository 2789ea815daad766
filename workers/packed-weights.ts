/** Weights as one run of bytes with a table of contents, for storage and for the way between threads. */
import type { Tensor } from '../src/contract/model.js'
import { sizeOf, type WeightShapes, type Weights } from '../src/engine/index.js'
import type { Bytes } from '../src/training/ports/bytes.js'
import { bytesInPlace, offsetsOf, packArrays, unpackNumbers } from './little-endian.js'
import type { PackedWeights, TrainedModel } from './messages.js'

/** What has more bytes stays in the memory of its training until it is stored, rather than be copied between threads. */
const largestCopied = 4 * 1024 * 1024

export const isLarge = (bytes: number) => bytes > largestCopied

/** Bytes that are read where they are. */
export const areInPlace = (bytes: Bytes) => !(bytes instanceof Uint8Array)

/** Packed, or where they are when they are large. @param arrays in shared memory */
export function offerArrays(arrays: readonly Float32Array[]): { bytes: Bytes; offsets: number[] } {
  const length = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const pieces = isLarge(length) ? bytesInPlace(arrays) : null
  return pieces === null ? packArrays(arrays) : { bytes: pieces, offsets: offsetsOf(arrays) }
}

/** @param weights in shared memory */
export function offerWeights(weights: Weights): TrainedModel['weights'] {
  const { bytes, offsets } = offerArrays(valuesOf(weights))
  return { tensors: tensorsOf(weights, offsets), bytes }
}

export const shapesOf = (tensors: readonly Tensor[]): WeightShapes =>
  new Map(tensors.map(({ name, shape }) => [name, { shape }]))

export function packWeights(weights: Weights): PackedWeights {
  const { bytes, offsets } = packArrays(valuesOf(weights))
  return { tensors: tensorsOf(weights, offsets), bytes }
}

const valuesOf = (weights: Weights) => [...weights.values()].map(({ values }) => values)

const tensorsOf = (weights: Weights, offsets: readonly number[]): Tensor[] =>
  [...weights].map(([name, { shape }], index) => ({ name, shape: [...shape], offset: offsets[index] }))

export function unpackWeights({ tensors, bytes }: PackedWeights): Weights {
  const numbers = unpackNumbers(bytes)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const length = sizeOf(shape)
      return [name, { shape, values: numbers.slice(offset, offset + length) }]
    }),
  )
}
