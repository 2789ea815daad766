/**
 * Datasets drawn by formula. Numbers are rounded to float32, what a network sees of them, which also hides the last
 * bits in which one machine's sine may differ from another's.
 */
import type { Cell, GeneratedDataset } from '../contract/dataset.js'
import { type Random, seededRandom } from './random.js'
import { type ColumnHead, describeTable, type Table } from './table.js'

const feature = (name: string): ColumnHead => ({ name, role: 'feature' })
const numberTarget: ColumnHead = { name: 'y', role: 'target' }

/** Rows one after the other: each continues the random numbers of the one before. */
interface RowSource {
  heads: ColumnHead[]
  rows: number
  /** Writes row `row` from place `at` on; called for each row from 0 in order. */
  write(row: number, into: Float64Array, at: number): void
}

/** How many rows the table of a request has, how many columns, and their names. */
export function sizeOfGenerated(dataset: GeneratedDataset): {
  rows: number
  columns: number
  names: string[]
} {
  const { rows, heads } = sourceOf(dataset)
  return { rows, columns: heads.length, names: heads.map(({ name }) => name) }
}

/** The table of one request; the same request gives the same table. */
export function generate(dataset: GeneratedDataset): Table {
  const { heads, rows, write } = sourceOf(dataset)
  const values = new Float64Array(rows * heads.length)
  for (let row = 0; row < rows; row++) write(row, values, row * heads.length)
  return describeTable(heads, values)
}

/** Raw values of the rows of these ascending numbers; nothing is drawn after the last of them. */
export function generatedRows(dataset: GeneratedDataset, numbers: readonly number[]): Cell[][] {
  const { heads, rows, write } = sourceOf(dataset)
  const values = new Float64Array(heads.length)
  const found: Cell[][] = []
  for (let row = 0; row < rows && found.length < numbers.length; row++) {
    write(row, values, 0)
    if (numbers[found.length] !== row) continue
    found.push(heads.map(({ categories }, place) => categories?.[values[place]] ?? values[place]))
  }
  return found
}

function sourceOf(dataset: GeneratedDataset): RowSource {
  switch (dataset.name) {
    case 'parity':
      return parity(dataset)
    case 'sine':
      return sine(dataset)
    case 'blobs':
      return plane(dataset, dataset.classes, (_, which) => onCircle(2, which / dataset.classes))
    case 'moons':
      return plane(dataset, 2, (along, which) => {
        const [x, y] = onCircle(1, along / 2)
        return which === 0 ? [x, y] : [1 - x, 0.5 - y]
      })
    case 'circles':
      return plane(dataset, 2, (along, which) => onCircle(which === 0 ? 1 : 0.5, along))
    case 'spirals':
      return plane(dataset, 2, (along, which) => onCircle(0.2 + 1.8 * along, 1.5 * along + which / 2))
    default:
      return dataset satisfies never
  }
}

/** Point at `turns` full turns from the first axis. */
function onCircle(radius: number, turns: number): [number, number] {
  return [radius * Math.cos(2 * Math.PI * turns), radius * Math.sin(2 * Math.PI * turns)]
}

/** y is 1 where an odd number of the inputs are 1: all of the truth table in counting order, or rows drawn from it. */
function parity({ inputs, rows, seed }: GeneratedDataset & { name: 'parity' }): RowSource {
  const random = seededRandom(seed)
  const names = Array.from({ length: inputs }, (_, place) => `x${place + 1}`)
  return {
    heads: [...names.map(feature), numberTarget],
    rows: rows ?? 2 ** inputs,
    write(row, into, at) {
      const number = rows === undefined ? row : Math.floor(random.uniform() * 2 ** inputs)
      let odd = 0
      for (let place = 0; place < inputs; place++) {
        const bit = (number >>> (inputs - 1 - place)) & 1
        into[at + place] = bit
        odd ^= bit
      }
      into[at + inputs] = odd
    },
  }
}

/** y = sin x, plus noise, at even distances from −π to π. */
function sine({ rows, noise, seed }: GeneratedDataset & { name: 'sine' }): RowSource {
  const random = seededRandom(seed)
  return {
    heads: [feature('x'), numberTarget],
    rows,
    write(row, into, at) {
      const x = Math.PI * ((2 * row) / (rows - 1) - 1)
      into[at] = Math.fround(x)
      into[at + 1] = Math.fround(scattered(Math.sin(x), noise, random))
    },
  }
}

/** How far along its class a row stands, 0 to 1, and which class it is: to a point. */
type Shape = (along: number, which: number) => readonly [number, number]

/** Points of the plane in classes of equal size (to one row), the classes taking turns row by row. */
function plane(
  { rows, noise, seed }: { rows: number; noise: number; seed: number },
  classes: number,
  shape: Shape,
): RowSource {
  const random = seededRandom(seed)
  const categories = Array.from({ length: classes }, (_, which) => String(which))
  return {
    heads: [feature('x1'), feature('x2'), { name: 'class', role: 'target', categories }],
    rows,
    write(row, into, at) {
      const which = row % classes
      const last = Math.ceil((rows - which) / classes) - 1
      const [x1, x2] = shape(last === 0 ? 0 : Math.floor(row / classes) / last, which)
      into[at] = Math.fround(scattered(x1, noise, random))
      into[at + 1] = Math.fround(scattered(x2, noise, random))
      into[at + 2] = which
    },
  }
}

function scattered(place: number, noise: number, random: Random): number {
  return place + noise * random.normal()
}
