/** Detects the dialect of a delimited file from its first rows. */
import { CsvCells, type Delimiter, delimiters } from './csv-cells.js'
import { hasHeader } from './csv-header.js'
import { isNumberCell } from './number-cells.js'
import type { TextWindow } from './text-window.js'

export interface Dialect {
  delimiter: Delimiter
  /** Bytes before the first row: a line such as sep=; for spreadsheets. */
  start: number
  /** Whether the first row names the columns. */
  header: boolean
  /** The number of trailing cells that are empty in all rows, so that they are not columns. */
  emptyEnd: number
}

export interface GivenDialect {
  delimiter?: Delimiter | undefined
  header?: boolean | undefined
  decimal?: 'comma' | 'point' | undefined
  /** The rows that are examined; all by default. */
  examinedRows?: number
}

/** The rows that the score of a delimiter depends on. */
const scoredRows = 50
const space = 32

interface Candidate {
  delimiter: Delimiter
  score: number
}

/** Detects the delimiter, and whether the first row names the columns. */
export function detectDialect(window: TextWindow, given: GivenDialect): Dialect {
  const directive = spreadsheetDirective(window.bytes)
  const start = directive?.length ?? 0
  const rest = { ...window, bytes: window.bytes.subarray(start) }
  const delimiter = given.delimiter ?? directive?.delimiter ?? likelyDelimiter(rest, given.decimal)
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(rest.bytes, rest.isEnd, rest.isAscii, given.examinedRows)
  } catch {
    // The reader throws the same error, with its line.
    return { delimiter, start, header: given.header ?? true, emptyEnd: 0 }
  }
  return {
    delimiter,
    start,
    header: given.header ?? hasHeader(cells, rest.bytes),
    emptyEnd: countEmptyEnd(cells),
  }
}

function likelyDelimiter(window: TextWindow, decimal: 'comma' | 'point' | undefined): Delimiter {
  const candidates = delimiters.flatMap((delimiter) => scoreCandidate(window, delimiter) ?? [])
  const others = candidates.filter(({ delimiter }) => delimiter.name !== 'comma')
  const commaIsDecimal = decimal === 'comma' && others.some(({ score }) => score > 0)
  const [first, ...rest] = commaIsDecimal ? others : candidates
  return (
    rest.reduce((best, candidate) => (candidate.score > best.score ? candidate : best), first)?.delimiter ??
    delimiters[0]
  )
}

/** Undefined if the rows are invalid with this delimiter. */
function scoreCandidate(window: TextWindow, delimiter: Delimiter): Candidate | undefined {
  const cells = new CsvCells(delimiter.byte)
  try {
    cells.read(window.bytes, window.isEnd, window.isAscii, scoredRows)
  } catch {
    return undefined
  }
  return { delimiter, score: cells.rows === 0 ? 0 : computeScore(cells, delimiter, window.bytes) }
}

/** The weight of a delimiter before a blank, as in a sentence. */
const beforeBlank = 0.25
/** The bonus if every cell is a number. */
const allNumbers = 2
/** The score of a delimiter that separates nothing. */
const noDelimiter = -100

/**
 * The score of a delimiter: the delimiters per row, reduced if rows differ, plus a bonus for cells that are
 * numbers, minus the occurrences of another delimiter in the cells of every row. Other delimiters in quoted
 * cells and in numbers do not count.
 */
function computeScore(cells: CsvCells, delimiter: Delimiter, bytes: Buffer): number {
  const widths = new Map<number, number>()
  const others = delimiters.filter((other) => other !== delimiter)
  const unused = others.map(() => Number.POSITIVE_INFINITY)
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
        for (const [index, { byte }] of others.entries()) inRow[index] += occurrences(bytes, byte, start, end)
      }
    }
    for (const [index, count] of inRow.entries()) unused[index] = Math.min(unused[index], count)
  }
  const [width, rows] = [...widths].reduce((best, entry) => (entry[1] > best[1] ? entry : best))
  if (width === 1) return -Math.max(...unused)
  // A single column name above sentences, or above numbers with a decimal comma.
  const isProse = beforeBlanks === cuts
  const areDecimals = delimiter.name === 'comma' && width === 2 && numbers >= count - 1
  if (cells.width(0) === 1 && (isProse || areDecimals)) return noDelimiter
  const regular = (rows / cells.rows) ** 4
  const weight = isProse ? beforeBlank : 1
  return (width - 1) * weight * regular + (allNumbers * numbers) / Math.max(1, count) - Math.max(...unused)
}

function occurrences(bytes: Buffer, byte: number, start: number, end: number): number {
  let total = 0
  for (let index = start; index < end; index++) {
    if (bytes[index] === byte) total += bytes[index + 1] === space ? beforeBlank : 1
  }
  return total
}

/** The number of trailing cells of the first row that are empty in all rows of the window. */
function countEmptyEnd(cells: CsvCells): number {
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

/** The delimiter of a first line such as sep=;, which spreadsheets read. */
function spreadsheetDirective(bytes: Buffer): { delimiter: Delimiter; length: number } | undefined {
  const [line, character] = /^"?sep=([,;\t|])"?(?:\r\n|\n|\r)/i.exec(bytes.toString('latin1', 0, 10)) ?? []
  const delimiter = delimiters.find(({ byte }) => byte === character?.charCodeAt(0))
  return line === undefined || delimiter === undefined ? undefined : { delimiter, length: line.length }
}
