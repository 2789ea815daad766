/** Reads delimited text in memory as a header and rows of texts. */
import { isAscii } from 'node:buffer'
import { buffer } from 'node:stream/consumers'
import type { RowList } from '../raw-rows.js'
import { CsvCells, type Delimiter } from './csv-cells.js'
import { detectDialect } from './csv-dialect.js'
import { type NamedColumn, namedColumns } from './csv-names.js'
import { invalid } from './limits.js'
import { detectEncoding, utf8Bytes } from './text-bytes.js'

export interface CsvRows {
  delimiter: Delimiter
  /** Names as written. */
  header: string[]
  /** The column names that an upload of this file has. */
  columns: NamedColumn[]
  /** Created on access. */
  rows: RowList<CsvRow>
}

interface CsvRow {
  /** As many as the header. Cells after the end of the line are empty. */
  cells: string[]
  /** The error of an invalid line. */
  error?: string
}

/** Limits memory, because short lines are padded to the width of the header. */
const maximumCells = 5_000_000
const maximumColumns = 10_000

/** @throws DatasetError when the text has no header, no rows, more than `maximumRows`, or invalid cells */
export async function readCsvRows(body: Buffer, maximumRows: number): Promise<CsvRows> {
  const text = await buffer(utf8Bytes(body, await detectEncoding(body)))
  const window = { bytes: text, isEnd: true, isAscii: isAscii(text) }
  if (mayBeWiderThan(text, maximumColumns)) throw tooWide('more than')
  // The header, the rows, and one that is too many.
  const examinedRows = maximumRows + 2
  const { delimiter, start, emptyEnd } = detectDialect(window, { header: true, examinedRows })
  const cells = new CsvCells(delimiter.byte, start === 0 ? 1 : 2)
  cells.read(text.subarray(start), true, window.isAscii, examinedRows)
  if (cells.rows === 0) throw invalid('the text is empty: a header with the column names is required')
  const rows = cells.rows - 1
  if (rows === 0) throw invalid('there are no rows below the header')
  if (rows > maximumRows) {
    throw invalid(`there are more than ${maximumRows} rows, the limit per request: send them in parts`)
  }
  const width = cells.width(0) - emptyEnd
  if (width > maximumColumns) throw tooWide(`${width}, more than`)
  if (rows * width > maximumCells) {
    throw invalid(
      `there are ${rows} rows of ${width} columns; the limit is ${maximumCells} cells: send them in parts`,
    )
  }
  const header = readTexts(cells, 0, width)
  return {
    delimiter,
    header,
    columns: namedColumns(header),
    rows: { length: rows, at: (row) => (row < rows ? readRow(cells, row + 1, width) : undefined) },
  }
}

const tooWide = (count: string) =>
  invalid(`there are ${count} ${maximumColumns} columns: remove those that the model does not use`)

const newline = 10
const delimiters = [...',;\t|'].map((character) => character.charCodeAt(0))

/**
 * Whether the first line has more than this number of one delimiter. Cheaper than splitting it into cells.
 */
function mayBeWiderThan(text: Uint8Array, columns: number): boolean {
  const end = text.indexOf(newline)
  const counts = new Uint32Array(256)
  for (let index = 0; index < (end < 0 ? text.length : end); index++) counts[text[index]]++
  return delimiters.some((delimiter) => counts[delimiter] > columns)
}

function readTexts(cells: CsvCells, row: number, width: number): string[] {
  const available = cells.width(row)
  return Array.from({ length: width }, (_, column) => (column < available ? cells.text(row, column) : ''))
}

/** Allows empty cells after the last column. */
function readRow(cells: CsvCells, row: number, width: number): CsvRow {
  const count = cells.width(row)
  const texts = readTexts(cells, row, width)
  const extra = Array.from({ length: Math.max(0, count - width) }, (_, index) =>
    cells.text(row, width + index),
  )
  if (count >= width && extra.every((text) => text === '')) return { cells: texts }
  const error = `line ${cells.line(row)} has ${count === 1 ? '1 cell' : `${count} cells`}, the header has ${width} columns`
  return { cells: texts, error }
}

/** Formats rows as delimited text, with quotes where required (RFC 4180). */
export function csvText(rows: readonly (readonly string[])[], { byte }: Delimiter): string {
  const delimiter = String.fromCharCode(byte)
  const needsQuotes = (text: string) => /["\r\n]|^\s|\s$/.test(text) || text.includes(delimiter)
  const cell = (text: string) => (needsQuotes(text) ? `"${text.replaceAll('"', '""')}"` : text)
  // An empty line is not a row.
  const line = (cells: readonly string[]) => cells.map(cell).join(delimiter) || '""'
  return rows.map((cells) => `${line(cells)}\n`).join('')
}
