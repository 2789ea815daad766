/** Whether the first row of a delimited file names its columns. */
import { usualMissingTexts } from '../../contract/missing-texts.js'
import { parseDate } from '../date-text.js'
import { isNumberToPeople } from '../number-text.js'
import type { CsvCells } from './csv-cells.js'
import { isRowOfPlaces } from './csv-header-numbers.js'
import { decimalCommaInCell, isNumberCell, numberInCell } from './number-cells.js'

/** `none`: empty, or a word such as NA. */
type CellKind = 'none' | 'number' | 'date' | 'word'

/** A column as its first cell and the cells below it show it. */
export interface HeaderColumn {
  above: CellKind
  /** Of a number, or of one in words such as 12 %: NaN. */
  value: number
  /** Cells below, by kind. */
  below: Record<CellKind, number>
  /** Of the numbers below: those that are written as whole ones, and their range. */
  integers: number
  minimum: number
  maximum: number
  /** The first cell stands again below. */
  recurs: boolean
  /** The cells below are few different ones, again and again. */
  isCategory: boolean
}

/** Rows that are looked at. */
const mostRows = 200
/** Of a category, in the mean. */
const rowsOfCategory = 3

/** By the first rows: a sum of what speaks for names, above zero, and for data. */
export function hasHeader(cells: CsvCells, bytes: Buffer): boolean {
  if (cells.rows === 0) return true
  const columns = Array.from({ length: cells.width(0) }, (_, column) => columnOf(cells, bytes, column))
  const hasNumber = columns.some(({ above }) => above === 'number')
  if (isRowOfPlaces(columns)) return true
  // A file usually has a header, and its names are usually no numbers.
  let evidence = hasNumber ? -0.5 : 0.5
  let againstNumbers = 0
  for (const column of columns) {
    const speaks = evidenceOf(column)
    if (column.above === 'number' && speaks < 0) againstNumbers += speaks
    else evidence += speaks
  }
  return evidence + Math.max(againstNumbers, mostAgainst(columns)) > 0
}

/** Many columns called by whole numbers speak no louder than two. */
function mostAgainst(columns: readonly HeaderColumn[]): number {
  const areNames = columns.every(({ above, value }) => above !== 'number' || Number.isInteger(value))
  return areNames ? -2 : -4
}

function evidenceOf({ above, value, below, integers, recurs, isCategory }: HeaderColumn): number {
  const present = below.number + below.date + below.word
  if (above === 'none' || present === 0) return 0
  const areNumbers = below.number === present
  const areDates = below.date === present
  switch (above) {
    case 'number':
      if (below.number === 0) return 3
      if (!areNumbers) return 0
      if (!Number.isInteger(value)) return -2
      return recurs || integers > 0 ? -1 : 0
    case 'date':
      if (areNumbers) return 3
      return below.date > 0 ? -2 : 0
    case 'word':
      if (areNumbers || areDates) return 3
      if (recurs) return -1.5
      return isCategory ? 1.5 : 0
    default:
      return above satisfies never
  }
}

function columnOf(cells: CsvCells, bytes: Buffer, column: number): HeaderColumn {
  const rows = Math.min(cells.rows, mostRows)
  const name = cells.text(0, column)
  const below = { none: 0, number: 0, date: 0, word: 0 }
  const texts = new Set<string>()
  let [integers, minimum, maximum, recurs] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false]
  for (let row = 1; row < rows; row++) {
    if (column >= cells.width(row)) continue
    const { kind, value, text } = cellOf(cells, bytes, row, column)
    below[kind] += 1
    if (kind === 'none') continue
    texts.add(text)
    recurs ||= text === name
    if (kind !== 'number') continue
    if (/^\s*[+-]?\d+\s*$/.test(text)) integers += 1
    minimum = Math.min(minimum, value)
    maximum = Math.max(maximum, value)
  }
  const { kind: above, value } = cellOf(cells, bytes, 0, column)
  const isCategory = texts.size > 0 && (rows - 1 - below.none) / texts.size >= rowsOfCategory
  return { above, value, below, integers, minimum, maximum, recurs, isCategory }
}

function cellOf(
  cells: CsvCells,
  bytes: Buffer,
  row: number,
  column: number,
): { kind: CellKind; value: number; text: string } {
  const [start, end] = [cells.start(row, column), cells.end(row, column)]
  const text = cells.text(row, column)
  const number = numberInCell(bytes, start, end)
  if (!Number.isNaN(number)) return { kind: 'number', value: number, text }
  if (isNumberCell(bytes, start, end)) {
    return { kind: 'number', value: decimalCommaInCell(bytes, start, end), text }
  }
  const plain = text.trim()
  if (plain === '' || usualMissingTexts.has(plain.toLowerCase()))
    return { kind: 'none', value: Number.NaN, text }
  if (isNumberToPeople(plain)) return { kind: 'number', value: Number.NaN, text }
  return { kind: parseDate(plain) === undefined ? 'word' : 'date', value: Number.NaN, text }
}
