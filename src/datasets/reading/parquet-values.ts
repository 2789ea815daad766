/** Converts the Parquet values of a column to cells. */
import type { Cells } from './batch.js'
import { invalid, limitExceeded, type ReadingLimits } from './limits.js'
import type { ParquetColumn } from './parquet-columns.js'

/**
 * Numbers if all values are numbers that a float64 represents exactly and `reading` is not text, else texts.
 */
export function toCells(
  values: ArrayLike<unknown>,
  { reading, scale }: Pick<ParquetColumn, 'reading' | 'scale'>,
  place: string,
  limits: ReadingLimits,
): Cells {
  const read = scale === undefined ? values : Array.from(values, (value) => decimalText(value, scale))
  if (reading === 'infer' || reading === 'decimalComma') {
    const numbers = toNumbers(read, scale !== undefined)
    if (numbers !== null) return { type: 'number', values: numbers }
  }
  return { type: 'text', cells: Array.from(read, (value) => toText(value, place, limits)) }
}

/** Null if a value is not a number, or an integer that a float64 does not represent exactly. */
function toNumbers(values: ArrayLike<unknown>, areDecimals: boolean): Float64Array | null {
  const numbers = new Float64Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (typeof value === 'number') numbers[row] = value
    else if (value === null || value === undefined) numbers[row] = Number.NaN
    else if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) numbers[row] = Number(value)
    else if (areDecimals) numbers[row] = Number(value)
    else return null
  }
  return numbers
}

/** Formats a decimal, which is an integer in units of 10^−scale: a number, a bigint or big-endian bytes. */
function decimalText(value: unknown, scale: number): string | null {
  if (value === null || value === undefined) return null
  const units = value instanceof Uint8Array ? signedInteger(value) : BigInt(String(value))
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const sign = units < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function signedInteger(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

function toText(value: unknown, place: string, limits: ReadingLimits): string {
  switch (typeof value) {
    case 'undefined':
      return ''
    case 'string':
      if (value.length <= limits.cellLength) return value.normalize('NFC')
      throw limitExceeded(limits, 'cellLength', `${place}: a text has ${value.length} characters`)
    case 'boolean':
    case 'number':
    case 'bigint':
      return String(value)
    case 'object':
      if (value === null) return ''
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString()
  }
  throw invalid(`${place}: unsupported value; supported are numbers, texts, booleans and times`)
}
