/** The column names of a delimited file. */
import { invalid, quoted } from './limits.js'

export interface NamedColumn {
  name: string
  /** Whether the header has a name. Otherwise the name is the number of the column. */
  isNamed: boolean
}

/** @throws DatasetError when two columns have the same name */
export function namedColumns(header: readonly string[]): NamedColumn[] {
  const texts = header.map((text) => text.trim().normalize('NFC'))
  const taken = new Set(texts)
  const positions = new Map<string, number>()
  return texts.map((text, column) => {
    const isNamed = text !== ''
    const name = isNamed ? text : freeName(`column${column + 1}`, taken)
    const other = positions.get(name)
    if (other !== undefined) {
      throw invalid(`columns ${other + 1} and ${column + 1} have the same name ${quoted(name)}`)
    }
    positions.set(name, column)
    return { name, isNamed }
  })
}

/** The name, or the first unused one of name_2, name_3, …. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`
  return free
}
