/** Reads one column of a file batch by batch: finds its type, turns its cells into numbers, and counts. */
import type { ColumnType, StoredColumn } from '../contract/dataset.js'
import type { MissingRule } from '../contract/preparation.js'
import { parseBoolean } from './boolean-text.js'
import { missingTexts } from './missing-text.js'
import { Moments } from './moments.js'
import { isNumberToPeople, parseNumber } from './number-text.js'
import type { Cells } from './reading/batch.js'
import { shown } from './shown-text.js'
import { DatasetError } from './table.js'

/** Different texts that a category may have. */
export const maximumCategories = 1_000

export interface ColumnRequest {
  name: string
  role: 'feature' | 'target'
  /** What the user says it is; found out when left out. */
  type: ColumnType | undefined
  missing: MissingRule
}

type WantedCells = Exclude<Cells, { type: 'skipped' }>

/** Of a batch’s row, where it stands in the file. */
export type PlaceOf = (row: number) => string

export class ColumnReader {
  readonly name: string
  readonly role: 'feature' | 'target'
  readonly #missingRule: Exclude<MissingRule, 'impute'>
  /** Cells without a value. */
  missing = 0
  /** Why the column is not used, when the user did not ask for that. */
  ignoredBecause: string | undefined
  /** Most of the first cells are numbers, but the column is a category because of this one. */
  firstWord: { place: string; text: string } | undefined
  readonly #declared: ColumnType | undefined
  /** Undecided while every cell is missing. */
  #kind: 'undecided' | 'numbers' | 'texts' | 'ignored'
  readonly #moments = new Moments()
  /** Texts with their code in order of appearance; NaN for those that mean missing. */
  readonly #codes = new Map<string, number>([...missingTexts].map((text) => [text, Number.NaN]))
  readonly #texts: string[] = []
  readonly #counts: number[] = []

  constructor({ name, role, type, missing }: ColumnRequest) {
    this.name = name
    this.role = role
    this.#missingRule = role === 'target' ? 'drop' : missing === 'impute' ? 'mean' : missing
    this.#declared = type
    const kinds = {
      number: 'numbers',
      date: 'numbers',
      category: 'texts',
      boolean: 'texts',
      ignored: 'ignored',
    } as const
    this.#kind = type === undefined ? 'undecided' : kinds[type]
    if (role === 'target' && type === 'ignored')
      throw invalid(`${name} is the target, so it cannot be ignored`)
  }

  /** A row without a value in this column is left out. A column that never has one is ignored instead. */
  get dropsRows(): boolean {
    return this.#missingRule === 'drop' && (this.role === 'target' || this.#kind !== 'undecided')
  }

  /** The cells of a batch as numbers: values, or codes of texts; NaN where missing; null for an ignored column. May be the cells' own array. */
  read(cells: Cells, placeOf: PlaceOf): Float64Array | null {
    if (cells.type === 'skipped') return null
    if (this.#kind === 'undecided') {
      this.#decide(cells, placeOf)
      if (this.#kind !== 'undecided' && this.missing > 0 && this.#missingRule === 'drop') {
        const message = `column ${this.name} has no value before ${placeOf(0)}, so all rows before would have to be dropped; say types=${this.name}:ignored or missing=${this.name}:mean`
        throw invalid(message)
      }
    }
    switch (this.#kind) {
      case 'undecided':
        return cells.type === 'number' ? cells.values : new Float64Array(cells.cells.length).fill(Number.NaN)
      case 'numbers':
        return cells.type === 'number' ? cells.values : this.#readNumbers(cells.cells, placeOf)
      case 'texts':
        return this.#readTexts(cells, placeOf)
      case 'ignored':
        return null
    }
  }

  /** Counts what `read` gave and was kept. `placeOf` is asked only for a number that is infinite. */
  count(values: Float64Array, placeOf: PlaceOf): void {
    if (this.#kind === 'texts') {
      for (const code of values) if (!Number.isNaN(code)) this.#counts[code] += 1
      return
    }
    this.#moments.take(values)
    const { minimum, maximum } = this.#moments
    if (minimum !== Number.NEGATIVE_INFINITY && maximum !== Number.POSITIVE_INFINITY) return
    const row = values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
    if (row >= 0) throw invalid(`${placeOf(row)}, column ${this.name}: ${values[row]} is not a finite number`)
  }

  /** What the column is, all rows being read. */
  finish(): StoredColumn {
    const column = this.#describe()
    return this.missing === 0 ? column : { ...column, missing: this.missing }
  }

  #describe(): StoredColumn {
    const { name, role } = this
    const { count, minimum, maximum, mean } = this.#moments
    const empty = this.#kind === 'texts' ? this.#counts.every((rows) => rows === 0) : count === 0
    if (this.#kind !== 'ignored' && empty) this.ignoredBecause = 'has no value in any row'
    if (this.#kind === 'ignored' || empty) {
      if (role === 'target') throw invalid(`${name} is the target, but it has no value in any row`)
      return { name, type: 'ignored', role: 'none' }
    }
    if (this.#kind === 'texts') return this.#describeTexts()
    const range = { min: minimum, max: maximum, mean }
    return { name, type: 'number', role, ...range, ...this.#imputation('number', parseNumber) }
  }

  /** The rule for missing values, its constant being read as one of the column's own values. */
  #imputation<T extends number | string | boolean>(
    type: ColumnType,
    parse: (text: string) => T | undefined,
  ): Pick<StoredColumn, 'imputation'> {
    const rule = this.#missingRule
    if (rule === 'drop') return {}
    if (rule === 'mean') return { imputation: 'mean' }
    const constant = parse(String(rule.constant))
    if (constant !== undefined) return { imputation: { constant } }
    if (this.missing === 0) return {}
    throw invalid(
      `column ${this.name} is a ${type}: its missing values cannot become ${shown(String(rule.constant))}`,
    )
  }

  /** By the first batch that has a value: all numbers, or texts. */
  #decide(cells: WantedCells, placeOf: PlaceOf): void {
    if (cells.type === 'number') {
      if (!cells.values.every(Number.isNaN)) this.#kind = 'numbers'
      return
    }
    const present = cells.cells.filter((text) => !missingTexts.has(text))
    if (present.length === 0) return
    const words = present.filter((text) => parseNumber(text) === undefined)
    this.#kind = words.length === 0 ? 'numbers' : 'texts'
    if (words.length > 0 && words.length < present.length / 2) {
      const [text] = words
      this.firstWord = { place: placeOf(cells.cells.indexOf(text)), text }
    }
  }

  #readNumbers(cells: readonly string[], placeOf: PlaceOf): Float64Array {
    const values = new Float64Array(cells.length)
    for (const [row, text] of cells.entries()) {
      const value = parseNumber(text) ?? (missingTexts.has(text) ? Number.NaN : undefined)
      if (value === undefined) throw this.#notANumber(text, placeOf(row))
      values[row] = value
    }
    return values
  }

  #notANumber(text: string, place: string): DatasetError {
    const why =
      this.#declared === 'number' ? 'is not a number' : 'is not a number, but the rows before hold numbers'
    const message = `${place}, column ${this.name}: ${shown(text)} ${why}; correct it, or say types=${this.name}:category or types=${this.name}:ignored`
    return invalid(message)
  }

  #readTexts(cells: WantedCells, placeOf: PlaceOf): Float64Array | null {
    const length = cells.type === 'number' ? cells.values.length : cells.cells.length
    const values = new Float64Array(length)
    for (let row = 0; row < length; row++) {
      const text = cells.type === 'text' ? cells.cells[row] : String(cells.values[row])
      const code = this.#codes.get(text) ?? this.#newText(text, row, placeOf)
      if (code === null) return null
      values[row] = code
    }
    return values
  }

  /** The code of a text that was not seen before; null when it is one too many. */
  #newText(text: string, row: number, placeOf: PlaceOf): number | null {
    if (this.#declared === 'boolean' && parseBoolean(text) === undefined) {
      const message = `${placeOf(row)}, column ${this.name}: ${shown(text)} is not a boolean; true, false, yes, no, 1 and 0 are`
      throw invalid(message)
    }
    const code = this.#texts.length
    if (code === maximumCategories) {
      const reason = `has more than ${maximumCategories} different texts, the most a category may have${this.#whyTexts()}`
      if (this.role === 'target' || this.#declared !== undefined)
        throw invalid(`column ${this.name} ${reason}`)
      this.ignoredBecause = reason
      this.#kind = 'ignored'
      return null
    }
    this.#codes.set(text, code)
    this.#texts.push(text)
    this.#counts.push(0)
    return code
  }

  /** What made texts of a column that was perhaps meant to be numbers. */
  #whyTexts(): string {
    if (this.firstWord !== undefined) {
      const { place, text } = this.firstWord
      return `; most are numbers, but ${place} has ${shown(text)}`
    }
    const example = this.#texts.find(isNumberToPeople)
    return example === undefined
      ? ''
      : `; ${shown(example)} is a text here: write numbers like 1234.5, without units`
  }

  #describeTexts(): StoredColumn {
    const { name, role } = this
    const texts = this.#texts
    const lower = texts.map((text) => text.toLowerCase())
    const looksBoolean = lower.every((text) => text === 'true' || text === 'false')
    if (this.#declared === 'boolean' || (this.#declared === undefined && looksBoolean)) {
      const codes = texts.map((text) => (parseBoolean(text) ? 1 : 0))
      const sorted = this.#sorted(['false', 'true'], codes)
      return { name, type: 'boolean', role, ...sorted, ...this.#imputation('boolean', parseBoolean) }
    }
    const filled = this.#imputation('category', String)
    const { imputation } = filled
    const constant = imputation === undefined || imputation === 'mean' ? [] : [String(imputation.constant)]
    // Those of dropped rows alone are no categories.
    const used = texts.filter((_, code) => this.#counts[code] > 0)
    const categories = sortNames([...new Set([...used, ...constant])])
    const places = new Map(categories.map((text, place) => [text, place]))
    const codes = texts.map((text) => places.get(text) ?? 0)
    return { name, type: 'category', role, ...this.#sorted(categories, codes), ...filled }
  }

  /** Counts in the order of the categories; `codes[c]` is the place of the text with code c. */
  #sorted(categories: string[], codes: number[]): Pick<StoredColumn, 'categories' | 'counts' | 'codes'> {
    const counts = categories.map(() => 0)
    for (const [code, place] of codes.entries()) counts[place] += this.#counts[code]
    return { categories, counts, codes }
  }
}

/** Numbers by size, everything else by code unit. */
function sortNames(names: string[]): string[] {
  const numbers = names.every((name) => parseNumber(name) !== undefined)
  return numbers ? names.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : names.sort()
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
