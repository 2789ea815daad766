/** Packs weights into one array of bytes with a table of contents, to store them and to send them to threads. */
import type { Tensor } from '../contract/model.js'
import { elementCount, type WeightShapes, type Weights } from '../engine/index.js'
import { littleEndian, packArrays, unpackNumbers } from './little-endian.js'

export interface PackedWeights {
  tensors: Tensor[]
  /** Float32 little-endian, one tensor after the other. */
  bytes: Uint8Array
}

export const readShapes = (tensors: readonly Tensor[]): WeightShapes =>
  new Map(tensors.map(({ name, shape }) => [name, { shape }]))

export function packWeights(weights: Weights): PackedWeights {
  const { bytes, offsets } = packArrays(listArrays(weights))
  return { tensors: describeTensors(weights, offsets), bytes }
}

export const listArrays = (weights: Weights) => [...weights.values()].map(({ values }) => values)

export const describeTensors = (weights: Weights, offsets: readonly number[]): Tensor[] =>
  [...weights].map(([name, { shape }], index) => ({ name, shape: [...shape], offset: offsets[index] }))

export function unpackWeights({ tensors, bytes }: PackedWeights): Weights {
  const numbers = unpackNumbers(bytes)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const length = elementCount(shape)
      return [name, { shape, values: numbers.slice(offset, offset + length) }]
    }),
  )
}

/** The weights without a copy. The caller gives up the bytes, whose offset in their buffer is 0. */
export function adoptWeights(tensors: readonly Tensor[], bytes: Uint8Array<ArrayBuffer>): Weights {
  const { buffer, length } = littleEndian(bytes)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const index = Float32Array.BYTES_PER_ELEMENT * offset
      const size = elementCount(shape)
      if (index + Float32Array.BYTES_PER_ELEMENT * size > length)
        throw new RangeError(`${name} exceeds the weights`)
      return [name, { shape, values: new Float32Array(buffer, index, size) }]
    }),
  )
}
