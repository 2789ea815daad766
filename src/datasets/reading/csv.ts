/** Reads delimited text such as CSV and TSV, of any size. */
import { isIntegerText } from '../number-text.js'
import type { Batch, Cells, ColumnReading, Piece, ReadOptions, SourceColumn } from './batch.js'
import { CsvCells, delimiters } from './csv-cells.js'
import { type Dialect, detectDialect, type GivenDialect } from './csv-dialect.js'
import { namedColumns } from './csv-names.js'
import { invalid, limitExceeded, type ReadingLimits } from './limits.js'
import { decimalCommaInCell, numberInCell } from './number-cells.js'
import { detectEncoding, utf8Bytes } from './text-bytes.js'
import { readWindows, type TextWindow } from './text-window.js'

export interface CsvOptions {
  delimiter?: 'comma' | 'semicolon' | 'tab' | 'bar' | undefined
  header?: boolean | undefined
  /** The decimal separator. A decimal comma is not a delimiter. */
  decimal?: 'comma' | 'point' | undefined
}

/**
 * Reads rows of cells. The first row names the columns unless it contains numbers. Ignores blank lines, and
 * blanks around unquoted cells. In each batch a column is numbers if all its cells are numbers or empty, else
 * texts.
 * @throws DatasetError naming line and column, or the limit exceeded
 */
export async function* readCsv(
  path: string,
  limits: ReadingLimits,
  given: CsvOptions,
  { columns: readings = new Map() }: ReadOptions = {},
): AsyncGenerator<Piece> {
  const encoding = await detectEncoding(path)
  let reader: CsvReader | undefined
  const pieces = readWindows(
    utf8Bytes(path, encoding),
    limits,
    () => reader?.nextLine ?? 1,
    (window): { used: number; result: Piece[] } => {
      if (reader !== undefined) return reader.read(window)
      const wholeRow = window.isEnd || window.bytes.includes('\n') || window.bytes.includes('\r')
      if (!wholeRow) return { used: 0, result: [] }
      const dialect = detectDialect(window, toDialect(given))
      reader = new CsvReader(dialect, limits, readings)
      const { used, result } = reader.read({ ...window, bytes: window.bytes.subarray(dialect.start) })
      return { used: dialect.start + used, result }
    },
  )
  for await (const ready of pieces) {
    for (const piece of ready) {
      if (piece.type === 'source' && encoding === 'windows-1252')
        piece.source.warnings.push('The file is not UTF-8, so it was read as windows-1252 (Latin-1).')
      yield piece
    }
  }
  if (reader === undefined || reader.columns === undefined) throw invalid('the file is empty')
  if (reader.rows === 0) throw invalid('there are no rows below the header')
}

const toDialect = ({ delimiter, ...given }: CsvOptions): GivenDialect => ({
  ...given,
  delimiter: delimiters.find(({ name }) => name === delimiter),
})

class CsvReader {
  columns: SourceColumn[] | undefined
  rows = 0
  readonly #dialect: Dialect
  readonly #limits: ReadingLimits
  readonly #readings: ReadonlyMap<string, ColumnReading>
  readonly #cells: CsvCells
  #isAscii = false

  constructor(dialect: Dialect, limits: ReadingLimits, readings: ReadonlyMap<string, ColumnReading>) {
    this.#dialect = dialect
    this.#limits = limits
    this.#readings = readings
    this.#cells = new CsvCells(dialect.delimiter.byte, dialect.start === 0 ? 1 : 2)
  }

  get nextLine(): number {
    return this.#cells.nextLine
  }

  read({ bytes, isEnd, isAscii }: TextWindow): { used: number; result: Piece[] } {
    this.#isAscii = isAscii
    const used = this.#cells.read(bytes, isEnd, isAscii)
    const result: Piece[] = []
    let first = 0
    if (this.columns === undefined && this.#cells.rows > 0) {
      const warnings: string[] = []
      this.columns = this.#dialect.header ? this.#header(warnings) : this.#numberedColumns(warnings)
      result.push({ type: 'source', source: { columns: this.columns, warnings } })
      if (this.#dialect.header) first = 1
    }
    if (this.columns !== undefined && this.#cells.rows > first) {
      result.push({ type: 'batch', batch: this.#batch(bytes, first, this.columns) })
    }
    return { used, result }
  }

  /** The number of columns. */
  #width(): number {
    return this.#cells.width(0) - this.#dialect.emptyEnd
  }

  #checkWidth(width: number): void {
    if (width > this.#limits.columns)
      throw limitExceeded(this.#limits, 'columns', `the file has ${width} columns`)
  }

  #header(warnings: string[]): SourceColumn[] {
    const width = this.#width()
    this.#checkLine(0)
    this.#checkWidth(this.#cells.width(0))
    const texts = Array.from({ length: width }, (_, column) => {
      this.#checkLength(0, column)
      return this.#text(0, column)
    })
    return namedColumns(texts).map(({ name, isNamed }, column) => {
      if (isNamed) return { name }
      warnings.push(`Column ${column + 1} has no name in the header, so its name is ${name}.`)
      return { name, suggestedRole: 'feature' }
    })
  }

  #numberedColumns(warnings: string[]): SourceColumn[] {
    const width = this.#width()
    this.#checkWidth(this.#cells.width(0))
    warnings.push(
      `The first line was read as data; the column names are column1 to column${width}. If it names the columns: header=true`,
    )
    return Array.from({ length: width }, (_, column) => ({ name: `column${column + 1}` }))
  }

  #checkLength(row: number, column: number): void {
    const cells = this.#cells
    // The number of bytes is at least the number of characters, and cheaper to get.
    if (cells.end(row, column) - cells.start(row, column) <= this.#limits.cellLength) return
    const { length } = cells.text(row, column)
    if (length <= this.#limits.cellLength) return
    throw limitExceeded(
      this.#limits,
      'cellLength',
      `line ${cells.line(row)}, cell ${column + 1} has ${length} characters`,
    )
  }

  #batch(bytes: Buffer, first: number, columns: readonly SourceColumn[]): Batch {
    const cells = this.#cells
    const [width, rows] = [columns.length, cells.rows - first]
    this.#checkRows(first, width)
    const lines = Int32Array.from({ length: rows }, (_, row) => cells.line(first + row))
    const values = new Float64Array(width * rows)
    const isText = new Uint8Array(width)
    const readings = columns.map(({ name }) => this.#readings.get(name) ?? 'infer')
    for (const [column, reading] of readings.entries()) {
      isText[column] = reading === 'text' || reading === 'skip' ? 1 : 0
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < width; column++) {
        if (isText[column] === 1) continue
        const start = cells.start(first + row, column)
        const end = cells.end(first + row, column)
        const value =
          readings[column] === 'decimalComma'
            ? decimalCommaInCell(bytes, start, end)
            : numberInCell(bytes, start, end)
        if (start !== end && (Number.isNaN(value) || isLargeInteger(value, bytes, start, end))) {
          isText[column] = 1
        }
        values[column * rows + row] = value
      }
    }
    const batchColumns = readings.map((reading, column): Cells => {
      if (reading === 'skip') return { type: 'skipped', rows }
      if (isText[column] === 0)
        return { type: 'number', values: values.subarray(column * rows, (column + 1) * rows) }
      const texts = Array.from({ length: rows }, (_, row) => {
        this.#checkLength(first + row, column)
        return this.#text(first + row, column)
      })
      return { type: 'text', cells: texts }
    })
    return { rows, columns: batchColumns, lines }
  }

  /** Normalized to NFC, so that equal words are equal texts. */
  #text(row: number, column: number): string {
    const text = this.#cells.text(row, column)
    return this.#isAscii ? text : text.normalize('NFC')
  }

  #checkLine(row: number): void {
    const cells = this.#cells
    const bytes = cells.end(row, cells.width(row) - 1) - cells.start(row, 0)
    if (bytes > this.#limits.lineBytes)
      throw limitExceeded(this.#limits, 'lineBytes', `line ${cells.line(row)} has ${bytes} bytes`)
  }

  /** Whether all cells after the last column are empty. */
  #isEmptyFrom(row: number, width: number): boolean {
    const cells = this.#cells
    for (let column = width; column < cells.width(row); column++) {
      if (cells.start(row, column) !== cells.end(row, column)) return false
    }
    return true
  }

  #checkRows(first: number, width: number): void {
    const cells = this.#cells
    for (let row = first; row < cells.rows; row++) {
      this.#checkLine(row)
      if (this.rows === this.#limits.rows) {
        throw limitExceeded(this.#limits, 'rows', `line ${cells.line(row)} is row ${this.rows + 1}`)
      }
      this.rows += 1
      const count = cells.width(row)
      if (count === width || (count > width && this.#isEmptyFrom(row, width))) continue
      const columns = width === 1 ? '1 column' : `${width} columns`
      const other = this.#dialect.header ? `the header has ${columns}` : `the first line has ${width}`
      throw invalid(
        `line ${cells.line(row)} has ${count === 1 ? '1 cell' : `${count} cells`}, ${other}: every line needs the same number. Remove lines above the header, or set the delimiter, as in delimiter=semicolon`,
      )
    }
  }
}

/** Whether the digits are an integer that a float64 rounds. */
function isLargeInteger(value: number, bytes: Buffer, start: number, end: number): boolean {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false
  return isIntegerText(bytes.toString('latin1', start, end).trim())
}
