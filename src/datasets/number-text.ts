/** Which texts are numbers: plain decimals and scientific notation, nothing else. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** The finite number a text writes in decimal or scientific notation; undefined for "", "0x10", "NaN", "1e999" and words. */
export function parseNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
