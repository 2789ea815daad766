/** Reads objects from parts of a JSON text, and integers with all their digits. */

/** Marks the digits of an integer that a float64 would round. Texts of a file do not start with it. */
const integerMark = '\u0000integer:'

/** Parses one object. Integers beyond 2^53 are marked for `readLargeInteger`. */
export function parseExactly(text: string): unknown {
  return JSON.parse(/\d{16}/.test(text) ? markIntegers(text) : text)
}

/** The digits of a marked integer. Undefined for other texts. */
export function readLargeInteger(value: string): string | undefined {
  return value.startsWith(integerMark) ? value.slice(integerMark.length) : undefined
}

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

function markIntegers(text: string): string {
  return text.replace(stringOrNumber, (token) => {
    const isLarge = /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
    return isLarge ? JSON.stringify(integerMark + token) : token
  })
}

const [openBrace, closeBrace, openBracket, closeBracket] = [123, 125, 91, 93]
const [quote, backslash] = [34, 92]

/** The offset after the object that starts at `start`, or −1 if it is incomplete. */
export function findObjectEnd(bytes: Buffer, start: number): number {
  let depth = 0
  for (let index = start; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote:
        index = findStringEnd(bytes, index)
        if (index < 0) return -1
        break
      case openBrace:
      case openBracket:
        depth += 1
        break
      case closeBrace:
      case closeBracket:
        depth -= 1
        if (depth === 0) return index + 1
    }
  }
  return -1
}

/** The offset of the closing quote, or −1 if there is none. */
function findStringEnd(bytes: Buffer, start: number): number {
  for (let index = start + 1; index < bytes.length; index++) {
    if (bytes[index] === backslash) index += 1
    else if (bytes[index] === quote) return index
  }
  return -1
}
