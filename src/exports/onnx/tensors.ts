/** Constants of ONNX graphs. */
import { endianness } from 'node:os'
import { elementTypes, type TensorMessage } from './schema.js'

export type Constant = Omit<TensorMessage, 'name'>

export const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')

export function floats(values: Float32Array, dims: readonly number[]): Constant {
  return { dims: [...dims], data_type: elementTypes.float32, raw_data: rawBytes(values) }
}

export function doubles(values: readonly number[], dims: readonly number[] = [values.length]): Constant {
  return { dims: [...dims], data_type: elementTypes.float64, raw_data: rawBytes(Float64Array.from(values)) }
}

export function int64s(values: readonly number[], dims: readonly number[] = [values.length]): Constant {
  const numbers = BigInt64Array.from(values, BigInt)
  return { dims: [...dims], data_type: elementTypes.int64, raw_data: rawBytes(numbers) }
}

export function strings(values: readonly string[]): Constant {
  return { dims: [values.length], data_type: elementTypes.string, string_data: values.map(utf8) }
}

/** The bytes of the numbers in place, or swapped in a copy where the machine is big-endian. */
function rawBytes(values: Float32Array | Float64Array | BigInt64Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  if (endianness() === 'LE') return bytes
  const copy = Buffer.from(bytes)
  return values.BYTES_PER_ELEMENT === 4 ? copy.swap32() : copy.swap64()
}
