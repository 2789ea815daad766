/** Splits delimited text (RFC 4180) into rows and cells by byte offsets, without creating strings. */
import { invalid } from './limits.js'

export interface Delimiter {
  byte: number
  name: string
}

export const delimiters: readonly Delimiter[] = [
  { byte: 44, name: 'comma' },
  { byte: 59, name: 'semicolon' },
  { byte: 9, name: 'tab' },
  { byte: 124, name: 'bar' },
]

const tab = 9
const newline = 10
const carriageReturn = 13
const space = 32
const quote = 34

/** V8 copies slices shorter than this. A longer slice keeps its complete source text in memory. */
const copiedLength = 13

const kinds = { plain: 0, delimiter: 1, newline: 2, carriageReturn: 3, quote: 4, zero: 5 }

function byteKinds(delimiter: number): Uint8Array {
  const table = new Uint8Array(256)
  table[delimiter] = kinds.delimiter
  table[newline] = kinds.newline
  table[carriageReturn] = kinds.carriageReturn
  table[quote] = kinds.quote
  table[0] = kinds.zero
  return table
}

export class CsvCells {
  readonly #kinds: Uint8Array
  readonly #delimiter: number
  /** Start and end of each cell. The start of a quoted cell is stored as −start − 1. */
  #places = new Int32Array(4_096)
  #cells = 0
  /** The index of the first cell of each row, and of the cell after the last. */
  #firsts: number[] = [0]
  #lines: number[] = []
  /** The line of the next byte. */
  #line: number
  #bytes: Buffer = Buffer.alloc(0)
  #isAscii = false
  /** The bytes as a string of one character per byte, created on first use. */
  #ascii: string | undefined

  constructor(delimiter: number, firstLine = 1) {
    this.#line = firstLine
    this.#delimiter = delimiter
    this.#kinds = byteKinds(delimiter)
  }

  get rows(): number {
    return this.#lines.length
  }

  /** The line on which reading continues. */
  get nextLine(): number {
    return this.#line
  }

  /** The line on which a row starts, from 1. */
  line(row: number): number {
    return this.#lines[row]
  }

  width(row: number): number {
    return this.#firsts[row + 1] - this.#firsts[row]
  }

  /**
   * Reads the complete rows of `bytes`, at most `maximumRows`, and discards the previous ones. The last row
   * of the file needs no line break. Skips blank lines. Returns the number of bytes consumed.
   * @throws DatasetError naming the line of a misplaced quote or a NUL byte
   */
  read(bytes: Buffer, isEnd: boolean, isAscii: boolean, maximumRows = Number.POSITIVE_INFINITY): number {
    this.#bytes = bytes
    this.#isAscii = isAscii
    this.#ascii = undefined
    this.#cells = 0
    this.#firsts = [0]
    this.#lines = []
    let used = 0
    while (used < bytes.length && this.rows < maximumRows) {
      const next = this.#readRow(used, isEnd)
      if (next < 0) break
      used = next
    }
    return used
  }

  /** Returns the offset of the next row, or −1 if the row is incomplete. */
  #readRow(start: number, isEnd: boolean): number {
    const bytes = this.#bytes
    const kindByByte = this.#kinds
    const length = bytes.length
    const firstCell = this.#cells
    const firstLine = this.#line
    let index = start
    for (;;) {
      while (index < length && this.#isBlank(bytes[index])) index += 1
      let cellStart = index
      let cellEnd: number
      if (index < length && bytes[index] === quote) {
        const closing = this.#closingQuote(index + 1)
        if (closing < 0) {
          if (isEnd) throw invalid(`line ${firstLine}: the file ends in a quoted cell`)
          return this.#incomplete(firstCell, firstLine)
        }
        cellStart = -(index + 1) - 1
        cellEnd = closing
        index = closing + 1
        while (index < length && this.#isBlank(bytes[index])) index += 1
        const kind = index < length ? kindByByte[bytes[index]] : kinds.newline
        if (kind === kinds.plain || kind === kinds.quote || kind === kinds.zero) {
          throw invalid(
            `line ${this.#line}: only a delimiter or the end of the line may follow a closing quote`,
          )
        }
      } else {
        while (index < length && kindByByte[bytes[index]] === kinds.plain) index += 1
        cellEnd = index
        while (cellEnd > cellStart && this.#isBlank(bytes[cellEnd - 1])) cellEnd -= 1
      }
      const kind = index < length ? kindByByte[bytes[index]] : -1
      if (kind === kinds.quote) {
        throw invalid(`line ${this.#line}: a cell has a quote but does not start with one`)
      }
      if (kind === kinds.zero) throw invalid(`line ${this.#line} has a NUL byte: this is not a text file`)
      const mayContinue = kind < 0 || (kind === kinds.carriageReturn && index + 1 === length)
      if (mayContinue && !isEnd) return this.#incomplete(firstCell, firstLine)
      this.#addCell(cellStart, cellEnd)
      index += 1
      if (kind === kinds.delimiter) continue
      if (kind === kinds.carriageReturn && bytes[index] === newline) index += 1
      this.#line += 1
      const isBlank = this.#cells === firstCell + 1 && cellStart === cellEnd
      if (isBlank) this.#cells = firstCell
      else {
        this.#lines.push(firstLine)
        this.#firsts.push(this.#cells)
      }
      return Math.min(index, length)
    }
  }

  #incomplete(firstCell: number, firstLine: number): number {
    this.#cells = firstCell
    this.#line = firstLine
    return -1
  }

  #isBlank(byte: number): boolean {
    return byte === space || (byte === tab && this.#delimiter !== tab)
  }

  /** Returns the offset of the closing quote, or −1. Counts the lines in the quotes. */
  #closingQuote(start: number): number {
    const bytes = this.#bytes
    for (let index = start; index < bytes.length; index++) {
      const byte = bytes[index]
      if (byte === quote) {
        if (bytes[index + 1] !== quote) return index
        index += 1
      } else if (byte === newline || (byte === carriageReturn && bytes[index + 1] !== newline)) {
        this.#line += 1
      } else if (byte === 0) {
        throw invalid(`line ${this.#line} has a NUL byte: this is not a text file`)
      }
    }
    return -1
  }

  #addCell(start: number, end: number): void {
    if (this.#cells * 2 === this.#places.length) {
      const grown = new Int32Array(this.#places.length * 2)
      grown.set(this.#places)
      this.#places = grown
    }
    this.#places[this.#cells * 2] = start
    this.#places[this.#cells * 2 + 1] = end
    this.#cells += 1
  }

  /** The offset of a cell without its quotes. An empty cell ends at its start. */
  start(row: number, column: number): number {
    const start = this.#places[(this.#firsts[row] + column) * 2]
    return start < 0 ? -start - 1 : start
  }

  isQuoted(row: number, column: number): boolean {
    return this.#places[(this.#firsts[row] + column) * 2] < 0
  }

  end(row: number, column: number): number {
    return this.#places[(this.#firsts[row] + column) * 2 + 1]
  }

  text(row: number, column: number): string {
    const index = (this.#firsts[row] + column) * 2
    const start = this.#places[index]
    const end = this.#places[index + 1]
    const isQuoted = start < 0
    const from = isQuoted ? -start - 1 : start
    const text = this.#slice(from, end)
    return isQuoted && text.includes('"') ? text.replaceAll('""', '"') : text
  }

  #slice(start: number, end: number): string {
    if (!this.#isAscii || end - start >= copiedLength) return this.#bytes.toString('utf8', start, end)
    this.#ascii ??= this.#bytes.toString('latin1')
    return this.#ascii.slice(start, end)
  }
}
