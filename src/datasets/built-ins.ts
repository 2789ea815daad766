/** The datasets that need no upload: the lecture's boolean functions of two inputs. */
import { describeTable, type Table } from './table.js'

function truthTable(truth: (x1: number, x2: number) => boolean): Table {
  const rows = [0, 1].flatMap((x1) => [0, 1].map((x2) => [x1, x2, truth(x1, x2) ? 1 : 0]))
  return describeTable(
    [
      { name: 'x1', role: 'feature' },
      { name: 'x2', role: 'feature' },
      { name: 'y', role: 'target' },
    ],
    Float64Array.from(rows.flat()),
  )
}

const makers: ReadonlyMap<string, () => Table> = new Map([
  ['and', () => truthTable((x1, x2) => x1 === 1 && x2 === 1)],
  ['or', () => truthTable((x1, x2) => x1 === 1 || x2 === 1)],
  ['nand', () => truthTable((x1, x2) => !(x1 === 1 && x2 === 1))],
  ['xor', () => truthTable((x1, x2) => x1 !== x2)],
])

export const builtInNames: readonly string[] = [...makers.keys()]

/** The built-in dataset of that name, made anew, or undefined if there is none. Features x1, x2; target y, 0 or 1. */
export function builtIn(name: string): Table | undefined {
  return makers.get(name)?.()
}
