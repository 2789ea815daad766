/** Finds out how a delimited file is written, from its first rows. */
import { CsvCells, type Delimiter, delimiters } from './csv-cells.js'
import { hasHeader } from './csv-header.js'
import { isNumberCell } from './number-cells.js'
import type { TextWindow } from './text-window.js'

export interface Dialect {
  delimiter: Delimiter
  /** Whether the first row names the columns. */
  header: boolean
  /** Cells of a row at its end that belong to no column, because they are empty in every row: 0 or 1. */
  emptyEnd: number
}

const rowsLookedAt = 50

interface Candidate {
  delimiter: Delimiter
  cells: CsvCells
  score: number
  /** Of all cells. */
  numbers: number
}

/** The delimiter that the first rows speak for, and whether the first row names the columns. */
export function detectDialect(
  window: TextWindow,
  given: Partial<Pick<Dialect, 'delimiter' | 'header'>>,
): Dialect {
  const wanted = given.delimiter === undefined ? delimiters : [given.delimiter]
  const candidates = wanted.flatMap((delimiter) => candidateOf(window, delimiter) ?? [])
  const [first, ...others] = candidates
  if (first === undefined) return { delimiter: wanted[0], header: given.header ?? true, emptyEnd: 0 }
  const best = others.reduce((before, each) => (isBetter(each, before) ? each : before), first)
  const { delimiter, cells } = best
  const allowsComma = delimiter.name !== 'comma'
  const header = given.header ?? hasHeader(cells, window.bytes, allowsComma)
  return { delimiter, header, emptyEnd: endsEmpty(cells) ? 1 : 0 }
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.score === b.score ? a.numbers > b.numbers : a.score > b.score
}

/** Undefined when the rows cannot be cut this way. */
function candidateOf(window: TextWindow, delimiter: Delimiter): Candidate | undefined {
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(window.bytes, window.isEnd, window.isAscii, rowsLookedAt)
  } catch {
    return undefined
  }
  return { delimiter, cells, ...evidenceOf(cells, delimiter, window.bytes) }
}

/**
 * How well a delimiter cuts: the cuts in a row when all rows have the same number of them, much less when they have
 * not; less the cuts of another delimiter that would be possible within the cells of every row. A cell in quotes may
 * hold anything, and a comma in a number is no cut where another byte delimits.
 */
function evidenceOf(
  cells: CsvCells,
  delimiter: Delimiter,
  bytes: Buffer,
): { score: number; numbers: number } {
  if (cells.rows === 0) return { score: 0, numbers: 0 }
  const widths = new Map<number, number>()
  const others = delimiters.filter((each) => each !== delimiter)
  const left = others.map(() => Number.POSITIVE_INFINITY)
  let numbers = 0
  let count = 0
  for (let row = 0; row < cells.rows; row++) {
    const width = cells.width(row)
    widths.set(width, (widths.get(width) ?? 0) + 1)
    const inRow = others.map(() => 0)
    for (let column = 0; column < width; column++) {
      const [start, end] = [cells.start(row, column), cells.end(row, column)]
      count += 1
      if (isNumberCell(bytes, start, end, delimiter.name !== 'comma')) numbers += 1
      else if (!cells.isQuoted(row, column)) {
        for (const [place, { byte }] of others.entries()) inRow[place] += occurrences(bytes, byte, start, end)
      }
    }
    for (const [place, seen] of inRow.entries()) left[place] = Math.min(left[place], seen)
  }
  const [width, rows] = [...widths].reduce((best, each) => (each[1] > best[1] ? each : best))
  const regular = (rows / cells.rows) ** 4
  const cuts = width === 1 ? 0 : (width - 1) * regular
  return { score: cuts - Math.max(...left), numbers: numbers / count }
}

function occurrences(bytes: Buffer, byte: number, start: number, end: number): number {
  let found = 0
  for (let place = start; place < end; place++) if (bytes[place] === byte) found += 1
  return found
}

/** Lines that end with a delimiter, the header too, end with a cell of no column. */
function endsEmpty(cells: CsvCells): boolean {
  if (cells.rows === 0 || cells.width(0) < 3) return false
  for (let row = 0; row < cells.rows; row++) {
    const last = cells.width(row) - 1
    if (last < cells.width(0) - 1) continue
    if (cells.isQuoted(row, last) || cells.start(row, last) !== cells.end(row, last)) return false
  }
  return true
}
