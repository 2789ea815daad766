/** Weights as one run of bytes with a table of contents, for storage and for the way between threads. */
import { sizeOf, type Weights } from '../src/engine/index.js'
import { packArrays, unpackNumbers } from './little-endian.js'
import type { PackedWeights } from './messages.js'

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
