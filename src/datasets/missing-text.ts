/** Detects cells without a value. */
import { usualMissingTexts } from '../contract/missing-texts.js'
import { parseNumber } from './number-text.js'

/** The texts of the request, or the default list. */
export function toMissingTexts(listed: readonly string[] | undefined): ReadonlySet<string> {
  return listed === undefined ? usualMissingTexts : new Set(listed.map(plainText))
}

/** Ignores surrounding blanks and case. */
export function isMissingText(text: string, missing: ReadonlySet<string> = usualMissingTexts): boolean {
  if (text === '') return true
  const plain = plainText(text)
  return plain === '' || missing.has(plain)
}

/** The numbers among the texts, such as -99. They mean a missing value in any notation. */
export function toMissingNumbers(texts: ReadonlySet<string>): ReadonlySet<number> {
  return new Set([...texts].flatMap((text) => parseNumber(text) ?? []))
}

export const plainText = (text: string) => text.trim().toLowerCase()

/** The upload parameter that adds words to the texts. A text with a comma needs JSON. */
export function missingValuesParameter(texts: Iterable<string>, ...words: string[]): string {
  const all = [...new Set([...texts, ...words])]
  return `missingValues=${all.some((text) => /[,[{]/.test(text)) ? JSON.stringify(all) : all.join(',')}`
}
