/** What JSON.parse does not tell of a text: how deep it goes, and whether an object has one name twice. */

interface Outline {
  tooDeep: boolean
  /** The first name that stands twice in one object; means something only if the text is JSON. */
  repeatedName: string | undefined
}

const code = (character: string) => character.charCodeAt(0)
const [openObject, closeObject, openList, closeList] = [...'{}[]'].map(code)
const [comma, quote, backslash] = [...',"\\'].map(code)

/** One pass over brackets and names that builds nothing; it ends where the text is too deep. */
export function outlineOf(json: string, maximum: number): Outline {
  /** Of each open bracket the names so far; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let repeatedName: string | undefined
  let nameIsNext = false
  for (let index = 0; index < json.length; index++) {
    switch (json.charCodeAt(index)) {
      case openObject:
      case openList:
        if (open.length === maximum) return { tooDeep: true, repeatedName }
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
        const end = endOfString(json, index)
        if (nameIsNext) {
          const names = open[open.length - 1]
          const name = nameOf(json.slice(index, end + 1))
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

/** The place of the closing quote, one behind an even number of backslashes; the end of the text where there is none. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json.charCodeAt(end - 1 - backslashes) === backslash) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return json.length
}

/** "\u0061" is the same name as "a". */
function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}
