/** The mean score by the values of two parameters. */

import type { Parameter } from './axes.js'
import { valueText } from './names.js'
import { mean, type ScoredPoint } from './points.js'

export interface Cell {
  score: number
  points: number
}

export interface HeatMap {
  columns: readonly string[]
  rows: readonly string[]
  /** By row, then column. Null without a point. */
  cells: readonly (readonly (Cell | null)[])[]
}

/** More distinct values are grouped. */
const maxBins = 12

export function toHeatMap(
  points: readonly ScoredPoint[],
  columnParameter: Parameter,
  rowParameter: Parameter,
): HeatMap {
  const columns = toBins(columnParameter, points)
  const rows = toBins(rowParameter, points)
  const scores = rows.names.map(() => columns.names.map((): number[] => []))
  for (const { values, score } of points) {
    const row = rows.indexOf(values[rowParameter.path])
    scores[row]?.[columns.indexOf(values[columnParameter.path])]?.push(score)
  }
  return {
    columns: columns.names,
    rows: rows.names,
    cells: scores.map((row) =>
      row.map((cell) => (cell.length === 0 ? null : { score: mean(cell), points: cell.length })),
    ),
  }
}

interface Bins {
  names: readonly string[]
  indexOf(value: unknown): number
}

/** The values that occur: listed ones in the order of the list, numbers of a range in ascending order. */
function toBins({ path, values }: Parameter, points: readonly ScoredPoint[]): Bins {
  const occurring = new Map(points.map((point) => [JSON.stringify(point.values[path]), point.values[path]]))
  const order = values?.map((value) => JSON.stringify(value))
  const distinct = [...occurring].sort(([oneText, one], [otherText, other]) =>
    order === undefined ? Number(one) - Number(other) : order.indexOf(oneText) - order.indexOf(otherText),
  )
  const perBin = Math.ceil(distinct.length / maxBins)
  const index = new Map(distinct.map(([text], position) => [text, Math.floor(position / perBin)]))
  const names = Array.from({ length: Math.ceil(distinct.length / perBin) }, (_, bin) => {
    const own = distinct.slice(bin * perBin, (bin + 1) * perBin)
    const [first, last] = [valueText(own[0]?.[1]), valueText(own.at(-1)?.[1])]
    return first === last ? first : `${first} … ${last}`
  })
  return { names, indexOf: (value) => index.get(JSON.stringify(value)) ?? 0 }
}
