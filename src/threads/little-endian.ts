/** Converts numbers to little-endian bytes and back. */
import { endianness } from 'node:os'

/** Swaps in place where the machine counts bytes the other way. */
export function littleEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (endianness() === 'BE') Buffer.from(bytes.buffer).swap32()
  return bytes
}

/** Where each array begins when they are joined, counted in numbers. */
export function computeOffsets(arrays: readonly Float32Array[]): number[] {
  let next = 0
  return arrays.map(({ length }) => {
    const offset = next
    next += length
    return offset
  })
}

/** The arrays joined, and where each begins. */
export function packArrays(arrays: readonly Float32Array[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets = computeOffsets(arrays)
  const packed = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  arrays.forEach((array, index) => {
    packed.set(array, offsets[index])
  })
  return { bytes: littleEndian(new Uint8Array(packed.buffer)), offsets }
}

/** The bytes of the arrays where they are; null where the machine counts bytes the other way. */
export function bytesInPlace(arrays: readonly Float32Array[]): Uint8Array[] | null {
  if (endianness() === 'BE') return null
  return arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))
}

/** Has bytes written where the numbers are to be, and makes numbers of them. */
export async function receiveNumbers<Refusal>(
  places: readonly Float32Array[],
  write: (bytes: Uint8Array[]) => Promise<Refusal>,
): Promise<Refusal> {
  const bytes = places.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  )
  const refusal = await write(bytes)
  if (endianness() === 'BE') for (const each of bytes) each.swap32()
  return refusal
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
