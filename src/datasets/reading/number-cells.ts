/** Parses the cells of a delimited file as numbers. Ignores blanks around a number, also in quotes. */
import { parseDecimalComma } from '../number-text.js'
import { parseNumberBytes } from './number-bytes.js'

const space = 32
const tab = 9
const comma = 44
/** A no-break space is 0xC2 0xA0 in UTF-8. */
const noBreak = [0xc2, 0xa0] as const

/** The number in bytes start…end, or NaN. */
export function numberInCell(bytes: Buffer, start: number, end: number): number {
  let [first, last] = [start, end]
  for (let blank = blankAt(bytes, first, last); blank > 0; blank = blankAt(bytes, first, last)) first += blank
  for (let blank = blankBefore(bytes, first, last); blank > 0; blank = blankBefore(bytes, first, last)) {
    last -= blank
  }
  return parseNumberBytes(bytes, first, last)
}

/** The length in bytes of a blank at the start, or 0. */
function blankAt(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return 0
  if (bytes[start] === space || bytes[start] === tab) return 1
  return start + 1 < end && bytes[start] === noBreak[0] && bytes[start + 1] === noBreak[1] ? 2 : 0
}

function blankBefore(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return 0
  if (bytes[end - 1] === space || bytes[end - 1] === tab) return 1
  return start + 1 < end && bytes[end - 2] === noBreak[0] && bytes[end - 1] === noBreak[1] ? 2 : 0
}

/** The number in bytes start…end with a decimal comma, or NaN: 1.234,5 is 1234.5. */
export function decimalCommaInCell(bytes: Buffer, start: number, end: number): number {
  return parseDecimalComma(bytes.toString('utf8', start, end).trim()) ?? Number.NaN
}

/** Whether a cell is a number, with a decimal point or comma. */
export function isNumberCell(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return false
  if (!Number.isNaN(numberInCell(bytes, start, end))) return true
  if (!bytes.subarray(start, end).includes(comma)) return false
  return !Number.isNaN(decimalCommaInCell(bytes, start, end))
}
