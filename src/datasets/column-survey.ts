/**
 * Surveys all cells of a column, batch by batch, to infer its type. Memory does not grow with the number of
 * rows.
 */
import type { DateOrder } from '../contract/dataset.js'
import { isIdName, isUnnamed } from './column-names.js'
import type { DescribeRow } from './column-reader.js'
import { isMissingText, plainText, toMissingNumbers } from './missing-text.js'
import { isIntegerText, parseDecimalComma, parseNumber } from './number-text.js'
import type { Cells, SourceColumn } from './reading/batch.js'
import { type Exceptions, listedExceptions, TextEvidence } from './text-evidence.js'

/** The most distinct texts that are counted. */
const countedTexts = 10_000
/** The most distinct numbers that are counted. More are not classes. */
const countedNumbers = 64
/** The most distinct numbers that are counted in a column with the name of an identifier. */
const countedIds = 1_000_000
const keptExamples = 5
const fewRows = 5

/** The kind that all cells of a column share. `none`: all are missing. */
export type CellKind = 'none' | 'number' | 'decimalComma' | 'date' | 'boolean' | 'text'

export interface ColumnFacts {
  column: SourceColumn
  kind: CellKind
  rows: number
  present: number
  /** The number of distinct values; undefined if there are too many to count. */
  distinct: number | undefined
  /** All distinct numbers in ascending order, or none if there are too many. */
  values: readonly number[]
  /** Whether all values are integers. */
  integers: boolean
  hasLargeIntegers: boolean
  /** Whether the values are strictly ascending integers. */
  rises: boolean
  /** Whether the values are consecutive integers in any order. */
  isConsecutive: boolean
  minimum: number
  maximum: number
  namedAsId: boolean
  /** Texts in a column that otherwise has numbers, or dates. */
  exceptions: (Exceptions & { among: 'numbers' | 'dates' }) | undefined
  /** An example such as 12 %, if all texts are numbers to a human reader. */
  writtenNumber: string | undefined
  /** Mean number of words per text. */
  words: number
  /** The number of cells of each text that means a missing value, in lower case. */
  missingTexts: ReadonlyMap<string, number>
  dateOrder: DateOrder | undefined
  /** Whether both orders match all dates. */
  isOrderAssumed: boolean
  /** The first distinct cells, as written. */
  examples: string[]
}

export class ColumnSurvey {
  readonly #column: SourceColumn
  readonly #missing: ReadonlySet<string>
  readonly #missingNumbers: ReadonlySet<number>
  readonly #namedAsId: boolean
  readonly #numbersLimit: number
  #rows = 0
  #absent = 0
  readonly #missingTexts = new Map<string, number>()
  #numbers = 0
  #integers = true
  #hasLargeIntegers = false
  #minimum = Number.POSITIVE_INFINITY
  #maximum = Number.NEGATIVE_INFINITY
  #sum = 0
  #squares = 0
  #last = Number.NEGATIVE_INFINITY
  #rises = true
  readonly #seenNumbers = new Set<number>()
  #texts = 0
  /** Includes integers that a double does not represent exactly. */
  readonly #seenTexts = new Set<string>()
  #firstText: { place: string; text: string } | undefined
  #words = 0
  readonly #evidence = new TextEvidence()
  readonly #examples = new Set<string>()

  constructor(column: SourceColumn, missing: ReadonlySet<string>) {
    this.#column = column
    this.#missing = missing
    this.#missingNumbers = toMissingNumbers(missing)
    this.#namedAsId = isIdName(column.name) || isUnnamed(column)
    this.#numbersLimit = this.#namedAsId ? countedIds : countedNumbers
  }

  take(cells: Cells, describeRow: DescribeRow): void {
    switch (cells.type) {
      case 'number':
        this.#takeNumbers(cells.values)
        break
      case 'text':
        this.#rows += cells.cells.length
        for (const [row, text] of cells.cells.entries()) this.#takeText(text, row, describeRow)
        break
      case 'skipped':
        this.#rows += cells.rows
        this.#absent += cells.rows
        break
      default:
        cells satisfies never
    }
  }

  #takeNumbers(values: Float64Array): void {
    this.#rows += values.length
    for (let row = 0; row < values.length; row++) {
      const value = values[row]
      if (Number.isNaN(value) || this.#missingNumbers.has(value)) this.#absent += 1
      else {
        this.#takeNumber(value)
        if (this.#seenNumbers.size <= this.#numbersLimit) this.#seenNumbers.add(value)
      }
    }
    for (let row = 0; this.#examples.size < keptExamples && row < Math.min(values.length, 100); row++) {
      if (!Number.isNaN(values[row])) this.#examples.add(String(values[row]))
    }
  }

  #takeNumber(value: number): void {
    this.#numbers += 1
    if (value < this.#minimum) this.#minimum = value
    if (value > this.#maximum) this.#maximum = value
    if (!this.#integers) return
    if (!Number.isInteger(value)) {
      this.#integers = false
      // With decimal commas 1.234 is a thousand, but 0.5 and 1.2345 are not valid.
      if (Math.abs(value) < 1 || !Number.isInteger(value * 1_000)) this.#evidence.excludeComma()
      return
    }
    this.#sum += value
    this.#squares += value * value
    if (!(value > this.#last)) this.#rises = false
    this.#last = value
  }

  #takeText(written: string, row: number, describeRow: DescribeRow): void {
    if (isMissingText(written, this.#missing)) {
      this.#absent += 1
      const plain = plainText(written)
      if (plain !== '') this.#missingTexts.set(plain, (this.#missingTexts.get(plain) ?? 0) + 1)
      return
    }
    const text = written.trim()
    if (this.#examples.size < keptExamples) this.#examples.add(text)
    const number = parseNumber(text)
    if (number !== undefined) {
      if (this.#missingNumbers.has(number)) this.#absent += 1
      else this.#takeNumberText(text, number)
      return
    }
    this.#texts += 1
    this.#firstText ??= { place: describeRow(row), text }
    this.#see(text)
    this.#words += wordsIn(text)
    this.#evidence.take(text, () => describeRow(row))
  }

  #takeNumberText(text: string, number: number): void {
    // With decimal commas 1.234 is a thousand, so a number must parse that way as well.
    if (this.#evidence.mayHaveCommas && parseDecimalComma(text) === undefined) this.#evidence.excludeComma()
    this.#takeNumber(number)
    if (isIntegerText(text) && !Number.isSafeInteger(number)) {
      this.#hasLargeIntegers = true
      this.#see(text)
    } else if (this.#seenNumbers.size <= this.#numbersLimit) this.#seenNumbers.add(number)
  }

  #see(text: string): void {
    if (this.#seenTexts.size <= countedTexts) this.#seenTexts.add(text)
  }

  /** @param decimal the decimal separator of the request */
  facts(decimal: 'comma' | 'point' | undefined): ColumnFacts {
    const kind = this.#kind(decimal)
    const dates = kind === 'date' ? this.#evidence.dateOrder : undefined
    const countsWhole = kind === 'number' && this.#integers && this.#numbers >= fewRows
    return {
      column: this.#column,
      kind,
      rows: this.#rows,
      present: this.#rows - this.#absent,
      distinct: this.#distinct(),
      values: this.#seenNumbers.size > countedNumbers ? [] : [...this.#seenNumbers].sort((a, b) => a - b),
      integers: this.#numbers > 0 && this.#texts === 0 && this.#integers,
      hasLargeIntegers: this.#hasLargeIntegers,
      rises: countsWhole && this.#rises,
      isConsecutive: countsWhole && this.#isConsecutive(),
      minimum: this.#minimum,
      maximum: this.#maximum,
      namedAsId: this.#namedAsId,
      exceptions: kind === 'text' ? this.#exceptions() : undefined,
      writtenNumber: kind === 'text' ? this.#evidence.writtenNumber : undefined,
      words: this.#texts === 0 ? 0 : this.#words / this.#texts,
      missingTexts: this.#missingTexts,
      dateOrder: dates?.order,
      isOrderAssumed: dates?.isAssumed ?? false,
      examples: [...this.#examples],
    }
  }

  #kind(decimal: 'comma' | 'point' | undefined): CellKind {
    if (this.#texts + this.#numbers === 0) return 'none'
    if (this.#evidence.canBeComma(decimal)) return 'decimalComma'
    if (this.#texts === 0) return 'number'
    if (this.#numbers > 0) return 'text'
    if (this.#evidence.canBeDate) return 'date'
    return this.#evidence.canBeBoolean ? 'boolean' : 'text'
  }

  #distinct(): number | undefined {
    if (this.#seenTexts.size > countedTexts || this.#seenNumbers.size > this.#numbersLimit) return undefined
    return this.#seenTexts.size + this.#seenNumbers.size
  }

  #exceptions(): ColumnFacts['exceptions'] {
    if (this.#firstText !== undefined && this.#texts < this.#numbers) {
      const texts: string[] = []
      for (const text of this.#seenTexts) {
        if (!isIntegerText(text)) texts.push(text)
        if (texts.length > listedExceptions) break
      }
      return { ...this.#firstText, count: this.#texts, texts, among: 'numbers' }
    }
    const nonDates = this.#numbers === 0 ? this.#evidence.nonDates : undefined
    return nonDates && { ...nonDates, among: 'dates' }
  }

  #isConsecutive(): boolean {
    const count = this.#numbers
    const [minimum, maximum] = [this.#minimum, this.#maximum]
    if (maximum - minimum !== count - 1) return false
    // Consecutive numbers have this sum, and this sum of squares, in any order.
    const sum = (count * (minimum + maximum)) / 2
    const squaresTo = (n: number) => (n * (n + 1) * (2 * n + 1)) / 6
    const squares = squaresTo(maximum) - squaresTo(minimum - 1)
    return close(sum, this.#sum) && close(squares, this.#squares)
  }
}

/** Texts of any column that mean a missing value. */
export const collectMissingTexts = (facts: readonly ColumnFacts[]): ReadonlySet<string> =>
  new Set(facts.flatMap(({ missingTexts }) => [...missingTexts.keys()]))

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(a)

function wordsIn(text: string): number {
  let words = 1
  for (let index = text.indexOf(' '); index >= 0; index = text.indexOf(' ', index + 1)) words += 1
  return words
}
