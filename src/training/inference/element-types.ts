/** Elements of tensors, as JSON values and as little-endian bytes, and the cells of rows that they stand for. */
import type { TensorType } from '../../contract/inference.js'

/** A cell: null is a missing value, undefined an element that the type does not have. */
type Element = number | string | null | undefined

interface NumericType {
  /** Bytes of an element. */
  size: number
  fromJson(value: unknown): Element
  fromBytes(view: DataView, offset: number): Element
}

/** Missing numbers are NaN, which JSON has not: there they are null. */
const orMissing = (value: number): number | null => (Number.isNaN(value) ? null : value)

function integer(bytes: number, isSigned: boolean, fromBytes: NumericType['fromBytes']): NumericType {
  const bits = 8 * bytes - (isSigned ? 1 : 0)
  // Larger JSON numbers have lost their last digits.
  const largest = Math.min(2 ** bits - 1, Number.MAX_SAFE_INTEGER)
  const smallest = isSigned ? -Math.min(2 ** bits, Number.MAX_SAFE_INTEGER) : 0
  return {
    size: bytes,
    fromJson: (value) =>
      Number.isInteger(value) && Number(value) >= smallest && Number(value) <= largest
        ? Number(value)
        : undefined,
    fromBytes,
  }
}

/** An integer that a number holds exactly. */
function exact(value: bigint): number | undefined {
  const number = Number(value)
  return BigInt(number) === value ? number : undefined
}

/** A JSON number may be too large for the type. */
function float(
  size: number,
  round: (value: number) => number,
  fromBytes: NumericType['fromBytes'],
): NumericType {
  return {
    size,
    fromJson(value) {
      if (value === null) return null
      if (typeof value !== 'number') return undefined
      const rounded = round(value)
      return Number.isFinite(rounded) ? rounded : undefined
    },
    fromBytes,
  }
}

const booleanType: NumericType = {
  size: 1,
  fromJson: (value) => (typeof value === 'boolean' ? Number(value) : undefined),
  fromBytes(view, offset) {
    const byte = view.getUint8(offset)
    return byte <= 1 ? byte : undefined
  },
}

export const numericTypes: Readonly<Record<Exclude<TensorType, 'BYTES'>, NumericType>> = {
  BOOL: booleanType,
  UINT8: integer(1, false, (view, offset) => view.getUint8(offset)),
  UINT16: integer(2, false, (view, offset) => view.getUint16(offset, true)),
  UINT32: integer(4, false, (view, offset) => view.getUint32(offset, true)),
  UINT64: integer(8, false, (view, offset) => exact(view.getBigUint64(offset, true))),
  INT8: integer(1, true, (view, offset) => view.getInt8(offset)),
  INT16: integer(2, true, (view, offset) => view.getInt16(offset, true)),
  INT32: integer(4, true, (view, offset) => view.getInt32(offset, true)),
  INT64: integer(8, true, (view, offset) => exact(view.getBigInt64(offset, true))),
  FP32: float(4, Math.fround, (view, offset) => orMissing(view.getFloat32(offset, true))),
  FP64: float(8, Number, (view, offset) => orMissing(view.getFloat64(offset, true))),
}

/** An empty text is a missing value. */
export const textFromJson = (value: unknown): string | null | undefined =>
  typeof value === 'string' ? value || null : undefined
