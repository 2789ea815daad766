/** What the texts of a column can be, by all of them: numbers with a decimal comma, dates, booleans, or only texts. */
import type { DateOrder } from '../contract/dataset.js'
import { isOrderOpen, parseDate } from './date-text.js'
import { isNumberToPeople, parseDecimalComma } from './number-text.js'

/** Texts of which most must be dates before the others are looked at as exceptions. */
const firstTexts = 100

/** Exceptions that are listed. */
export const listedExceptions = 10

/** Cells that keep a column from being what most of its cells are. */
export interface Exceptions {
  /** Of the first one. */
  place: string
  text: string
  count: number
  /** The different texts, at most one more than are listed. */
  texts: readonly string[]
}

export class TextEvidence {
  #texts = 0
  #hasComma = false
  /** A comma that cannot stand between thousands. */
  #hasDecimalComma = false
  #canBeComma = true
  #canBeBoolean = true
  #dayFirst = true
  #monthFirst = true
  #hasOpenOrder = false
  #dates = 0
  #firstOther: { place: string; text: string } | undefined
  readonly #others = new Set<string>()
  /** A text that people take for a number, while every text is one. */
  #writtenNumber: string | undefined | null

  get canBeBoolean(): boolean {
    return this.#canBeBoolean && this.#texts > 0
  }

  get canBeDate(): boolean {
    return (this.#dayFirst || this.#monthFirst) && this.#texts > 0
  }

  /** Of dates, when the order of day and month matters to any; both fit where it is `isAssumed`. */
  get dateOrder(): { order: DateOrder; isAssumed: boolean } | undefined {
    if (!this.#hasOpenOrder) return undefined
    // With slashes, spreadsheets that leave it open mostly mean the month first.
    const order = this.#monthFirst ? 'monthFirst' : 'dayFirst'
    return { order, isAssumed: this.#dayFirst && this.#monthFirst }
  }

  /** The texts that keep a column from being one of dates, when most of it are. */
  get noDates(): Exceptions | undefined {
    if (this.#firstOther === undefined || this.#dates * 2 <= this.#texts) return undefined
    const count = Math.max(1, this.#texts - this.#dates)
    return { ...this.#firstOther, count, texts: [...this.#others] }
  }

  get writtenNumber(): string | undefined {
    return this.#writtenNumber ?? undefined
  }

  /** `decimal` is what the user says of commas; without it, 1,234 may as well be a thousand. */
  canBeComma(decimal: 'comma' | 'point' | undefined): boolean {
    if (!this.#canBeComma || decimal === 'point') return false
    return decimal === 'comma' ? this.#texts === 0 || this.#hasComma : this.#hasDecimalComma
  }

  /** A number stands in the column that no comma and no thousands can be in. */
  excludeComma(): void {
    this.#canBeComma = false
  }

  get mayHaveCommas(): boolean {
    return this.#canBeComma
  }

  take(text: string, placeOf: () => string): void {
    this.#texts += 1
    if (this.#canBeComma) this.#takeComma(text)
    if (this.#dates * 2 >= this.#texts || this.#texts <= firstTexts) this.#takeDate(text, placeOf)
    if (this.#canBeBoolean) this.#canBeBoolean = /^(true|false)$/i.test(text)
    if (this.#writtenNumber !== null) this.#writtenNumber = isNumberToPeople(text) ? text : null
  }

  #takeComma(text: string): void {
    if (parseDecimalComma(text) === undefined) this.#canBeComma = false
    else if (text.includes(',')) {
      this.#hasComma = true
      this.#hasDecimalComma ||= !/^[+-]?[1-9]\d{0,2}(,\d{3})+$/.test(text)
    }
  }

  #takeDate(text: string, placeOf: () => string): void {
    const dayFirst = parseDate(text, 'dayFirst') !== undefined
    const monthFirst = parseDate(text, 'monthFirst') !== undefined
    if (dayFirst || monthFirst) {
      this.#dates += 1
      this.#hasOpenOrder ||= isOrderOpen(text)
    }
    this.#dayFirst &&= dayFirst
    this.#monthFirst &&= monthFirst
    if (this.#dayFirst || this.#monthFirst) return
    const isFirst = this.#firstOther === undefined
    this.#firstOther ??= { place: placeOf(), text }
    const isOther = isFirst || !(dayFirst || monthFirst)
    if (isOther && this.#others.size <= listedExceptions) this.#others.add(text)
  }
}
