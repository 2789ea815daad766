/** Turns the cells of a CSV file, line after line, into a table. */
import { GrowingNumbers } from './growing-numbers.js'
import { parseNumber } from './number-text.js'
import { shown } from './shown-text.js'
import { type ColumnHead, DatasetError, describeTable, type Table } from './table.js'

export interface CsvLimits {
  maximumRows: number
  maximumColumns: number
  maximumBytes: number
  /** In characters. */
  maximumCellLength: number
}

export class CsvRows {
  readonly #chosenTarget: string | undefined
  readonly #limits: CsvLimits
  readonly #values = new GrowingNumbers()
  /** Class names with their number in order of appearance; undefined until the first row shows that there are classes. */
  #classes: Map<string, number> | undefined
  #names: string[] = []
  #target = -1
  #rows = 0

  constructor(target: string | undefined, limits: CsvLimits) {
    this.#chosenTarget = target
    this.#limits = limits
  }

  /** Takes the cells of the next line; the first is the header. `line` is its number in the file, for messages. */
  take(cells: readonly string[], line: number): void {
    for (const [place, cell] of cells.entries()) {
      if (cell.length > this.#limits.maximumCellLength) {
        const message = `line ${line}, cell ${place + 1} has ${cell.length} characters, at most ${this.#limits.maximumCellLength} are allowed`
        throw new DatasetError('dataset-too-large', message)
      }
    }
    if (this.#names.length === 0) this.#takeHeader(cells)
    else this.#takeRow(cells, line)
  }

  #takeHeader(cells: readonly string[]): void {
    const { maximumColumns } = this.#limits
    if (cells.length > maximumColumns) {
      const message = `the file has ${cells.length} columns, at most ${maximumColumns} are allowed`
      throw new DatasetError('dataset-too-large', message)
    }
    if (cells.length === 1 && /[;\t]/.test(cells[0])) {
      throw invalid(`the header is one single cell, ${shown(cells[0])}: separate the columns with commas`)
    }
    if (cells.every((cell) => parseNumber(cell) !== undefined)) {
      throw invalid(`the first line holds only numbers, but it must name the columns: add a header line`)
    }
    const seen = new Set<string>()
    for (const [place, name] of cells.entries()) {
      if (name === '') throw invalid(`column ${place + 1} has no name in the header`)
      if (seen.has(name)) throw invalid(`two columns are called ${shown(name)}`)
      seen.add(name)
    }
    if (cells.length === 1) {
      throw invalid(
        `there is only one column, ${shown(cells[0])}: at least one feature and a target are needed`,
      )
    }
    this.#target = this.#chosenTarget === undefined ? cells.length - 1 : cells.indexOf(this.#chosenTarget)
    if (this.#target < 0) {
      const names = cells.slice(0, 20).join(', ') + (cells.length > 20 ? ', …' : '')
      throw invalid(
        `there is no column ${shown(this.#chosenTarget ?? '')} to be the target; the columns are ${names}`,
      )
    }
    this.#names = [...cells]
  }

  #takeRow(cells: readonly string[], line: number): void {
    const { maximumRows } = this.#limits
    if (this.#rows === maximumRows) {
      const message = `line ${line} is row ${maximumRows + 1}, at most ${maximumRows} rows are allowed`
      throw new DatasetError('dataset-too-large', message)
    }
    if (cells.length !== this.#names.length) {
      const came = cells.length === 1 ? '1 cell' : `${cells.length} cells`
      throw invalid(`line ${line} has ${came}, the header has ${this.#names.length} columns`)
    }
    for (const [place, cell] of cells.entries()) {
      if (cell === '') throw invalid(`line ${line}, column ${this.#names[place]}: the cell is empty`)
      const value = place === this.#target ? this.#targetValue(cell, line) : parseNumber(cell)
      if (value === undefined) {
        throw invalid(
          `line ${line}, column ${this.#names[place]}: ${shown(cell)} is not a number; only the target may hold words`,
        )
      }
      this.#values.push(value)
    }
    this.#rows += 1
  }

  /** The first row decides whether the target is a number or a class; a later row that disagrees is an error, never a guess. */
  #targetValue(cell: string, line: number): number {
    const value = parseNumber(cell)
    if (this.#rows === 0 && value === undefined) this.#classes = new Map()
    if (this.#classes === undefined) {
      if (value !== undefined) return value
      throw this.#mixed(cell, line, 'is not a number, but the rows before have numbers')
    }
    if (value !== undefined)
      throw this.#mixed(cell, line, 'is a number, but the rows before have class names')
    const known = this.#classes.get(cell)
    if (known !== undefined) return known
    this.#classes.set(cell, this.#classes.size)
    return this.#classes.size - 1
  }

  #mixed(cell: string, line: number, conflict: string): DatasetError {
    const name = this.#names[this.#target]
    return invalid(
      `line ${line}, target ${name}: ${shown(cell)} ${conflict}; write all as numbers or all as words`,
    )
  }

  /**
   * The table of all lines taken.
   * @throws DatasetError when there was no header or no row
   */
  finish(): Table {
    if (this.#names.length === 0) throw invalid('the file is empty: a header line and rows are needed')
    if (this.#rows === 0) throw invalid('there are no rows below the header')
    const values = this.#values.take()
    const categories = this.#classes && sortClasses(this.#classes, values, this.#target, this.#names.length)
    const heads = this.#names.map((name, place): ColumnHead => {
      return place === this.#target ? { name, role: 'target', categories } : { name, role: 'feature' }
    })
    return describeTable(heads, values)
  }
}

/** Renumbers the target's classes from order of appearance to the order of their names, which it returns. */
function sortClasses(
  classes: ReadonlyMap<string, number>,
  values: Float64Array,
  target: number,
  width: number,
): string[] {
  const sorted = [...classes.keys()].sort()
  const renumbered = new Float64Array(sorted.length)
  for (const [index, name] of sorted.entries()) renumbered[classes.get(name) ?? 0] = index
  for (let place = target; place < values.length; place += width) values[place] = renumbered[values[place]]
  return sorted
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
