/** Parses numbers in decimal and scientific notation. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Parses a finite number. Returns undefined for other texts, such as "", "0x10", "NaN" and "1e999". */
export function parseNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** 1,75 · 1.234,50 · 1 234 · 12 % · €5 */
const written = /^[-+]?\p{Sc}?\s?\d{1,3}(?:[., '’]?\d{3})*(?:[.,]\d+)?\s?[%\p{Sc}]?$/u

/** Whether a text is a number to a human reader, but not for `parseNumber`. */
export function isNumberToPeople(text: string): boolean {
  return parseNumber(text) === undefined && written.test(text)
}

/** 1,5 · 1.234,5 · 1234 · -0,75 · 1,5e3 */
const decimalComma = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d+)?(?:[eE][+-]?\d+)?$/

/**
 * Parses a finite number with a decimal comma and optional points between thousands. Else returns undefined.
 */
export function parseDecimalComma(text: string): number | undefined {
  if (!/^[+-]?[\d,]/.test(text) || !decimalComma.test(text)) return undefined
  const value = Number(text.replaceAll('.', '').replace(',', '.'))
  return Number.isFinite(value) ? value : undefined
}

/** Whether a text is an integer of any length. */
export const isIntegerText = (text: string) => /^[+-]?\d+$/.test(text)
