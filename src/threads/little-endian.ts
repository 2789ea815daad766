/** Converts numbers to little-endian bytes and back. */
import { endianness } from 'node:os'

/** Swaps the bytes in place on a big-endian machine. */
export function littleEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap32()
  return bytes
}

/** The offset of each array in the joined arrays, in numbers. */
export function computeOffsets(arrays: readonly Float32Array[]): number[] {
  let next = 0
  return arrays.map(({ length }) => {
    const offset = next
    next += length
    return offset
  })
}

/** Joins the arrays. Returns the bytes, and the offset of each array in numbers. */
export function packArrays(arrays: readonly Float32Array[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets = computeOffsets(arrays)
  const packed = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  arrays.forEach((array, index) => {
    packed.set(array, offsets[index])
  })
  return { bytes: littleEndian(new Uint8Array(packed.buffer)), offsets }
}

/** The bytes of the arrays without a copy; null on a big-endian machine. */
export function bytesInPlace(arrays: readonly Float32Array[]): Uint8Array[] | null {
  if (endianness() === 'BE') return null
  return arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))
}

/** Lets `write` fill the memory of the arrays, then converts the bytes to numbers in place. */
export async function receiveNumbers<Refusal>(
  arrays: readonly Float32Array[],
  write: (bytes: Uint8Array[]) => Promise<Refusal>,
): Promise<Refusal> {
  const bytes = arrays.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  )
  const refusal = await write(bytes)
  if (endianness() === 'BE') for (const each of bytes) each.swap32()
  return refusal
}

/** A copy of all numbers of `packArrays`. */
export function unpackNumbers(bytes: Uint8Array): Float32Array {
  return new Float32Array(littleEndian(Uint8Array.from(bytes)).buffer)
}

/** The bytes of 16-bit integers. Swaps them in place on a big-endian machine. */
export function littleEndian16(numbers: Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(numbers.buffer)
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap16()
  return bytes
}
