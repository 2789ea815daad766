/** What the stored values of a column mean, whatever type it was given: a number, a category, a boolean. */
import type { StoredColumn } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { parseNumber } from './number-text.js'

/** The text of each code that the rows hold; null of a column that holds numbers or days. */
export function namesOfCodes({ categories, codes }: StoredColumn): string[] | null {
  if (categories === undefined) return null
  return codes === undefined ? categories : codes.map((place) => categories[place])
}

/** The number of each code, NaN where its text is none; null of a column that holds numbers already. */
export function numbersOfCodes(column: StoredColumn): Float64Array | null {
  const names = namesOfCodes(column)
  if (names === null) return null
  const isBoolean = column.type === 'boolean'
  return Float64Array.from(names, (name) => (isBoolean ? truthOf(name) : parseNumber(name)) ?? Number.NaN)
}

/** 1 or 0 of a value that says yes or no, else NaN; a missing value is NaN, too. */
export function truthReader(column: StoredColumn): (value: number) => number {
  const names = namesOfCodes(column)
  if (names === null) return (value) => truthOf(String(value)) ?? Number.NaN
  const truths = Float64Array.from(names, (name) => truthOf(name) ?? Number.NaN)
  return (code) => (Number.isNaN(code) ? Number.NaN : truths[code])
}

function truthOf(text: string): number | undefined {
  const truth = parseBoolean(text)
  return truth === undefined ? undefined : Number(truth)
}

/** The place of a value among these names, −1 when it is none of them or missing. A number is what it is written as. */
export function placeReader(column: StoredColumn, names: readonly string[]): (value: number) => number {
  const places = new Map(names.map((name, place) => [name, place]))
  const written = namesOfCodes(column)
  if (written === null) return (value) => places.get(String(value)) ?? -1
  const byCode = Int32Array.from(written, (name) => places.get(name) ?? -1)
  return (code) => (Number.isNaN(code) ? -1 : byCode[code])
}

/** A stored value as the file has it. */
export function textOf(column: StoredColumn, value: number): string {
  return namesOfCodes(column)?.[value] ?? String(value)
}
