/** Which cells have no value. */
import { usualMissingTexts } from '../contract/missing-texts.js'
import { parseNumber } from './number-text.js'

/** As the user lists them; the usual ones when there is no list. */
export function missingTextsOf(listed: readonly string[] | undefined): ReadonlySet<string> {
  return listed === undefined ? usualMissingTexts : new Set(listed.map(plainText))
}

/** Blanks around a text and the case of its letters do not count. */
export function isMissingText(text: string, missing: ReadonlySet<string> = usualMissingTexts): boolean {
  if (text === '') return true
  const plain = plainText(text)
  return plain === '' || missing.has(plain)
}

/** Numbers among the texts, such as -99: they stand for a missing value however they are written. */
export function missingNumbersOf(texts: ReadonlySet<string>): ReadonlySet<number> {
  return new Set([...texts].flatMap((text) => parseNumber(text) ?? []))
}

export const plainText = (text: string) => text.trim().toLowerCase()

/** The parameter under which these words are missing as well; words with a comma need JSON. */
export function missingValuesWith(known: Iterable<string>, ...words: string[]): string {
  const all = [...new Set([...known, ...words])]
  return `missingValues=${all.some((word) => /[,[{]/.test(word)) ? JSON.stringify(all) : all.join(',')}`
}
