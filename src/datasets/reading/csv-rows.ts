/** Delimited text that is in memory: its header and its cells, as texts. */
import { isAscii, isUtf8 } from 'node:buffer'
import { CsvCells, type Delimiter } from './csv-cells.js'
import { detectDialect } from './csv-dialect.js'
import { invalid, quoted } from './limits.js'

export interface CsvRows {
  delimiter: Delimiter
  names: string[]
  rows: string[][]
}

/** @throws DatasetError when the text is no UTF-8, has no header, ragged rows, or more than `maximumRows` */
export function readCsvRows(body: Buffer, maximumRows: number): CsvRows {
  const isMarked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  const bytes = isMarked ? body.subarray(3) : body
  if (!isUtf8(bytes)) throw invalid('the text is not UTF-8: save the file with UTF-8 encoding')
  const window = { bytes, isEnd: true, isAscii: isAscii(bytes) }
  const { delimiter, emptyEnd } = detectDialect(window, { header: true })
  const cells = new CsvCells(delimiter.byte)
  cells.read(bytes, true, window.isAscii)
  if (cells.rows === 0) throw invalid('the text is empty: a header with the names of the columns is needed')
  const width = cells.width(0) - emptyEnd
  const textsOf = (row: number) =>
    Array.from({ length: width }, (_, column) => cells.text(row, column).trim().normalize('NFC'))
  const names = textsOf(0)
  const repeated = names.find((name, place) => names.indexOf(name) !== place)
  if (repeated !== undefined) throw invalid(`two columns are called ${quoted(repeated)}`)
  if (cells.rows - 1 > maximumRows) {
    throw invalid(
      `there are ${cells.rows - 1} rows, at most ${maximumRows} are answered at once: send them in parts`,
    )
  }
  const rows: string[][] = []
  for (let row = 1; row < cells.rows; row++) {
    if (cells.width(row) !== cells.width(0)) {
      throw invalid(`line ${cells.line(row)} has ${cells.width(row)} cells, the header has ${cells.width(0)}`)
    }
    rows.push(textsOf(row))
  }
  if (rows.length === 0) throw invalid('there are no rows below the header')
  return { delimiter, names, rows }
}

/** Lines of cells, in quotes where it must be (RFC 4180). */
export function csvText(rows: readonly (readonly string[])[], { byte }: Delimiter): string {
  const delimiter = String.fromCharCode(byte)
  const needsQuotes = (text: string) => /["\r\n]|^\s|\s$/.test(text) || text.includes(delimiter)
  const cell = (text: string) => (needsQuotes(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return rows.map((row) => `${row.map(cell).join(delimiter)}\n`).join('')
}
