/** Looks at all cells of one column, batch by batch, before its type is decided; its memory does not grow with the rows. */
import type { DateOrder } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import type { PlaceOf } from './column-reader.js'
import { isOrderOpen, parseDate } from './date-text.js'
import { isMissingText, plainText } from './missing-text.js'
import { isIntegerText, parseDecimalComma, parseNumber } from './number-text.js'
import type { Cells, SourceColumn } from './reading/batch.js'

/** Different texts that are told apart; beyond, a column has many. */
export const countedTexts = 10_000
/** Different numbers that are told apart: more are no classes. */
const countedNumbers = 64
/** The same, of a column whose name says that it identifies rows. */
const countedIds = 1_000_000
const keptExamples = 5
const fewRows = 5
/** Names of columns that identify their rows. */
const idName =
  /^(id|uuid|guid|key|index|idx|row|nr|no|number|#)$|(^|[_\s.-])(id|uuid|guid|key|index|nr)$|[a-z](Id|ID|Uuid|UUID|Key|Index|Nr)$/

/** What all cells of a column are. `none`: every one is missing. */
export type CellKind = 'none' | 'number' | 'decimalComma' | 'date' | 'boolean' | 'text'

export interface ColumnFacts {
  column: SourceColumn
  kind: CellKind
  rows: number
  present: number
  /** Different values; undefined when they are too many to count. */
  distinct: number | undefined
  /** Of numbers. */
  integers: boolean
  hasLargeIntegers: boolean
  /** Whole numbers, each larger than the one before. */
  rises: boolean
  /** Consecutive whole numbers, in any order. */
  isConsecutive: boolean
  minimum: number
  namedAsId: boolean
  /** Of texts: the first that is no number, when most cells are numbers. */
  firstWord: { place: string; text: string } | undefined
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
  readonly #seenTexts = new Set<string>()
  #firstText: { place: string; text: string } | undefined
  #words = 0
  #canBe = { comma: true, dayFirst: true, monthFirst: true, boolean: true }
  #commas = 0
  /** A comma that cannot stand between thousands. */
  #hasDecimalComma = false
  #hasOpenOrder = false
  readonly #examples = new Set<string>()

  constructor(column: SourceColumn, missing: ReadonlySet<string>) {
    this.#column = column
    this.#missing = missing
    this.#namedAsId = idName.test(column.name)
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
      if (Number.isNaN(value)) this.#absent += 1
      else this.#takeNumber(value)
    }
    for (let row = 0; this.#examples.size < keptExamples && row < Math.min(values.length, 100); row++) {
      if (!Number.isNaN(values[row])) this.#examples.add(String(values[row]))
    }
  }

  #takeNumber(value: number): void {
    this.#numbers += 1
    if (value < this.#minimum) this.#minimum = value
    if (value > this.#maximum) this.#maximum = value
    if (this.#integers) {
      if (Number.isInteger(value)) {
        this.#sum += value
        this.#squares += value * value
        if (!(value > this.#last)) this.#rises = false
        this.#last = value
      } else {
        this.#integers = false
        // 1.234 may be a thousand, 1.5 is none.
        if (!Number.isInteger(value * 1_000)) this.#canBe.comma = false
      }
    }
    if (this.#seenNumbers.size <= this.#numbersLimit) this.#seenNumbers.add(value)
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
      if (isIntegerText(text) && !Number.isSafeInteger(number)) this.#hasLargeIntegers = true
      if (this.#canBe.comma && parseDecimalComma(text) === undefined) this.#canBe.comma = false
      // Where commas are decimal, 1.234 is a thousand; the second reading tells.
      this.#takeNumber(number)
      return
    }
    this.#texts += 1
    this.#firstText ??= { place: placeOf(row), text }
    if (this.#seenTexts.size <= countedTexts) this.#seenTexts.add(text)
    this.#words += wordsIn(text)
    this.#narrow(text)
  }

  /** Drops what the column can no longer be. */
  #narrow(text: string): void {
    const canBe = this.#canBe
    if (canBe.comma) {
      if (parseDecimalComma(text) === undefined) canBe.comma = false
      else if (text.includes(',')) {
        this.#commas += 1
        this.#hasDecimalComma ||= !/^[+-]?[1-9]\d{0,2}(,\d{3})+$/.test(text)
      }
    }
    if (canBe.dayFirst || canBe.monthFirst) {
      canBe.dayFirst &&= parseDate(text, 'dayFirst') !== undefined
      canBe.monthFirst &&= parseDate(text, 'monthFirst') !== undefined
      this.#hasOpenOrder ||= isOrderOpen(text)
    }
    if (canBe.boolean) canBe.boolean = parseBoolean(text) !== undefined && /^(true|false)$/i.test(text)
  }

  /** `decimal` is what the user says of commas. */
  facts(decimal: 'comma' | 'point' | undefined): ColumnFacts {
    const kind = this.#kind(decimal)
    const { dayFirst, monthFirst } = this.#canBe
    const isOpen = kind === 'date' && this.#hasOpenOrder
    return {
      column: this.#column,
      kind,
      rows: this.#rows,
      present: this.#rows - this.#absent,
      distinct: this.#distinct(kind),
      integers: this.#numbers > 0 && this.#texts === 0 && this.#integers,
      hasLargeIntegers: this.#hasLargeIntegers,
      rises: kind === 'number' && this.#countsWhole() && this.#rises,
      isConsecutive: kind === 'number' && this.#countsWhole() && this.#isConsecutive(),
      minimum: this.#minimum,
      namedAsId: this.#namedAsId,
      firstWord: kind === 'text' && this.#texts < this.#numbers ? this.#firstText : undefined,
      words: this.#texts === 0 ? 0 : this.#words / this.#texts,
      missingTexts: this.#missingTexts,
      // With slashes, spreadsheets that leave it open mostly mean the month first.
      dateOrder: isOpen ? (monthFirst ? 'monthFirst' : 'dayFirst') : undefined,
      isOrderAssumed: isOpen && dayFirst && monthFirst,
      examples: [...this.#examples],
    }
  }

  #kind(decimal: 'comma' | 'point' | undefined): CellKind {
    const { comma, dayFirst, monthFirst, boolean } = this.#canBe
    if (this.#texts === 0) {
      if (this.#numbers === 0) return 'none'
      return decimal === 'comma' ? 'decimalComma' : 'number'
    }
    const hasComma = this.#hasDecimalComma || (decimal === 'comma' && this.#commas > 0)
    if (comma && hasComma && decimal !== 'point') return 'decimalComma'
    if (this.#numbers > 0) return 'text'
    if (dayFirst || monthFirst) return 'date'
    return boolean ? 'boolean' : 'text'
  }

  #distinct(kind: CellKind): number | undefined {
    const { size } = this.#seenNumbers
    if (kind === 'number') return size > this.#numbersLimit ? undefined : size
    if (this.#seenTexts.size > countedTexts || size > this.#numbersLimit) return undefined
    return this.#seenTexts.size + size
  }

  /** Of fewer numbers nothing is concluded. */
  #countsWhole(): boolean {
    return this.#integers && this.#numbers >= fewRows
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

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(a)

function wordsIn(text: string): number {
  let words = 1
  for (let place = text.indexOf(' '); place >= 0; place = text.indexOf(' ', place + 1)) words += 1
  return words
}
