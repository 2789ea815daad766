/** Delimited text that is in memory: its header and its cells, as texts. */
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
  /** Names as they are written. */
  header: string[]
  /** The same, as an upload of this file would call its columns. */
  columns: NamedColumn[]
  /** Cut out when they are asked for. */
  rows: RowList<CsvRow>
}

export interface CsvRow {
  /** As many as the header has; empty where the line ends before. */
  cells: string[]
  /** What is wrong with the line, in words. */
  error?: string
}

/** Short lines are filled up, so that a few bytes could be many cells. */
const maximumCells = 5_000_000
const maximumColumns = 10_000

/** @throws DatasetError when the text has no header, no rows, more than `maximumRows`, or cannot be cut into cells */
export async function readCsvRows(body: Buffer, maximumRows: number): Promise<CsvRows> {
  const text = await buffer(utf8Bytes(body, await detectEncoding(body)))
  const window = { bytes: text, isEnd: true, isAscii: isAscii(text) }
  if (mayBeWiderThan(text, maximumColumns)) throw tooWide('more than')
  const { delimiter, start, emptyEnd } = detectDialect(window, { header: true })
  const cells = new CsvCells(delimiter.byte, start === 0 ? 1 : 2)
  cells.read(text.subarray(start), true, window.isAscii)
  if (cells.rows === 0) throw invalid('the text is empty: a header with the names of the columns is needed')
  const rows = cells.rows - 1
  if (rows === 0) throw invalid('there are no rows below the header')
  if (rows > maximumRows) {
    throw invalid(`there are ${rows} rows, at most ${maximumRows} are answered at once: send them in parts`)
  }
  const width = cells.width(0) - emptyEnd
  if (width > maximumColumns) throw tooWide(`${width}, more than`)
  if (rows * width > maximumCells) {
    throw invalid(`${rows} rows of ${width} columns are more than ${maximumCells} cells: send them in parts`)
  }
  const header = textsOf(cells, 0, width)
  return {
    delimiter,
    header,
    columns: namedColumns(header),
    rows: { length: rows, at: (row) => (row < rows ? readRow(cells, row + 1, width) : undefined) },
  }
}

const tooWide = (count: string) =>
  invalid(`there are ${count} ${maximumColumns} columns: leave out those that the model does not take`)

const newline = 10
const delimiters = [...',;\t|'].map((character) => character.charCodeAt(0))

/** Whether the first line has so many of one delimiter, counted before it is cut into cells. */
function mayBeWiderThan(text: Uint8Array, columns: number): boolean {
  const end = text.indexOf(newline)
  const counts = new Uint32Array(256)
  for (let place = 0; place < (end < 0 ? text.length : end); place++) counts[text[place]]++
  return delimiters.some((delimiter) => counts[delimiter] > columns)
}

function textsOf(cells: CsvCells, row: number, width: number): string[] {
  const came = cells.width(row)
  return Array.from({ length: width }, (_, column) => (column < came ? cells.text(row, column) : ''))
}

/** A line may end with delimiters that no column stands behind. */
function readRow(cells: CsvCells, row: number, width: number): CsvRow {
  const came = cells.width(row)
  const texts = textsOf(cells, row, width)
  const extra = Array.from({ length: Math.max(0, came - width) }, (_, place) =>
    cells.text(row, width + place),
  )
  if (came >= width && extra.every((text) => text === '')) return { cells: texts }
  const wrong = `line ${cells.line(row)} has ${came === 1 ? '1 cell' : `${came} cells`}, the header has ${width} columns`
  return { cells: texts, error: wrong }
}

/** Lines of cells, in quotes where it must be (RFC 4180). */
export function csvText(rows: readonly (readonly string[])[], { byte }: Delimiter): string {
  const delimiter = String.fromCharCode(byte)
  const needsQuotes = (text: string) => /["\r\n]|^\s|\s$/.test(text) || text.includes(delimiter)
  const cell = (text: string) => (needsQuotes(text) ? `"${text.replaceAll('"', '""')}"` : text)
  // A line that is empty would be none.
  const line = (cells: readonly string[]) => cells.map(cell).join(delimiter) || '""'
  return rows.map((cells) => `${line(cells)}\n`).join('')
}
