/** Checks that JSON.parse does not make: the nesting depth, and repeated names in an object. */

interface JsonScan {
  tooDeep: boolean
  /** The first name that an object repeats. Only meaningful if the text is valid JSON. */
  repeatedName: string | undefined
}

const code = (character: string) => character.charCodeAt(0)
const [openObject, closeObject, openList, closeList] = [...'{}[]'].map(code)
const [comma, quote, backslash] = [...',"\\'].map(code)

/**
 * Scans brackets and names in one pass. Stops when the text is nested more than `maximumDepth` levels deep.
 */
export function scanJson(json: string, maximumDepth: number): JsonScan {
  /** For each open object the names so far, for each open list undefined. */
  const open: (Set<string> | undefined)[] = []
  let repeatedName: string | undefined
  let nameIsNext = false
  for (let index = 0; index < json.length; index++) {
    switch (json.charCodeAt(index)) {
      case openObject:
      case openList:
        if (open.length === maximumDepth) return { tooDeep: true, repeatedName }
        nameIsNext = json.charCodeAt(index) === openObject
        open.push(nameIsNext ? new Set() : undefined)
        break
      case closeObject:
      case closeList:
        open.pop()
        nameIsNext = false
        break
      case comma:
        nameIsNext = open[open.length - 1] !== undefined
        break
      case quote: {
        const end = findStringEnd(json, index)
        if (nameIsNext) {
          const names = open[open.length - 1]
          const name = parseName(json.slice(index, end + 1))
          if (names?.has(name)) repeatedName ??= name
          names?.add(name)
          nameIsNext = false
        }
        index = end
      }
    }
  }
  return { tooDeep: false, repeatedName }
}

/**
 * The index of the closing quote, or the length of the text. A quote after an odd number of backslashes is
 * escaped.
 */
function findStringEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json.charCodeAt(end - 1 - backslashes) === backslash) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return json.length
}

/** Decodes escapes, because "\u0061" is the same name as "a". */
function parseName(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}
