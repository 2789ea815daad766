/** Files of the safetensors format (https://huggingface.co/docs/safetensors). */

const bytesOfNumber = Float32Array.BYTES_PER_ELEMENT

interface TensorEntry {
  name: string
  shape: readonly number[]
  /** The position of its first number. */
  offset: number
}

/**
 * The header of a file of float32: the length of the JSON as 64 bits, little-endian, and the JSON, padded with spaces so
 * that the numbers start at a multiple of 8.
 */
export function safetensorsHeader(
  tensors: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const entries = tensors.map(({ name, shape, offset }) => {
    const length = shape.reduce((product, side) => product * side, 1)
    const offsets = [offset, offset + length].map((number) => number * bytesOfNumber)
    return [name, { dtype: 'F32', shape, data_offsets: offsets }] as const
  })
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) })
  const bytes = Buffer.byteLength(json)
  const text = Buffer.from(json + ' '.repeat((8 - (bytes % 8)) % 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text])
}

export interface NamedTensor {
  name: string
  shape: readonly number[]
  values: Float32Array
}

/** A whole file in memory. */
export function safetensorsFile(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  let offset = 0
  const entries = tensors.map(({ name, shape, values }) => {
    const entry = { name, shape, offset }
    offset += values.length
    return entry
  })
  const header = safetensorsHeader(entries, metadata)
  return Buffer.concat([header, ...tensors.map(({ values }) => littleEndian(values))])
}

export function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * bytesOfNumber)
  for (let index = 0; index < values.length; index++) bytes.writeFloatLE(values[index], index * bytesOfNumber)
  return bytes
}
