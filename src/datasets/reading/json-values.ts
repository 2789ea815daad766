/** JSON in pieces: the objects of a list one by one, and integers with all their digits. */

/** Before the digits of an integer that a float64 would round; no text of a file begins with it by chance. */
const integerMark = '\u0000integer:'

/** Parses one object; integers beyond 2^53 come as what `largeIntegerOf` reads. */
export function parseExactly(text: string): unknown {
  return JSON.parse(/\d{16}/.test(text) ? withMarkedIntegers(text) : text)
}

/** The digits of a marked integer; undefined for every other text. */
export function largeIntegerOf(value: string): string | undefined {
  return value.startsWith(integerMark) ? value.slice(integerMark.length) : undefined
}

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

function withMarkedIntegers(text: string): string {
  return text.replace(stringOrNumber, (token) => {
    const isLarge = /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
    return isLarge ? JSON.stringify(integerMark + token) : token
  })
}

const [openBrace, closeBrace, openBracket, closeBracket] = [123, 125, 91, 93]
const [quote, backslash] = [34, 92]

/** Where the object that begins at `start` ends (behind its brace); −1 when the bytes end before it does. */
export function endOfObject(bytes: Buffer, start: number): number {
  let depth = 0
  for (let place = start; place < bytes.length; place++) {
    switch (bytes[place]) {
      case quote:
        place = endOfString(bytes, place)
        if (place < 0) return -1
        break
      case openBrace:
      case openBracket:
        depth += 1
        break
      case closeBrace:
      case closeBracket:
        depth -= 1
        if (depth === 0) return place + 1
    }
  }
  return -1
}

/** The place of the closing quote; −1 when it is not within the bytes. */
function endOfString(bytes: Buffer, start: number): number {
  for (let place = start + 1; place < bytes.length; place++) {
    if (bytes[place] === backslash) place += 1
    else if (bytes[place] === quote) return place
  }
  return -1
}
