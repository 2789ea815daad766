/** What the columns of a delimited file are called, by the cells of its header. */
import { invalid, quoted } from './limits.js'

export interface NamedColumn {
  name: string
  /** The header names it; otherwise the name says its place. */
  isNamed: boolean
}

/** @throws DatasetError when two columns have one name */
export function namedColumns(header: readonly string[]): NamedColumn[] {
  const texts = header.map((text) => text.trim().normalize('NFC'))
  const taken = new Set(texts)
  const places = new Map<string, number>()
  return texts.map((text, column) => {
    const isNamed = text !== ''
    const name = isNamed ? text : freeName(`column${column + 1}`, taken)
    const before = places.get(name)
    if (before !== undefined) {
      throw invalid(`columns ${before + 1} and ${column + 1} are both called ${quoted(name)}`)
    }
    places.set(name, column)
    return { name, isNamed }
  })
}

/** The name, or the first of name_2, name_3, … that no other column has. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`
  return free
}
