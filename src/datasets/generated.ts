/**
 * Datasets drawn by formula. Numbers are rounded to float32, what a network sees of them, which also hides the last
 * bits in which one machine's sine may differ from another's.
 */
import type { GeneratedDataset } from '../contract/dataset.js'
import { type Random, seededRandom } from './random.js'
import { type ColumnHead, describeTable, type Table } from './table.js'

const feature = (name: string): ColumnHead => ({ name, role: 'feature' })
const numberTarget: ColumnHead = { name: 'y', role: 'target' }

/** The table of one request; the same request gives the same table. */
export function generate(dataset: GeneratedDataset): Table {
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
function parity({ inputs, rows, seed }: GeneratedDataset & { name: 'parity' }): Table {
  const random = seededRandom(seed)
  const table = Array.from({ length: rows ?? 2 ** inputs }, (_, row) => {
    const number = rows === undefined ? row : Math.floor(random.uniform() * 2 ** inputs)
    const bits = Array.from({ length: inputs }, (_, place) => (number >>> (inputs - 1 - place)) & 1)
    return [...bits, bits.reduce((odd, bit) => odd ^ bit, 0)]
  })
  const names = Array.from({ length: inputs }, (_, place) => `x${place + 1}`)
  return describeTable([...names.map(feature), numberTarget], Float64Array.from(table.flat()))
}

/** y = sin x, plus noise, at even distances from −π to π. */
function sine({ rows, noise, seed }: GeneratedDataset & { name: 'sine' }): Table {
  const random = seededRandom(seed)
  const table = Array.from({ length: rows }, (_, row) => {
    const x = Math.PI * ((2 * row) / (rows - 1) - 1)
    return [x, Math.sin(x) + noise * random.normal()]
  })
  return describeTable([feature('x'), numberTarget], rounded(table))
}

/** How far along its class a row stands, 0 to 1, and which class it is: to a point. */
type Shape = (along: number, which: number) => readonly [number, number]

/** Points of the plane in classes of equal size (to one row), the classes taking turns row by row. */
function plane(
  { rows, noise, seed }: { rows: number; noise: number; seed: number },
  classes: number,
  shape: Shape,
): Table {
  const random = seededRandom(seed)
  const table = Array.from({ length: rows }, (_, row) => {
    const which = row % classes
    const last = Math.ceil((rows - which) / classes) - 1
    const [x1, x2] = shape(last === 0 ? 0 : Math.floor(row / classes) / last, which)
    return [scattered(x1, noise, random), scattered(x2, noise, random), which]
  })
  const categories = Array.from({ length: classes }, (_, which) => String(which))
  return describeTable(
    [feature('x1'), feature('x2'), { name: 'class', role: 'target', categories }],
    rounded(table),
  )
}

function scattered(place: number, noise: number, random: Random): number {
  return place + noise * random.normal()
}

function rounded(table: number[][]): Float64Array {
  return Float64Array.from(table.flat(), Math.fround)
}
