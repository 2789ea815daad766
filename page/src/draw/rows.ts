/** Converts the training rows of a job to points or samples for its plot. */
import type { Boundary, DatasetRows } from '../api/types.js'
import { classColours } from './colours.js'
import type { Sample } from './line.js'
import type { Point } from './plane.js'

/** Maximum number of rows drawn over a boundary. */
export const maxDrawnRows = 500

/** Returns no points if the target has too many values to be classes. */
export function pointsIn({ columns, data }: DatasetRows, axes: Boundary['axes']): Point[] {
  const { xs, target } = findColumns(columns, axes)
  const [first, second] = xs
  if (first === undefined || second === undefined || target === undefined) return []
  const classes = [...new Set(data.map((row) => row[target] ?? null))].sort(byNumberOrName)
  if (classes.length > classColours) return []
  return data.flatMap((row) => {
    const [x, y, label = null] = [row[first], row[second], row[target]]
    return typeof x === 'number' && typeof y === 'number'
      ? [{ x, y, classIndex: classes.indexOf(label) }]
      : []
  })
}

export function samplesIn({ columns, data }: DatasetRows, axes: Boundary['axes']): Sample[] {
  const { xs, target } = findColumns(columns, axes)
  const [first] = xs
  if (first === undefined || target === undefined) return []
  return data.flatMap((row) => {
    const [x, y] = [row[first], row[target]]
    return typeof x === 'number' && typeof y === 'number' ? [{ x, y }] : []
  })
}

/** Indices of the axes and of the target, which is the only other column. Undefined for several targets. */
function findColumns(columns: readonly string[], axes: Boundary['axes']) {
  const xs = axes.map(({ column }) => columns.indexOf(column)).filter((index) => index >= 0)
  const others = columns.flatMap((_, index) => (xs.includes(index) ? [] : [index]))
  return { xs, target: others.length === 1 ? others[0] : undefined }
}

type Cell = DatasetRows['data'][number][number]

const byNumberOrName = (a: Cell, b: Cell) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
