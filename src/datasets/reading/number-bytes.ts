/** Parses numbers from bytes of text, without creating strings. */

const zero = 48
const nine = 57
const plus = 43
const minus = 45
const point = 46
const letterE = 69
const smallLetterE = 101

/** The powers of ten that float64 represents exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
/** The largest integer that stays exact in float64 with one more digit. */
const maximumBeforeDigit = Math.floor((Number.MAX_SAFE_INTEGER - 9) / 10)

/**
 * Parses the bytes start…end as a finite number in decimal or scientific notation, rounded like `Number`. NaN
 * for other texts, such as "", "0x10", "NaN", "Inf" and "1e999". An exact integer multiplied or divided by an
 * exact power of ten is rounded only once, so correctly (W. D. Clinger, How to read floating point numbers
 * accurately, 1990).
 */
export function parseNumberBytes(bytes: Buffer, start: number, end: number): number {
  let index = start
  let byte = bytes[index]
  const negative = byte === minus
  if (negative || byte === plus) index += 1
  let digits = 0
  let mantissa = 0
  let exponent = 0
  let exact = true
  for (; index < end; index++) {
    byte = bytes[index]
    if (byte < zero || byte > nine) break
    if (mantissa > maximumBeforeDigit) exact = false
    mantissa = mantissa * 10 + (byte - zero)
    digits += 1
  }
  if (index < end && byte === point) {
    for (index += 1; index < end; index++) {
      byte = bytes[index]
      if (byte < zero || byte > nine) break
      if (mantissa > maximumBeforeDigit) exact = false
      mantissa = mantissa * 10 + (byte - zero)
      digits += 1
      exponent -= 1
    }
  }
  if (digits === 0) return Number.NaN
  if (index < end) {
    if (byte !== letterE && byte !== smallLetterE) return Number.NaN
    index += 1
    const sign = bytes[index]
    if (sign === minus || sign === plus) index += 1
    if (index >= end) return Number.NaN
    let power = 0
    for (; index < end; index++) {
      byte = bytes[index]
      if (byte < zero || byte > nine) return Number.NaN
      power = Math.min(power * 10 + (byte - zero), 1e6)
    }
    exponent += sign === minus ? -power : power
  }
  if (exact && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / powersOfTen[-exponent] : mantissa * powersOfTen[exponent]
    return negative ? -value : value
  }
  const value = Number(bytes.toString('latin1', start, end))
  return Number.isFinite(value) ? value : Number.NaN
}
