/** Weights as one run of bytes with a table of contents, for storage and for the way between threads. */
import type { Tensor } from '../src/contract/model.js'
import { sizeOf, type WeightShapes, type Weights } from '../src/engine/index.js'
import type { Bytes } from '../src/training/ports.js'
import { bytesInPlace, packArrays, unpackNumbers } from './little-endian.js'
import type { PackedWeights, TrainedModel } from './messages.js'

/** What has more bytes stays in the memory of its training until it is stored, rather than be copied between threads. */
const largestCopied = 4 * 1024 * 1024

export const isLarge = (bytes: number) => bytes > largestCopied

/** Bytes that are read where they are. */
export const areInPlace = (bytes: Bytes) => !(bytes instanceof Uint8Array)

/** Packed, or where they are when they are large. @param weights in shared memory */
export function offerWeights(weights: Weights): TrainedModel['weights'] {
  const arrays = [...weights.values()].map(({ values }) => values)
  const pieces = isLarge(bytesOf(arrays)) ? bytesInPlace(arrays) : null
  if (pieces === null) return packWeights(weights)
  let offset = 0
  const tensors = [...weights].map(([name, { shape, values }]) => {
    const tensor = { name, shape: [...shape], offset }
    offset += values.length
    return tensor
  })
  return { tensors, bytes: pieces }
}

export const shapesOf = (tensors: readonly Tensor[]): WeightShapes =>
  new Map(tensors.map(({ name, shape }) => [name, { shape }]))

export const bytesOf = (arrays: readonly Float32Array[]) =>
  arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)

export function packWeights(weights: Weights): PackedWeights {
  const { bytes, offsets } = packArrays([...weights.values()].map(({ values }) => values))
  const tensors = [...weights].map(([name, { shape }], index) => ({
    name,
    shape: [...shape],
    offset: offsets[index],
  }))
  return { tensors, bytes }
}

export function unpackWeights({ tensors, bytes }: PackedWeights): Weights {
  const numbers = unpackNumbers(bytes)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const length = sizeOf(shape)
      return [name, { shape, values: numbers.slice(offset, offset + length) }]
    }),
  )
}
