/** Tensors as files hold them, and their numbers as float32. */

import { endianness } from 'node:os'
import { fromHalfPrecision } from '../base/half-precision.js'
import { quoted, refuse } from './refuse.js'

/** Types of numbers that become float32, with the bytes of each number. */
export const numberTypes = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const
export type NumberType = keyof typeof numberTypes

export const isNumberType = (name: string): name is NumberType => Object.hasOwn(numberTypes, name)

/** A tensor whose numbers are read on demand. The length of `bytes` fits the type and the shape. */
export interface FileTensor {
  name: string
  shape: readonly number[]
  type: NumberType
  /** Little-endian, a view of the file. */
  bytes: Uint8Array
}

/**
 * Writes the numbers as float32, row-major. Numbers of 64 bits are rounded.
 * @param values as long as the tensor
 * @throws Problem `invalid-model` if a number is not finite as float32
 */
export function readNumbers(tensor: FileTensor, values: Float32Array<ArrayBuffer>): void {
  convert(tensor, values)
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index < 0) return
  throw refuse(
    `The tensor ${quoted(tensor.name)} has ${values[index]} at place ${index}. Weights must be finite numbers that fit into ` +
      'float32, because a network with other weights cannot predict.',
  )
}

function convert({ type: numberType, bytes }: FileTensor, values: Float32Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = values.length
  switch (numberType) {
    case 'F32':
      if (endianness() === 'LE') new Uint8Array(values.buffer, values.byteOffset).set(bytes)
      else for (let index = 0; index < count; index++) values[index] = view.getFloat32(4 * index, true)
      break
    case 'F64':
      for (let index = 0; index < count; index++) values[index] = view.getFloat64(8 * index, true)
      break
    case 'F16':
      for (let index = 0; index < count; index++)
        values[index] = fromHalfPrecision(view.getUint16(2 * index, true))
      break
    case 'BF16': {
      // The upper half of a float32.
      const bits = new Uint32Array(values.buffer, values.byteOffset, count)
      for (let index = 0; index < count; index++) bits[index] = view.getUint16(2 * index, true) << 16
      break
    }
    default: {
      numberType satisfies never
    }
  }
}
