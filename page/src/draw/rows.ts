/** The rows that a job learns from, as points of the plane or samples along the line that its network is drawn over. */
import type { Boundary, DatasetRows } from '../api/types.js'
import type { Sample } from './line.js'
import { classColours, type Point } from './plane.js'

/** As many as are drawn over a boundary. */
export const maxDrawnRows = 500

/** None where the rows have no classes: a plane of numbers has no points of one colour or another. */
export function pointsIn({ columns, data }: DatasetRows, axes: Boundary['axes']): Point[] {
  const { xs, target } = findColumns(columns, axes)
  const [first, second] = xs
  if (first === undefined || second === undefined || target === undefined) return []
  const classes = [...new Set(data.map((row) => row[target] ?? null))].sort(byNumberOrName)
  if (classes.length > classColours) return []
  return data.flatMap((row) => {
    const [x, y, answer = null] = [row[first], row[second], row[target]]
    return typeof x === 'number' && typeof y === 'number' ? [{ x, y, which: classes.indexOf(answer) }] : []
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

/** The target is the one column that is no axis; of several targets none is drawn. */
function findColumns(columns: readonly string[], axes: Boundary['axes']) {
  const xs = axes.map(({ column }) => columns.indexOf(column)).filter((place) => place >= 0)
  const others = columns.flatMap((_, place) => (xs.includes(place) ? [] : [place]))
  return { xs, target: others.length === 1 ? others[0] : undefined }
}

type Cell = DatasetRows['data'][number][number]

const byNumberOrName = (a: Cell, b: Cell) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
