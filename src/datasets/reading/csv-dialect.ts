/** Finds out how a delimited file is written, from its first rows. */
import { CsvCells, type Delimiter, delimiters } from './csv-cells.js'
import { numberOf } from './number-bytes.js'
import type { TextWindow } from './text-window.js'

export interface Dialect {
  delimiter: Delimiter
  /** Whether the first row names the columns. */
  header: boolean
}

const rowsLookedAt = 50

/**
 * The delimiter that cuts the first rows into the most cells of equal number; the comma when none does. The first row
 * names the columns unless it holds numbers, and not only above other numbers.
 */
export function detectDialect(window: TextWindow, given: Partial<Dialect>): Dialect {
  const candidates = given.delimiter === undefined ? delimiters : [given.delimiter]
  let best: { delimiter: Delimiter; score: number; cells: CsvCells } | undefined
  for (const delimiter of candidates) {
    const cells = firstRows(window, delimiter)
    const score = cells === undefined ? 0 : regularWidth(cells)
    if (cells !== undefined && (best === undefined || score > best.score)) best = { delimiter, score, cells }
  }
  if (best === undefined) return { delimiter: candidates[0], header: given.header ?? true }
  return { delimiter: best.delimiter, header: given.header ?? hasHeader(best.cells, window.bytes) }
}

/** Undefined when the rows cannot be cut this way. */
function firstRows(window: TextWindow, delimiter: Delimiter): CsvCells | undefined {
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(window.bytes, window.isEnd, window.isAscii, rowsLookedAt)
    return cells
  } catch {
    return undefined
  }
}

/** Cells of each row when all have the same number, else a fraction of one: less than any regular file. */
function regularWidth(cells: CsvCells): number {
  if (cells.rows === 0) return 0
  const width = cells.width(0)
  let same = 0
  for (let row = 0; row < cells.rows; row++) if (cells.width(row) === width) same += 1
  if (same === cells.rows) return width
  return width === 1 ? 0 : 1 + 0.9 * (same / cells.rows)
}

function hasHeader(cells: CsvCells, bytes: Buffer): boolean {
  if (cells.rows === 0) return true
  const isNumber = (row: number, column: number) =>
    !Number.isNaN(numberOf(bytes, cells.start(row, column), cells.end(row, column)))
  const width = cells.width(0)
  const columns = Array.from({ length: width }, (_, column) => column)
  const numbersAbove = columns.filter((column) => isNumber(0, column)).length
  if (numbersAbove === 0) return true
  if (numbersAbove === width) return false
  return columns.some((column) => {
    if (isNumber(0, column)) return false
    for (let row = 1; row < cells.rows; row++) {
      if (column >= cells.width(row) || !isNumber(row, column)) return false
    }
    return cells.rows > 1
  })
}
