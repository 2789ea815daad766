/** Detects ascending numbers as column names: 0, 1, 2 as pandas writes for unnamed columns, or years. */
import type { HeaderColumn } from './csv-header.js'

const years = { first: 1_800, last: 2_200 }
/** At least this many consecutive numbers are names, whatever the cells below are. */
const longOrder = 4
const order = 3

/** Whether the numbers of the first row are years or column numbers, and the cells below are not. */
export function isRowOfNumberedNames(columns: readonly HeaderColumn[]): boolean {
  const numbered = columns.flatMap((column, position) =>
    column.above === 'number' ? [{ ...column, place: position }] : [],
  )
  const words = columns.filter(({ above }) => above === 'word' || above === 'date')
  const values = numbered.map(({ value }) => value)
  if (numbered.length === 0 || !values.every(Number.isInteger)) return false
  if (words.some(({ recurs }) => recurs)) return false
  if (areYears(values)) return !numbered.some(hasYears) && numbered.length + words.length > 1
  const countsFrom = (first: number) =>
    numbered.every(({ value, place }, index) => value === place + first || value === index + first)
  const from = [0, 1].find(countsFrom)
  if (from === undefined || numbered.length < 2) return false
  // Integers above cells that all have decimals, or above words.
  const differing = numbered.filter((column) => column.integers === 0)
  if (differing.length === numbered.length) return true
  const recurring = numbered.some(({ recurs }) => recurs)
  if (from === 1) return !recurring && numbered.length >= order && differing.length + words.length > 0
  // A word above categories that do not include it, or an empty cell above an index column.
  const isKnown = words.length > 0 && words.every(({ isCategory }) => isCategory)
  const hasIndex = columns[0].above === 'none' && columns[0].integers > 0 && !columns[0].isCategory
  if (isKnown && differing.length > 0) return true
  return numbered.length >= (isKnown || hasIndex || !recurring ? order : longOrder)
}

/** Whether the values are ascending or descending years. */
function areYears(values: readonly number[]): boolean {
  const isYear = (value: number) => value >= years.first && value <= years.last
  if (!values.every(isYear)) return false
  const steps = values.slice(1).map((value, index) => Math.sign(value - values[index]))
  return steps.every((step) => step !== 0 && step === steps[0])
}

/** Whether the cells below include integers in the range of years. */
const hasYears = ({ integers, minimum, maximum }: HeaderColumn) =>
  integers > 0 && maximum >= years.first && minimum <= years.last
