/** Infers what all texts of a column are: numbers with a decimal comma, dates, booleans, or plain texts. */
import type { DateOrder } from '../contract/dataset.js'
import { isOrderOpen, parseDate } from './date-text.js'
import { isNumberToPeople, parseDecimalComma } from './number-text.js'

/** The number of texts after which dates are only checked if most texts so far are dates. */
const firstTexts = 100

/** The most exceptions that a message lists. */
export const listedExceptions = 10

/** Cells that differ from most cells of a column and prevent its type. */
export interface Exceptions {
  /** Place and text of the first exception. */
  place: string
  text: string
  count: number
  /** Distinct texts, at most `listedExceptions` + 1. */
  texts: readonly string[]
}

export class TextEvidence {
  #texts = 0
  #hasComma = false
  /** Whether a comma cannot be a thousands separator. */
  #hasDecimalComma = false
  #canBeComma = true
  #canBeBoolean = true
  #dayFirst = true
  #monthFirst = true
  #hasOpenOrder = false
  #dates = 0
  #firstOther: { place: string; text: string } | undefined
  readonly #others = new Set<string>()
  /** An example of a number to a human reader. Null once another text occurs. */
  #writtenNumber: string | undefined | null

  get canBeBoolean(): boolean {
    return this.#canBeBoolean && this.#texts > 0
  }

  get canBeDate(): boolean {
    return (this.#dayFirst || this.#monthFirst) && this.#texts > 0
  }

  /** The order of day and month, if any date depends on it. `isAssumed` if both orders match. */
  get dateOrder(): { order: DateOrder; isAssumed: boolean } | undefined {
    if (!this.#hasOpenOrder) return undefined
    // Ambiguous dates of spreadsheets mostly have the month first.
    const order = this.#monthFirst ? 'monthFirst' : 'dayFirst'
    return { order, isAssumed: this.#dayFirst && this.#monthFirst }
  }

  /** The texts that prevent a date column, if most texts are dates. */
  get nonDates(): Exceptions | undefined {
    if (this.#firstOther === undefined || this.#dates * 2 <= this.#texts) return undefined
    const count = Math.max(1, this.#texts - this.#dates)
    return { ...this.#firstOther, count, texts: [...this.#others] }
  }

  get writtenNumber(): string | undefined {
    return this.#writtenNumber ?? undefined
  }

  /** @param decimal the decimal separator of the request. Without it, 1,234 is ambiguous. */
  canBeComma(decimal: 'comma' | 'point' | undefined): boolean {
    if (!this.#canBeComma || decimal === 'point') return false
    return decimal === 'comma' ? this.#texts === 0 || this.#hasComma : this.#hasDecimalComma
  }

  /** Called for a number that is invalid with decimal commas. */
  excludeComma(): void {
    this.#canBeComma = false
  }

  get mayHaveCommas(): boolean {
    return this.#canBeComma
  }

  take(text: string, describeRow: () => string): void {
    this.#texts += 1
    if (this.#canBeComma) this.#takeComma(text)
    if (this.#dates * 2 >= this.#texts || this.#texts <= firstTexts) this.#takeDate(text, describeRow)
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

  #takeDate(text: string, describeRow: () => string): void {
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
    this.#firstOther ??= { place: describeRow(), text }
    const isOther = isFirst || !(dayFirst || monthFirst)
    if (isOther && this.#others.size <= listedExceptions) this.#others.add(text)
  }
}
