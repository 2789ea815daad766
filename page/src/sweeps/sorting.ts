/** Orders the points of a sweep by a column of their table. */
import type { SweepPoint } from './points.js'

/** `point`, `score`, `deviation`, `status`, or the path of a parameter. */
export interface Sorting {
  column: string
  isDescending: boolean
}

/** Points without a value in the column are last in both directions. */
export function sortPoints(points: readonly SweepPoint[], { column, isDescending }: Sorting): SweepPoint[] {
  const sign = isDescending ? -1 : 1
  return points
    .map((point) => ({ point, key: keyIn(point, column) }))
    .sort((one, other) => {
      if (one.key === null || other.key === null) {
        return Number(one.key === null) - Number(other.key === null) || one.point.point - other.point.point
      }
      return sign * compareKeys(one.key, other.key) || one.point.point - other.point.point
    })
    .map(({ point }) => point)
}

function keyIn(point: SweepPoint, column: string): number | string | null {
  switch (column) {
    case 'point':
    case 'score':
    case 'deviation':
    case 'status':
      return point[column]
    default: {
      const value = point.values[column]
      if (value === undefined) return null
      return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value)
    }
  }
}

/** Numbers precede texts. */
function compareKeys(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  if (typeof one === 'number') return -1
  if (typeof other === 'number') return 1
  return one < other ? -1 : Number(one > other)
}
