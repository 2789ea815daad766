/** Reads JSON lines (one object per line) or a JSON array of objects. The field names are the columns. */
import { scanJson } from '../../base/scan-json.js'
import { parseDecimalComma } from '../number-text.js'
import type { Batch, Cells, ColumnReading, Piece, ReadOptions, SourceColumn } from './batch.js'
import { findObjectEnd, parseExactly, readLargeInteger } from './json-values.js'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'
import { detectEncoding, utf8Bytes } from './text-bytes.js'
import { readWindows, type TextWindow } from './text-window.js'

const newline = 10
const rowsWithColumns = 1_000
/** Nested values in a row are refused. */
const maximumDepth = 1

type Value = number | string

interface ParsedObject {
  object: object
  /** The line on which it starts. */
  line: number
}

/** The characters that may follow in a list of objects. */
const expectedCharacters = { list: '[', objectOrEnd: '{]', object: '{', commaOrEnd: ',]', nothing: '' }

/**
 * The columns are all names of the first `rowsWithColumns` objects. An absent name or null is a missing
 * value. Booleans are read as the texts true and false.
 * @throws DatasetError naming line and column, or the limit exceeded
 */
export async function* readJsonLines(
  path: string,
  limits: ReadingLimits,
  options: ReadOptions = {},
): AsyncGenerator<Piece> {
  const encoding = await detectEncoding(path)
  const reader = new JsonLines(limits, options.columns ?? new Map())
  const windows = readWindows(
    utf8Bytes(path, encoding),
    limits,
    () => reader.nextLine,
    (window) => reader.read(window),
  )
  for await (const pieces of windows) yield* pieces
  if (reader.rows === 0) throw invalid('the file is empty')
}

class JsonLines {
  nextLine = 1
  rows = 0
  readonly #limits: ReadingLimits
  readonly #readings: ReadonlyMap<string, ColumnReading>
  #columns: SourceColumn[] = []
  readonly #places = new Map<string, number>()
  /** Undefined before the first character other than a blank. */
  #isArray: boolean | undefined
  #expected: keyof typeof expectedCharacters = 'list'

  constructor(limits: ReadingLimits, readings: ReadonlyMap<string, ColumnReading>) {
    this.#limits = limits
    this.#readings = readings
  }

  read(window: TextWindow): { used: number; result: Piece[] } {
    const parsed: ParsedObject[] = []
    this.#isArray ??= isArrayStart(window.bytes)
    const used = this.#isArray === true ? this.#readArray(window, parsed) : this.#readLines(window, parsed)
    if (parsed.length === 0) return { used, result: [] }
    const objects = parsed.map(({ object }) => object)
    const result: Piece[] = []
    if (this.#columns.length === 0) result.push(this.#source(objects))
    const lines = parsed.map(({ line }) => line)
    result.push({ type: 'batch', batch: this.#batch(objects, lines) })
    return { used, result }
  }

  #readLines({ bytes, isEnd }: TextWindow, parsed: ParsedObject[]): number {
    let used = 0
    while (used < bytes.length) {
      const index = bytes.indexOf(newline, used)
      if (index < 0 && !isEnd) break
      const end = index < 0 ? bytes.length : index
      const text = bytes.toString('utf8', used, end).trim()
      if (end - used > this.#limits.lineBytes) {
        throw limitExceeded(this.#limits, 'lineBytes', `line ${this.nextLine} has ${end - used} bytes`)
      }
      if (text !== '') this.#add(text, parsed)
      this.nextLine += 1
      used = Math.min(bytes.length, end + 1)
    }
    return used
  }

  /** Reads the complete objects of a list. Validates the commas and brackets between them. */
  #readArray({ bytes, isEnd }: TextWindow, parsed: ParsedObject[]): number {
    let index = 0
    while (index < bytes.length) {
      const byte = bytes[index]
      if (byte === newline) this.nextLine += 1
      if (!blanks.includes(byte)) {
        const end = this.#takeFromArray(bytes, index, parsed)
        if (end < 0) break
        index = end
      } else index += 1
    }
    if (isEnd && this.#expected !== 'nothing') {
      throw invalid(`line ${this.nextLine}: the file ends before the end of its list of objects`)
    }
    return index
  }

  /** Returns the next offset, or −1 if an object is incomplete. */
  #takeFromArray(bytes: Buffer, index: number, parsed: ParsedObject[]): number {
    const character = String.fromCharCode(bytes[index])
    const allowed = expectedCharacters[this.#expected]
    if (!allowed.includes(character)) {
      const expected = this.#expected === 'nothing' ? 'the end of the file' : allowed.split('').join(' or ')
      throw invalid(
        `line ${this.nextLine}: unexpected ${quoted(character)}; in a list of objects, ${expected} must follow`,
      )
    }
    switch (character) {
      case '[':
        this.#expected = 'objectOrEnd'
        return index + 1
      case ',':
        this.#expected = 'object'
        return index + 1
      case ']':
        this.#expected = 'nothing'
        return index + 1
    }
    const end = findObjectEnd(bytes, index)
    if (end < 0) return -1
    if (end - index > this.#limits.lineBytes) {
      throw limitExceeded(
        this.#limits,
        'lineBytes',
        `the object at line ${this.nextLine} has ${end - index} bytes`,
      )
    }
    const text = bytes.toString('utf8', index, end)
    this.#add(text, parsed)
    this.nextLine += text.split('\n').length - 1
    this.#expected = 'commaOrEnd'
    return end
  }

  #add(text: string, parsed: ParsedObject[]): void {
    parsed.push({ object: this.#parse(text), line: this.nextLine })
    this.rows += 1
    if (this.rows > this.#limits.rows) {
      throw limitExceeded(this.#limits, 'rows', `line ${this.nextLine} is row ${this.rows}`)
    }
  }

  #parse(text: string): object {
    let value: unknown
    try {
      value = parseExactly(text)
    } catch (error) {
      const hint =
        this.nextLine === 1 && /^[[{]\s*$/.test(text) ? '; each line must be a complete object' : ''
      const why = error instanceof Error ? error.message.slice(0, 200) : ''
      throw invalid(`line ${this.nextLine} is not valid JSON: ${why}${hint}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid(`line ${this.nextLine} is not an object, {"column": value, …}`)
    }
    // JSON.parse silently takes the last of repeated names.
    const { repeatedName } = scanJson(text, maximumDepth)
    if (repeatedName !== undefined) {
      throw invalid(`line ${this.nextLine} repeats the name ${quoted(repeatedName)}`)
    }
    return value
  }

  #source(objects: readonly object[]): Piece {
    for (const object of objects.slice(0, rowsWithColumns)) {
      for (const given of Object.keys(object)) {
        const name = given.normalize('NFC')
        if (this.#places.has(name)) continue
        if (name === '') throw invalid('a column has no name: an object has the name ""')
        this.#places.set(name, this.#columns.length)
        this.#columns.push({ name })
        if (this.#columns.length > this.#limits.columns) {
          throw limitExceeded(
            this.#limits,
            'columns',
            `the objects have more than ${this.#limits.columns} names`,
          )
        }
      }
    }
    if (this.#columns.length === 0) throw invalid('the objects are empty')
    return { type: 'source', source: { columns: this.#columns, warnings: [] } }
  }

  #batch(objects: readonly object[], lines: readonly number[]): Batch {
    const rows = objects.length
    const columns = this.#columns.map(() => new Array<Value>(rows).fill(''))
    for (const [row, object] of objects.entries()) {
      for (const [name, value] of Object.entries(object)) {
        const place = this.#places.get(name) ?? this.#places.get(name.normalize('NFC'))
        if (place === undefined) {
          throw invalid(
            `line ${lines[row]} has the name ${quoted(name)}, which the first ${rowsWithColumns} rows do not have: add it to one of them, for example with null`,
          )
        }
        if (this.#readings.get(this.#columns[place].name) === 'skip') continue
        columns[place][row] = this.#cell(value, lines[row], name)
      }
    }
    return {
      rows,
      columns: columns.map((values, index) => this.#cells(values, index)),
      lines: Int32Array.from(lines),
    }
  }

  #cell(value: unknown, line: number, name: string): Value {
    if (value === null) return ''
    if (typeof value === 'boolean') return String(value)
    if (typeof value === 'number') {
      if (Number.isFinite(value)) return value
      throw invalid(`line ${line}, column ${quoted(name)}: the number is too large for a float64`)
    }
    if (typeof value === 'string') {
      if (value.length <= this.#limits.cellLength) return value.normalize('NFC')
      throw limitExceeded(
        this.#limits,
        'cellLength',
        `line ${line}, column ${quoted(name)}: the text has ${value.length} characters`,
      )
    }
    throw invalid(
      `line ${line}, column ${quoted(name)}: lists and objects in a row are not supported; to ignore the column: types=${name}:ignored`,
    )
  }

  #cells(values: readonly Value[], index: number): Cells {
    const reading = this.#readings.get(this.#columns[index].name) ?? 'infer'
    switch (reading) {
      case 'skip':
        return { type: 'skipped', rows: values.length }
      case 'text':
        break
      case 'infer':
      case 'decimalComma': {
        const numbers = Float64Array.from(values, (value) => readNumber(value, reading))
        const isNumber = values.every((value, row) => value === '' || !Number.isNaN(numbers[row]))
        if (isNumber) return { type: 'number', values: numbers }
        break
      }
      default:
        reading satisfies never
    }
    return { type: 'text', cells: values.map((value) => readText(value)) }
  }
}

/** Reads a number, or a text with a decimal comma. NaN for other values. */
function readNumber(value: Value, reading: ColumnReading): number {
  if (typeof value === 'number') return value
  return reading === 'decimalComma' ? (parseDecimalComma(value.trim()) ?? Number.NaN) : Number.NaN
}

const readText = (value: Value) =>
  typeof value === 'string' ? (readLargeInteger(value) ?? value) : String(value)

const blanks = [32, 9, 10, 13]
const byteOrderMark = [0xef, 0xbb, 0xbf]

/** Undefined if there are only blanks. */
function isArrayStart(bytes: Buffer): boolean | undefined {
  const first = bytes.find((byte) => !blanks.includes(byte) && !byteOrderMark.includes(byte))
  return first === undefined ? undefined : first === 91
}
