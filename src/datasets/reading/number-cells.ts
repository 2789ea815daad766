/** Which cells of a delimited file are numbers; blanks around a number, within quotes too, do not count. */
import { parseDecimalComma } from '../number-text.js'
import { numberOf } from './number-bytes.js'

const space = 32
const tab = 9
const comma = 44
/** A no-break space is 0xC2 0xA0 in UTF-8. */
const noBreak = [0xc2, 0xa0] as const

/** The number in bytes start…end; NaN for everything else, an empty cell too. */
export function numberInCell(bytes: Buffer, start: number, end: number): number {
  let [first, last] = [start, end]
  while (first < last && isBlank(bytes[first])) first += 1
  while (last > first && isBlank(bytes[last - 1])) last -= 1
  while (last - first > 2 && bytes[first] === noBreak[0] && bytes[first + 1] === noBreak[1]) first += 2
  while (last - first > 2 && bytes[last - 2] === noBreak[0] && bytes[last - 1] === noBreak[1]) last -= 2
  return numberOf(bytes, first, last)
}

const isBlank = (byte: number) => byte === space || byte === tab

/** The same, 1.234,5 being 1234.5. */
export function decimalCommaInCell(bytes: Buffer, start: number, end: number): number {
  return parseDecimalComma(bytes.toString('utf8', start, end).trim()) ?? Number.NaN
}

export function isNumberCell(bytes: Buffer, start: number, end: number, allowsComma: boolean): boolean {
  if (start === end) return false
  if (!Number.isNaN(numberInCell(bytes, start, end))) return true
  if (!allowsComma || bytes.indexOf(comma, start) >= end) return false
  return !Number.isNaN(decimalCommaInCell(bytes, start, end))
}
