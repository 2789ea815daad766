/** Detects whether the first row of a delimited file names its columns. */
import { usualMissingTexts } from '../../contract/missing-texts.js'
import { parseDate } from '../date-text.js'
import { isNumberToPeople } from '../number-text.js'
import type { CsvCells } from './csv-cells.js'
import { isRowOfNumberedNames } from './csv-header-numbers.js'
import { decimalCommaInCell, isNumberCell, numberInCell } from './number-cells.js'

/** `none`: empty, or a missing text such as NA. */
type CellKind = 'none' | 'number' | 'date' | 'word'

/** The first cell of a column, and statistics of the cells below it. */
export interface HeaderColumn {
  above: CellKind
  /** The number in the first cell, or NaN. A text such as 12 % is a number with the value NaN. */
  value: number
  /** The number of cells below, by kind. */
  below: Record<CellKind, number>
  /** The number of integers below, and the range of all numbers below. */
  integers: number
  minimum: number
  maximum: number
  /** Whether the text of the first cell recurs below. */
  recurs: boolean
  /** Whether the cells below have few distinct texts. */
  isCategory: boolean
}

/** The most rows that are read. */
const maximumRows = 200
/** The minimum mean number of rows per category. */
const rowsPerCategory = 3

/** Adds up the evidence of the columns. A positive sum means a header. */
export function hasHeader(cells: CsvCells, bytes: Buffer): boolean {
  if (cells.rows === 0) return true
  const columns = Array.from({ length: cells.width(0) }, (_, column) => readColumn(cells, bytes, column))
  const hasNumber = columns.some(({ above }) => above === 'number')
  if (isRowOfNumberedNames(columns)) return true
  // Most files have a header, and most names are not numbers.
  let evidence = hasNumber ? -0.5 : 0.5
  let againstNumbers = 0
  for (const column of columns) {
    const columnEvidence = weighColumn(column)
    if (column.above === 'number' && columnEvidence < 0) againstNumbers += columnEvidence
    else evidence += columnEvidence
  }
  return evidence + Math.max(againstNumbers, limitAgainst(columns)) > 0
}

/** Limits the evidence against numeric names, so that many integer names count as two. */
function limitAgainst(columns: readonly HeaderColumn[]): number {
  const areNames = columns.every(({ above, value }) => above !== 'number' || Number.isInteger(value))
  return areNames ? -2 : -4
}

function weighColumn({ above, value, below, integers, recurs, isCategory }: HeaderColumn): number {
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

function readColumn(cells: CsvCells, bytes: Buffer, column: number): HeaderColumn {
  const rows = Math.min(cells.rows, maximumRows)
  const name = cells.text(0, column)
  const below = { none: 0, number: 0, date: 0, word: 0 }
  const texts = new Set<string>()
  let [integers, minimum, maximum, recurs] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false]
  for (let row = 1; row < rows; row++) {
    if (column >= cells.width(row)) continue
    const { kind, value, text } = classifyCell(cells, bytes, row, column)
    below[kind] += 1
    if (kind === 'none') continue
    texts.add(text)
    recurs ||= text === name
    if (kind !== 'number') continue
    if (/^\s*[+-]?\d+\s*$/.test(text)) integers += 1
    minimum = Math.min(minimum, value)
    maximum = Math.max(maximum, value)
  }
  const { kind: above, value } = classifyCell(cells, bytes, 0, column)
  const isCategory = texts.size > 0 && (rows - 1 - below.none) / texts.size >= rowsPerCategory
  return { above, value, below, integers, minimum, maximum, recurs, isCategory }
}

function classifyCell(
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
