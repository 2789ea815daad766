/** Reads one column of a file by its plan, batch by batch: converts its cells to numbers and counts them. */
import type { ColumnType, DatasetWarning, StoredColumn } from '../contract/dataset.js'
import { usualMissingTexts } from '../contract/missing-texts.js'
import { parseBoolean } from './boolean-text.js'
import { maximumCategories, maximumCategoryCharacters, missingCategory } from './categories.js'
import type { ColumnPlan } from './column-plan.js'
import { parseDate } from './date-text.js'
import { isMissingText, toMissingNumbers } from './missing-text.js'
import { Moments } from './moments.js'
import { isNumberToPeople, parseDecimalComma, parseNumber } from './number-text.js'
import type { Cells } from './reading/batch.js'
import { shown } from './shown-text.js'
import { DatasetError } from './table.js'

/** Describes where a row of a batch is in the file, for messages. */
export type DescribeRow = (row: number) => string

export class ColumnReader {
  readonly plan: ColumnPlan
  /** The number of missing cells. */
  missing = 0
  #type: ColumnType
  readonly #parse: (text: string) => number | undefined
  readonly #moments = new Moments()
  #integers = true
  /** The code of each text in order of appearance. NaN for a missing value. */
  readonly #codes = new Map<string, number>()
  readonly #texts: string[] = []
  /** Of all texts. */
  #characters = 0
  readonly #counts: number[] = []
  readonly #missingNumbers: ReadonlySet<number>
  /** The number of kept rows with a missing text. */
  #missingTexts = 0
  readonly #notices: DatasetWarning[]

  constructor(plan: ColumnPlan) {
    this.plan = plan
    this.#type = plan.type
    this.#missingNumbers = toMissingNumbers(plan.missingTexts)
    this.#notices = [...plan.notices]
    if (plan.type === 'date') this.#parse = (text) => parseDate(text, plan.dateOrder)
    else this.#parse = plan.reading === 'decimalComma' ? parseDecimalComma : parseNumber
  }

  get name(): string {
    return this.plan.name
  }

  get notices(): readonly DatasetWarning[] {
    return this.#notices
  }

  /** Whether rows with a missing value in this column are dropped. */
  get dropsRows(): boolean {
    return this.plan.missing === 'drop' && this.#type !== 'ignored'
  }

  get #isTarget(): boolean {
    return this.plan.role === 'target'
  }

  /**
   * Reads the cells of a batch as numbers or codes of texts. Missing values are NaN. Returns null for an
   * ignored column. May return the array of the cells itself.
   */
  read(cells: Cells, describeRow: DescribeRow): Float64Array | null {
    if (cells.type === 'skipped') return null
    switch (this.#type) {
      case 'number':
        return cells.type === 'number'
          ? this.#markMissing(cells.values)
          : this.#readNumbers(cells.cells, describeRow)
      case 'date':
        return this.#readNumbers(toTexts(cells), describeRow)
      case 'category':
      case 'boolean':
        return this.#readTexts(toTexts(cells), describeRow)
      case 'ignored':
        return null
      default:
        return this.#type satisfies never
    }
  }

  /** Counts the kept values of `read`. Calls `describeRow` only for an infinite number. */
  count(values: Float64Array, describeRow: DescribeRow): void {
    if (this.#type === 'category' || this.#type === 'boolean') {
      for (const code of values) {
        if (Number.isNaN(code)) this.#missingTexts += 1
        else this.#counts[code] += 1
      }
      return
    }
    this.#moments.take(values)
    if (this.#integers)
      this.#integers = values.every((value) => Number.isInteger(value) || Number.isNaN(value))
    const { minimum, maximum } = this.#moments
    if (minimum !== Number.NEGATIVE_INFINITY && maximum !== Number.POSITIVE_INFINITY) return
    const row = values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
    if (row >= 0)
      throw invalid(`${describeRow(row)}, column ${this.name}: ${values[row]} is not a finite number`)
  }

  /** Describes the column after all rows have been read. */
  finish(): StoredColumn {
    const { role, missingTexts } = this.plan
    const described = this.#describe()
    const isListed = role === 'feature' && described.type !== 'ignored' && missingTexts !== usualMissingTexts
    const column = isListed ? { ...described, missingTexts: [...missingTexts] } : described
    const missing = this.#type === 'ignored' ? this.plan.missingCells : this.missing
    return missing === 0 ? column : { ...column, missing }
  }

  /** The text of a code. */
  categoryText(code: number): string | undefined {
    return this.#texts[code]
  }

  #describe(): StoredColumn {
    const { name, role, type, dateOrder } = this.plan
    if (this.#type === 'ignored') return { name, type: 'ignored', role: 'none' }
    const { count, minimum, maximum, mean } = this.#moments
    const isText = type === 'category' || type === 'boolean'
    if (isText ? this.#counts.every((rows) => rows === 0) : count === 0) return this.#empty()
    const range = { min: minimum, max: maximum, mean }
    switch (type) {
      case 'number': {
        const decimal = this.plan.reading === 'decimalComma' ? ({ decimal: 'comma' } as const) : {}
        return {
          name,
          type,
          role,
          ...range,
          integers: this.#integers,
          ...decimal,
          ...this.#imputation(this.#parse),
        }
      }
      case 'date': {
        const order = dateOrder === undefined ? {} : { dateOrder }
        return { name, type, role, ...range, ...order, ...this.#imputation(this.#parse) }
      }
      case 'category':
        return this.#describeCategories()
      case 'boolean': {
        const codes = this.#texts.map((text) => (parseBoolean(text) ? 1 : 0))
        const sorted = this.#sorted(['false', 'true'], codes)
        return { name, type, role, ...sorted, ...this.#imputation(parseBoolean) }
      }
      case 'ignored':
        return { name, type, role: 'none' }
      default:
        return type satisfies never
    }
  }

  #empty(): StoredColumn {
    const { name } = this
    if (this.#isTarget) {
      throw invalid(
        `${name} is the target but has no value in any row that is kept; set missing=impute, or target=NAME for another column`,
      )
    }
    const message = `${name} is ignored because it has no value in any row that is kept; to confirm: types=${name}:ignored`
    this.#notices.push({ code: 'ignored-column', columns: [name], message })
    return { name, type: 'ignored', role: 'none' }
  }

  /** The imputation of the column. Its constant is parsed like a cell. */
  #imputation<T extends number | string | boolean>(
    parse: (text: string) => T | undefined,
  ): Pick<StoredColumn, 'imputation'> {
    const rule = this.plan.missing
    if (rule === undefined || rule === 'drop') return {}
    if (rule === 'mean') return { imputation: 'mean' }
    const text = String(rule.constant)
    const constant = parse(text) ?? (this.#type === 'number' ? parseNumber(text) : undefined)
    if (constant !== undefined) return { imputation: { constant } }
    if (this.missing === 0) return {}
    throw invalid(
      `column ${this.name} is a ${this.plan.type}, so its missing values cannot be ${shown(text)}; set missing=${this.name}:mean or another constant`,
    )
  }

  /** Replaces numbers that mean a missing value by NaN. */
  #markMissing(values: Float64Array): Float64Array {
    const missing = this.#missingNumbers
    return missing.size === 0 ? values : values.map((value) => (missing.has(value) ? Number.NaN : value))
  }

  #readNumbers(cells: readonly string[], describeRow: DescribeRow): Float64Array {
    const values = new Float64Array(cells.length)
    for (const [row, cell] of cells.entries()) {
      const text = cell.trim()
      const missing = isMissingText(text, this.plan.missingTexts)
      const value = missing ? Number.NaN : this.#parse(text)
      if (value === undefined) throw this.#unreadable(text, describeRow(row))
      values[row] = value
    }
    return this.plan.type === 'number' ? this.#markMissing(values) : values
  }

  #unreadable(text: string, place: string): DatasetError {
    const { name, type, reading } = this.plan
    const hasComma = reading === 'decimalComma'
    const what = type === 'date' ? 'a date' : hasComma ? 'a number with a decimal comma' : 'a number'
    const otherwise = hasComma ? 'decimal=point' : `missingValues=${text}`
    const message = `${place}, column ${name}: ${shown(text)} is not ${what}; correct it, or set types=${name}:category, types=${name}:ignored, or ${otherwise}`
    return invalid(message)
  }

  #readTexts(cells: readonly string[], describeRow: DescribeRow): Float64Array | null {
    const values = new Float64Array(cells.length)
    for (let row = 0; row < cells.length; row++) {
      const code = this.#codes.get(cells[row]) ?? this.#newText(cells[row], row, describeRow)
      if (code === null) return null
      values[row] = code
    }
    return values
  }

  /** The code of a new spelling. Null if there are too many texts. */
  #newText(written: string, row: number, describeRow: DescribeRow): number | null {
    const text = written.trim()
    const existing = isMissingText(text, this.plan.missingTexts) ? Number.NaN : this.#codes.get(text)
    if (existing !== undefined) {
      this.#codes.set(written, existing)
      return existing
    }
    if (this.#type === 'boolean' && parseBoolean(text) === undefined) {
      const message = `${describeRow(row)}, column ${this.name}: ${shown(text)} is not a boolean such as true, false, yes, no, 1 or 0. Correct it, or set types=${this.name}:category`
      throw invalid(message)
    }
    const code = this.#texts.length
    if (code === maximumCategories)
      return this.#tooManyTexts(`more than ${maximumCategories} different texts, the limit of a category`)
    this.#characters += text.length
    const { ofColumn } = maximumCategoryCharacters
    if (this.#characters > ofColumn)
      return this.#tooManyTexts(
        `different texts of more than ${ofColumn} characters together, the limit of a category`,
      )
    this.#codes.set(text, code)
    if (written !== text) this.#codes.set(written, code)
    this.#texts.push(text)
    this.#counts.push(0)
    return code
  }

  /** @param what the column has, and the limit */
  #tooManyTexts(what: string): null {
    const { name } = this
    const example = this.#texts.find(isNumberToPeople)
    const hint =
      example === undefined ? '' : `; ${shown(example)} is a text: write numbers like 1234.5, without units`
    const reason = `has ${what}${hint}`
    if (this.#isTarget || this.plan.isDeclared) {
      throw invalid(
        `column ${name} ${reason}; ignore it with types=${name}:ignored, or set target=NAME for another target`,
      )
    }
    const message = `${name} is ignored because it ${reason}; to confirm: types=${name}:ignored`
    this.#notices.push({ code: 'ignored-column', columns: [name], message })
    this.#type = 'ignored'
    return null
  }

  #describeCategories(): StoredColumn {
    const { name, role } = this.plan
    const texts = this.#texts
    const filled = this.#imputation(String)
    const { imputation } = filled
    const constant = imputation === undefined || imputation === 'mean' ? [] : [String(imputation.constant)]
    // Texts that occur only in dropped rows are not categories.
    const used = texts.filter((_, code) => this.#counts[code] > 0)
    const categories = sortNames([...new Set([...used, ...constant])])
    const positions = new Map(categories.map((text, index) => [text, index]))
    const codes = texts.map((text) => positions.get(text) ?? 0)
    const sorted = this.#sorted(categories, codes)
    const missingIndex = positions.get(missingCategory)
    if (missingIndex !== undefined && sorted.counts !== undefined) {
      sorted.counts[missingIndex] += this.#missingTexts
    }
    return { name, type: 'category', role, ...sorted, ...filled }
  }

  /** Counts the rows of each category. `codes[c]` is the index of the category with code c. */
  #sorted(categories: string[], codes: number[]): Pick<StoredColumn, 'categories' | 'counts' | 'codes'> {
    const counts = categories.map(() => 0)
    for (const [code, index] of codes.entries()) counts[index] += this.#counts[code]
    return { categories, counts, codes }
  }
}

/** Formats with typed numbers store no text. */
function toTexts(cells: Exclude<Cells, { type: 'skipped' }>): readonly string[] {
  if (cells.type === 'text') return cells.cells
  return Array.from(cells.values, (value) => (Number.isNaN(value) ? '' : String(value)))
}

/** Sorts numbers by value, other names by code unit. */
function sortNames(names: string[]): string[] {
  const numbers = names.every((name) => parseNumber(name) !== undefined)
  return numbers ? names.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : names.sort()
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
