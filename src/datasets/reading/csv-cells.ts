/** Cuts bytes of delimited text into rows and cells (RFC 4180), by place, without making strings. */
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

/** V8 copies slices shorter than this; a longer one would keep all the text that it was cut from. */
const copiedLength = 13

const kinds = { plain: 0, delimiter: 1, newline: 2, carriageReturn: 3, quote: 4, zero: 5 }

function kindsOfBytes(delimiter: number): Uint8Array {
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
  /** Start and end of each cell; a quoted cell's start is stored as −start − 1. */
  #places = new Int32Array(4_096)
  #cells = 0
  /** Number of the first cell of each row, and of the cell behind the last. */
  #firsts: number[] = [0]
  #lines: number[] = []
  /** The line that the next byte to be read lies on. */
  #line: number
  #bytes: Buffer = Buffer.alloc(0)
  #isAscii = false
  /** The bytes as a string, where each is a character; made when first needed. */
  #ascii: string | undefined

  constructor(delimiter: number, firstLine = 1) {
    this.#line = firstLine
    this.#delimiter = delimiter
    this.#kinds = kindsOfBytes(delimiter)
  }

  get rows(): number {
    return this.#lines.length
  }

  /** The line on which reading goes on. */
  get nextLine(): number {
    return this.#line
  }

  /** The line on which a row begins, counted from 1. */
  line(row: number): number {
    return this.#lines[row]
  }

  width(row: number): number {
    return this.#firsts[row + 1] - this.#firsts[row]
  }

  /**
   * Reads all rows that are complete in `bytes`, at most `maximumRows`, and forgets those read before; the last row
   * needs no line break when the file ends there. Blank lines do not count. Returns how many bytes were used up.
   * @throws DatasetError naming the line of a misplaced quote or a zero byte
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

  /** Returns where the next row begins, or −1 when the row is not complete. */
  #readRow(start: number, isEnd: boolean): number {
    const bytes = this.#bytes
    const kindOf = this.#kinds
    const length = bytes.length
    const firstCell = this.#cells
    const firstLine = this.#line
    let place = start
    for (;;) {
      while (place < length && this.#isBlank(bytes[place])) place += 1
      let cellStart = place
      let cellEnd: number
      if (place < length && bytes[place] === quote) {
        const closing = this.#closingQuote(place + 1)
        if (closing < 0) {
          if (isEnd) throw invalid(`line ${firstLine}: the file ends inside a quoted cell`)
          return this.#incomplete(firstCell, firstLine)
        }
        cellStart = -(place + 1) - 1
        cellEnd = closing
        place = closing + 1
        while (place < length && this.#isBlank(bytes[place])) place += 1
        const kind = place < length ? kindOf[bytes[place]] : kinds.newline
        if (kind === kinds.plain || kind === kinds.quote || kind === kinds.zero) {
          throw invalid(
            `line ${this.#line}: only a delimiter or the end of the line may follow a closing quote`,
          )
        }
      } else {
        while (place < length && kindOf[bytes[place]] === kinds.plain) place += 1
        cellEnd = place
        while (cellEnd > cellStart && this.#isBlank(bytes[cellEnd - 1])) cellEnd -= 1
      }
      const kind = place < length ? kindOf[bytes[place]] : -1
      if (kind === kinds.quote) {
        throw invalid(`line ${this.#line}: a quote stands inside a cell that does not begin with one`)
      }
      if (kind === kinds.zero) throw invalid(`line ${this.#line} holds a zero byte: this is not a text file`)
      const mayGoOn = kind < 0 || (kind === kinds.carriageReturn && place + 1 === length)
      if (mayGoOn && !isEnd) return this.#incomplete(firstCell, firstLine)
      this.#addCell(cellStart, cellEnd)
      place += 1
      if (kind === kinds.delimiter) continue
      if (kind === kinds.carriageReturn && bytes[place] === newline) place += 1
      this.#line += 1
      const isBlank = this.#cells === firstCell + 1 && cellStart === cellEnd
      if (isBlank) this.#cells = firstCell
      else {
        this.#lines.push(firstLine)
        this.#firsts.push(this.#cells)
      }
      return Math.min(place, length)
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

  /** Counts the lines within the quotes; −1 when they are not closed within the bytes. */
  #closingQuote(start: number): number {
    const bytes = this.#bytes
    for (let place = start; place < bytes.length; place++) {
      const byte = bytes[place]
      if (byte === quote) {
        if (bytes[place + 1] !== quote) return place
        place += 1
      } else if (byte === newline || (byte === carriageReturn && bytes[place + 1] !== newline)) {
        this.#line += 1
      } else if (byte === 0) {
        throw invalid(`line ${this.#line} holds a zero byte: this is not a text file`)
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

  /** Where a cell lies in the bytes, its quotes left out; an empty cell has its end at its start. */
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
    const place = (this.#firsts[row] + column) * 2
    const start = this.#places[place]
    const end = this.#places[place + 1]
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
