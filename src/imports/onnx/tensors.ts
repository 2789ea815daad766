/** Constants of a graph: weights, and whole numbers such as shapes. */
import type { FileTensor, NumberType } from '../file-tensor.js'
import { numberTypes } from '../file-tensor.js'
import { quoted, refuse, shapeText } from '../refuse.js'
import type { DecodedTensor } from './messages.js'

const weightTypes: Readonly<Record<number, NumberType>> = { 1: 'F32', 11: 'F64', 10: 'F16', 16: 'BF16' }
const int64 = 7

/** The names of `TensorProto.DataType`. */
const typeNames =
  'UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 COMPLEX128 BFLOAT16'.split(
    ' ',
  )

/** Whole numbers are sizes and axes. */
const maximumIntegers = 64

export type ConstantValue =
  | { kind: 'weights'; tensor: FileTensor }
  | { kind: 'integers'; values: number[]; rank: number }

/** @throws Problem `invalid-model`. Null for a type that only preprocessing has, which a network may not use. */
export function readConstant(message: DecodedTensor, name: string): ConstantValue | null {
  const { data_type: type } = message
  if (message.external_data.length > 0 || message.data_location !== 0) {
    throw refuse(
      `The tensor ${quoted(name)} is in another file. Save the model as one file: onnx.save(…, save_as_external_data=False).`,
    )
  }
  const shape = message.dims.map(Number)
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
    throw refuse(
      `The tensor ${quoted(name)} has the shape ${shapeText(shape)}. A side is a whole number from 0.`,
    )
  }
  if (type === int64)
    return { kind: 'integers', values: readIntegers(message, name, shape), rank: shape.length }
  const numberType = Object.hasOwn(weightTypes, type) ? weightTypes[type] : undefined
  if (numberType === undefined) return null
  const bytes = numberBytes(message, numberType)
  const expected = shape.reduce((product, side) => product * side, numberTypes[numberType])
  if (bytes.length !== expected) throw wrongLength(name, shape, bytes.length, expected)
  return { kind: 'weights', tensor: { name, shape, type: numberType, bytes } }
}

export const typeName = (type: number) => typeNames[type] ?? `type ${type}`

function numberBytes(message: DecodedTensor, type: NumberType): Uint8Array {
  if (message.raw_data.length > 0) return message.raw_data
  const numbers = type === 'F32' ? message.float_data : type === 'F64' ? message.double_data : []
  const size = numberTypes[type]
  const bytes = new Uint8Array(size * numbers.length)
  const view = new DataView(bytes.buffer)
  numbers.forEach((value, index) => {
    if (type === 'F32') view.setFloat32(size * index, value, true)
    else view.setFloat64(size * index, value, true)
  })
  return bytes
}

function readIntegers(
  { raw_data: raw, int64_data: list }: DecodedTensor,
  name: string,
  shape: number[],
): number[] {
  const length = shape.reduce((product, side) => product * side, 1)
  if (length > maximumIntegers || shape.length > 1) return []
  if (raw.length > 0 && raw.length !== 8 * length) throw wrongLength(name, shape, raw.length, 8 * length)
  if (raw.length === 0 && list.length !== length) throw wrongLength(name, shape, 8 * list.length, 8 * length)
  if (raw.length === 0) return list.map(Number)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  return Array.from({ length }, (_, index) => Number(view.getBigInt64(8 * index, true)))
}

const wrongLength = (name: string, shape: number[], has: number, needs: number) =>
  refuse(
    `The tensor ${quoted(name)} of the shape ${shapeText(shape)} has ${has} bytes of numbers, and needs ${needs}.`,
  )
