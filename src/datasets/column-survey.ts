/** Looks at all cells of one column, batch by batch, before its type is decided; its memory does not grow with the rows. */
import type { DateOrder } from '../contract/dataset.js'
import { isIdName, isUnnamed } from './column-names.js'
import type { PlaceOf } from './column-reader.js'
import { isMissingText, missingNumbersOf, plainText } from './missing-text.js'
import { isIntegerText, parseDecimalComma, parseNumber } from './number-text.js'
import type { Cells, SourceColumn } from './reading/batch.js'
import { type Exceptions, listedExceptions, TextEvidence } from './text-evidence.js'

/** Different texts that are told apart; beyond, a column has many. */
export const countedTexts = 10_000
/** Different numbers that are told apart: more are no classes. */
const countedNumbers = 64
/** The same, of a column whose name says that it identifies rows. */
const countedIds = 1_000_000
const keptExamples = 5
const fewRows = 5

/** What all cells of a column are. `none`: every one is missing. */
export type CellKind = 'none' | 'number' | 'decimalComma' | 'date' | 'boolean' | 'text'

export interface ColumnFacts {
  column: SourceColumn
  kind: CellKind
  rows: number
  present: number
  /** Different values; undefined when they are too many to count. */
  distinct: number | undefined
  /** Of a column of few numbers: all of them, by size. */
  values: readonly number[]
  /** Of numbers. */
  integers: boolean
  hasLargeIntegers: boolean
  /** Whole numbers, each larger than the one before. */
  rises: boolean
  /** Consecutive whole numbers, in any order. */
  isConsecutive: boolean
  minimum: number
  maximum: number
  namedAsId: boolean
  /** Of texts: those that are no number, or no date, when most cells are. */
  exceptions: (Exceptions & { among: 'numbers' | 'dates' }) | undefined
  /** A text such as 12 %, when all texts are numbers to people. */
  writtenNumber: string | undefined
  /** Of texts, in the mean. */
  words: number
  /** How often each text that means missing stands there, in small letters. */
  missingTexts: ReadonlyMap<string, number>
  dateOrder: DateOrder | undefined
  /** Both orders fit. */
  isOrderAssumed: boolean
  /** Some of its cells, as they are written. */
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
  /** Also integers that no number holds exactly. */
  readonly #seenTexts = new Set<string>()
  #firstText: { place: string; text: string } | undefined
  #words = 0
  readonly #evidence = new TextEvidence()
  readonly #examples = new Set<string>()

  constructor(column: SourceColumn, missing: ReadonlySet<string>) {
    this.#column = column
    this.#missing = missing
    this.#missingNumbers = missingNumbersOf(missing)
    this.#namedAsId = isIdName(column.name) || isUnnamed(column)
    this.#numbersLimit = this.#namedAsId ? countedIds : countedNumbers
  }

  take(cells: Cells, placeOf: PlaceOf): void {
    switch (cells.type) {
      case 'number':
        this.#takeNumbers(cells.values)
        break
      case 'text':
        this.#rows += cells.cells.length
        for (const [row, text] of cells.cells.entries()) this.#takeText(text, row, placeOf)
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
      // 1.234 may be a thousand; 0.5 and 1.2345 are none.
      if (Math.abs(value) < 1 || !Number.isInteger(value * 1_000)) this.#evidence.excludeComma()
      return
    }
    this.#sum += value
    this.#squares += value * value
    if (!(value > this.#last)) this.#rises = false
    this.#last = value
  }

  #takeText(written: string, row: number, placeOf: PlaceOf): void {
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
    this.#firstText ??= { place: placeOf(row), text }
    this.#see(text)
    this.#words += wordsIn(text)
    this.#evidence.take(text, () => placeOf(row))
  }

  #takeNumberText(text: string, number: number): void {
    // Where commas are decimal, 1.234 is a thousand; the second reading tells.
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

  /** `decimal` is what the user says of commas. */
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
    const noDates = this.#numbers === 0 ? this.#evidence.noDates : undefined
    return noDates && { ...noDates, among: 'dates' }
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

/** Words that mean a missing value and stand in any of the columns. */
export const missingWordsOf = (facts: readonly ColumnFacts[]): ReadonlySet<string> =>
  new Set(facts.flatMap(({ missingTexts }) => [...missingTexts.keys()]))

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(a)

function wordsIn(text: string): number {
  let words = 1
  for (let place = text.indexOf(' '); place >= 0; place = text.indexOf(' ', place + 1)) words += 1
  return words
}
