/** The part of a rectangle on the positive side of a line. */
import type { Position } from '../../../../examples/lecture/plot.js'

/**
 * Clips the rectangle by w₁x + w₂y + b ≥ 0 (Sutherland and Hodgman 1974).
 * @returns the polygon, and the two ends of the line in the rectangle
 */
export function halfPlane([w1 = 0, w2 = 0, b = 0]: readonly number[], from: Position, to: Position) {
  const side = ([x, y]: Position) => w1 * x + w2 * y + b
  const corners: Position[] = [from, [to[0], from[1]], to, [from[0], to[1]]]
  const line: Position[] = []
  const area = corners.flatMap((corner, index): Position[] => {
    const next = corners[(index + 1) % 4] ?? corner
    const [here, there] = [side(corner), side(next)]
    const kept: Position[] = here >= 0 ? [corner] : []
    if (here >= 0 === there >= 0) return kept
    const share = here / (here - there)
    const crossing: Position = [
      corner[0] + share * (next[0] - corner[0]),
      corner[1] + share * (next[1] - corner[1]),
    ]
    line.push(crossing)
    return [...kept, crossing]
  })
  return { area, line }
}
