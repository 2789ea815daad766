/** Reads the stored values of a column of any type as numbers, booleans, categories or texts. */
import type { StoredColumn } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { parseNumber } from './number-text.js'

/** The text of each stored code. Null for a column of numbers or dates. */
function codeNames({ categories, codes }: StoredColumn): string[] | null {
  if (categories === undefined) return null
  return codes === undefined ? categories : codes.map((index) => categories[index])
}

/** The number of each stored code, NaN if its text is not a number. Null for a column of numbers or dates. */
export function codeNumbers(column: StoredColumn): Float64Array | null {
  const names = codeNames(column)
  if (names === null) return null
  const isBoolean = column.type === 'boolean'
  return Float64Array.from(names, (name) => (isBoolean ? parseTruth(name) : parseNumber(name)) ?? Number.NaN)
}

/** Reads a stored value as 1 or 0. NaN if it is missing or not a boolean. */
export function booleanReader(column: StoredColumn): (value: number) => number {
  const names = codeNames(column)
  if (names === null) return (value) => parseTruth(String(value)) ?? Number.NaN
  const truths = Float64Array.from(names, (name) => parseTruth(name) ?? Number.NaN)
  return (code) => (Number.isNaN(code) ? Number.NaN : truths[code])
}

function parseTruth(text: string): number | undefined {
  const truth = parseBoolean(text)
  return truth === undefined ? undefined : Number(truth)
}

/**
 * Reads a stored value as its index in `names`. −1 if it is missing or not in the list. Numbers compare as
 * text.
 */
export function categoryReader(column: StoredColumn, names: readonly string[]): (value: number) => number {
  const positions = new Map(names.map((name, index) => [name, index]))
  const written = codeNames(column)
  if (written === null) return (value) => positions.get(String(value)) ?? -1
  const byCode = Int32Array.from(written, (name) => positions.get(name) ?? -1)
  return (code) => (Number.isNaN(code) ? -1 : byCode[code])
}

/** The text of a stored value. */
export function valueText(column: StoredColumn, value: number): string {
  return codeNames(column)?.[value] ?? String(value)
}
