/** Numbers as bytes, the same on every machine. */
import { endianness } from 'node:os'

/** Swaps in place where the machine counts bytes the other way. */
export function littleEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap32()
  return bytes
}

/** The arrays one behind the other, and where each begins, counted in numbers. */
export function packArrays(arrays: readonly Float32Array[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = []
  let length = 0
  for (const array of arrays) {
    offsets.push(length)
    length += array.length
  }
  const packed = new Float32Array(length)
  arrays.forEach((array, index) => {
    packed.set(array, offsets[index])
  })
  return { bytes: littleEndian(new Uint8Array(packed.buffer)), offsets }
}

/** All numbers of `packArrays`; a copy. */
export function unpackNumbers(bytes: Uint8Array): Float32Array {
  return new Float32Array(littleEndian(Uint8Array.from(bytes)).buffer)
}

/** The bytes of whole numbers below 65,536; swaps in place where the machine counts the other way. */
export function littleEndian16(numbers: Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(numbers.buffer)
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap16()
  return bytes
}
