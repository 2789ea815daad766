/** Finds out how a delimited file is written, from its first rows. */
import { CsvCells, type Delimiter, delimiters } from './csv-cells.js'
import { hasHeader } from './csv-header.js'
import { isNumberCell } from './number-cells.js'
import type { TextWindow } from './text-window.js'

export interface Dialect {
  delimiter: Delimiter
  /** Bytes before the first row: a line sep=; that is meant for spreadsheets. */
  start: number
  /** Whether the first row names the columns. */
  header: boolean
  /** Cells at the end of every row that belong to no column, because they are empty in all rows. */
  emptyEnd: number
}

export interface GivenDialect {
  delimiter?: Delimiter | undefined
  header?: boolean | undefined
  decimal?: 'comma' | 'point' | undefined
}

/** That speak for a delimiter. */
const rowsCut = 50
const space = 32

interface Candidate {
  delimiter: Delimiter
  score: number
}

/** The delimiter that the first rows speak for, and whether the first row names the columns. */
export function detectDialect(window: TextWindow, given: GivenDialect): Dialect {
  const directive = spreadsheetDirective(window.bytes)
  const start = directive?.length ?? 0
  const rest = { ...window, bytes: window.bytes.subarray(start) }
  const delimiter = given.delimiter ?? directive?.delimiter ?? likelyDelimiter(rest, given.decimal)
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(rest.bytes, rest.isEnd, rest.isAscii)
  } catch {
    // The reader meets the same fault, and names its line.
    return { delimiter, start, header: given.header ?? true, emptyEnd: 0 }
  }
  return {
    delimiter,
    start,
    header: given.header ?? hasHeader(cells, rest.bytes),
    emptyEnd: emptyEnd(cells),
  }
}

function likelyDelimiter(window: TextWindow, decimal: 'comma' | 'point' | undefined): Delimiter {
  const candidates = delimiters.flatMap((delimiter) => candidateOf(window, delimiter) ?? [])
  const others = candidates.filter(({ delimiter }) => delimiter.name !== 'comma')
  const commaIsDecimal = decimal === 'comma' && others.some(({ score }) => score > 0)
  const [first, ...rest] = commaIsDecimal ? others : candidates
  return (
    rest.reduce((best, each) => (each.score > best.score ? each : best), first)?.delimiter ?? delimiters[0]
  )
}

/** Undefined when the rows cannot be cut this way. */
function candidateOf(window: TextWindow, delimiter: Delimiter): Candidate | undefined {
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(window.bytes, window.isEnd, window.isAscii, rowsCut)
  } catch {
    return undefined
  }
  return { delimiter, score: cells.rows === 0 ? 0 : scoreOf(cells, delimiter, window.bytes) }
}

/** What a delimiter counts that a blank follows, as in a sentence. */
const beforeBlank = 0.25
/** What it counts when every cell is a number. */
const allNumbers = 2
/** Of a delimiter that delimits nothing. */
const noDelimiter = -100

/**
 * How well a delimiter cuts: the cuts in a row when all rows have the same number of them, much less when they have
 * not; more for the numbers that result; less the cuts of another delimiter that would be possible within the cells of
 * every row. A cell in quotes may hold anything, and a comma in a number is no cut where another byte delimits.
 */
function scoreOf(cells: CsvCells, delimiter: Delimiter, bytes: Buffer): number {
  const widths = new Map<number, number>()
  const others = delimiters.filter((each) => each !== delimiter)
  const left = others.map(() => Number.POSITIVE_INFINITY)
  let [count, numbers, cuts, beforeBlanks] = [0, 0, 0, 0]
  for (let row = 0; row < cells.rows; row++) {
    const width = cells.width(row)
    widths.set(width, (widths.get(width) ?? 0) + 1)
    const inRow = others.map(() => 0)
    for (let column = 0; column < width; column++) {
      const [start, end] = [cells.start(row, column), cells.end(row, column)]
      if (column > 0) {
        cuts += 1
        if (bytes[start - (cells.isQuoted(row, column) ? 2 : 1)] === space) beforeBlanks += 1
      }
      if (start === end) continue
      count += 1
      if (isNumberCell(bytes, start, end)) numbers += 1
      else if (!cells.isQuoted(row, column)) {
        for (const [place, { byte }] of others.entries()) inRow[place] += occurrences(bytes, byte, start, end)
      }
    }
    for (const [place, seen] of inRow.entries()) left[place] = Math.min(left[place], seen)
  }
  const [width, rows] = [...widths].reduce((best, each) => (each[1] > best[1] ? each : best))
  if (width === 1) return -Math.max(...left)
  // Below one name: sentences, or numbers with a decimal comma.
  const isProse = beforeBlanks === cuts
  const areDecimals = delimiter.name === 'comma' && width === 2 && numbers >= count - 1
  if (cells.width(0) === 1 && (isProse || areDecimals)) return noDelimiter
  const regular = (rows / cells.rows) ** 4
  const weight = isProse ? beforeBlank : 1
  return (width - 1) * weight * regular + (allNumbers * numbers) / Math.max(1, count) - Math.max(...left)
}

function occurrences(bytes: Buffer, byte: number, start: number, end: number): number {
  let found = 0
  for (let place = start; place < end; place++) {
    if (bytes[place] === byte) found += bytes[place + 1] === space ? beforeBlank : 1
  }
  return found
}

/** Cells at the end of the first row that are empty and have nothing below them, in all rows of the window. */
function emptyEnd(cells: CsvCells): number {
  if (cells.rows === 0) return 0
  const isEmpty = (row: number, column: number) =>
    !cells.isQuoted(row, column) && cells.start(row, column) === cells.end(row, column)
  let first = cells.width(0)
  while (first > 1 && isEmpty(0, first - 1)) first -= 1
  for (let row = 1; row < cells.rows; row++) {
    for (let column = cells.width(row) - 1; column >= first; column--) {
      if (column < cells.width(0) && !isEmpty(row, column)) first = column + 1
    }
  }
  return cells.width(0) - first
}

/** A first line sep=; tells spreadsheets the delimiter. */
function spreadsheetDirective(bytes: Buffer): { delimiter: Delimiter; length: number } | undefined {
  const [line, character] = /^"?sep=([,;\t|])"?(?:\r\n|\n|\r)/i.exec(bytes.toString('latin1', 0, 10)) ?? []
  const delimiter = delimiters.find(({ byte }) => byte === character?.charCodeAt(0))
  return line === undefined || delimiter === undefined ? undefined : { delimiter, length: line.length }
}
