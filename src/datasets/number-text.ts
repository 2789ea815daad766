/** Which texts are numbers: plain decimals and scientific notation, nothing else. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** The finite number a text writes in decimal or scientific notation; undefined for "", "0x10", "NaN", "1e999" and words. */
export function parseNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** 1,75 · 1.234,50 · 1 234 · 12 % · €5 */
const written = /^[-+]?\p{Sc}?\s?\d{1,3}(?:[., '’]?\d{3})*(?:[.,]\d+)?\s?[%\p{Sc}]?$/u

/** Whether people would take a text for a number that `parseNumber` does not. */
export function isNumberToPeople(text: string): boolean {
  return parseNumber(text) === undefined && written.test(text)
}

/** 1,5 · 1.234,5 · 1234 · -0,75 · 1,5e3 */
const decimalComma = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d+)?(?:[eE][+-]?\d+)?$/

/** The finite number that a text writes with a decimal comma, with points between thousands or without; undefined for all else. */
export function parseDecimalComma(text: string): number | undefined {
  if (!/^[+-]?[\d,]/.test(text) || !decimalComma.test(text)) return undefined
  const value = Number(text.replaceAll('.', '').replace(',', '.'))
  return Number.isFinite(value) ? value : undefined
}

/** An integer's digits, of any length. */
export const isIntegerText = (text: string) => /^[+-]?\d+$/.test(text)
