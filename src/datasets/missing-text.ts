/** Which cells have no value. */
import { usualMissingTexts } from '../contract/missing-texts.js'

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

export const plainText = (text: string) => text.trim().toLowerCase()
