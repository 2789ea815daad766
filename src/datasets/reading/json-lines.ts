/** JSON lines: an object a line, its names being the columns. */
import { outlineOf } from '../../contract/json-outline.js'
import type { Batch, Cells, ColumnReading, Piece, ReadOptions, SourceColumn } from './batch.js'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'
import { detectEncoding, utf8Bytes } from './text-bytes.js'
import { overWindows, type TextWindow } from './text-window.js'

const newline = 10
const rowsLookedAt = 1_000
/** Whatever is within a row is refused. */
const deepestRow = 1

type Value = number | string

/**
 * The columns are all names of the first thousand lines; a line that lacks one, or has null for it, has a missing value there.
 * Booleans come as the texts true and false.
 * @throws DatasetError naming line and column, or the limit that was passed
 */
export async function* readJsonLines(
  path: string,
  limits: ReadingLimits,
  options: ReadOptions = {},
): AsyncGenerator<Piece> {
  const encoding = await detectEncoding(path)
  const reader = new JsonLines(limits, options.columns ?? new Map())
  const windows = overWindows(
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

  constructor(limits: ReadingLimits, readings: ReadonlyMap<string, ColumnReading>) {
    this.#limits = limits
    this.#readings = readings
  }

  read({ bytes, isEnd }: TextWindow): { used: number; made: Piece[] } {
    const objects: object[] = []
    const lines: number[] = []
    let used = 0
    while (used < bytes.length) {
      const found = bytes.indexOf(newline, used)
      if (found < 0 && !isEnd) break
      const end = found < 0 ? bytes.length : found
      const text = bytes.toString('utf8', used, end).trim()
      if (end - used > this.#limits.lineBytes) {
        throw beyond(this.#limits, 'lineBytes', `line ${this.nextLine} has ${end - used} bytes`)
      }
      if (text !== '') {
        objects.push(this.#parse(text))
        lines.push(this.nextLine)
        this.rows += 1
        if (this.rows > this.#limits.rows) {
          throw beyond(this.#limits, 'rows', `line ${this.nextLine} is row ${this.rows}`)
        }
      }
      this.nextLine += 1
      used = Math.min(bytes.length, end + 1)
    }
    if (objects.length === 0) return { used, made: [] }
    const made: Piece[] = []
    if (this.#columns.length === 0) made.push(this.#source(objects))
    made.push({ type: 'batch', batch: this.#batch(objects, lines) })
    return { used, made }
  }

  #parse(text: string): object {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      const hint = this.nextLine === 1 && /^[[{]\s*$/.test(text) ? '; each line must be a whole object' : ''
      const why = error instanceof Error ? error.message.slice(0, 200) : ''
      throw invalid(`line ${this.nextLine} is not valid JSON: ${why}${hint}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid(`line ${this.nextLine} is not an object, {"column": value, …}`)
    }
    // The last would win, and nobody would know.
    const { repeatedName } = outlineOf(text, deepestRow)
    if (repeatedName !== undefined) {
      throw invalid(`line ${this.nextLine} has the name ${quoted(repeatedName)} twice`)
    }
    return value
  }

  #source(objects: readonly object[]): Piece {
    for (const object of objects.slice(0, rowsLookedAt)) {
      for (const name of Object.keys(object)) {
        if (this.#places.has(name)) continue
        if (name === '') throw invalid('a column has no name: an object has the name ""')
        this.#places.set(name, this.#columns.length)
        this.#columns.push({ name })
        if (this.#columns.length > this.#limits.columns) {
          throw beyond(this.#limits, 'columns', `the lines have more than ${this.#limits.columns} names`)
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
        const place = this.#places.get(name)
        if (place === undefined) {
          throw invalid(
            `line ${lines[row]} has ${quoted(name)}, which none of the first ${rowsLookedAt} lines has: give it to one of them, null will do`,
          )
        }
        columns[place][row] = this.#cell(value, lines[row], name)
      }
    }
    return {
      rows,
      columns: columns.map((values, place) => this.#cells(values, place)),
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
      if (value.length <= this.#limits.cellLength) return value
      throw beyond(
        this.#limits,
        'cellLength',
        `line ${line}, column ${quoted(name)}: the text has ${value.length} characters`,
      )
    }
    throw invalid(`line ${line}, column ${quoted(name)}: lists and objects within a row cannot be read`)
  }

  #cells(values: readonly Value[], place: number): Cells {
    const wantsText = this.#readings.get(this.#columns[place].name) === 'text'
    if (!wantsText && values.every((value) => typeof value === 'number' || value === '')) {
      return {
        type: 'number',
        values: Float64Array.from(values, (value) => (value === '' ? Number.NaN : Number(value))),
      }
    }
    return { type: 'text', cells: values.map(String) }
  }
}
