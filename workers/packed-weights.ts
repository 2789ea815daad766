/** Weights as one run of bytes with a table of contents, for storage and for the way between threads. */
import { endianness } from 'node:os'
import type { Weights } from '../src/engine/index.js'
import type { PackedWeights } from './messages.js'

export function packWeights(weights: Weights): PackedWeights {
  const tensors = []
  let length = 0
  for (const [name, { shape, values }] of weights) {
    tensors.push({ name, shape: [...shape], offset: length })
    length += values.length
  }
  const packed = new Float32Array(length)
  let next = 0
  for (const { values } of weights.values()) {
    packed.set(values, next)
    next += values.length
  }
  return { tensors, bytes: littleEndian(new Uint8Array(packed.buffer)) }
}

export function unpackWeights({ tensors, bytes }: PackedWeights): Weights {
  const packed = new Float32Array(littleEndian(Uint8Array.from(bytes)).buffer)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const length = shape.reduce((product, size) => product * size, 1)
      return [name, { shape, values: packed.slice(offset, offset + length) }]
    }),
  )
}

/** Swaps in place where the machine counts bytes the other way. */
function littleEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap32()
  return bytes
}
