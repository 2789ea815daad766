/** Lines of equal value on a grid (marching squares). */

interface Field {
  size: number
  /** The first axis varies fastest. */
  values: ArrayLike<number>
}

/** Segments x1, y1, x2, y2 in units of the grid, where the field crosses the level. */
export function contour({ size, values }: Field, level: number): number[][] {
  const segments: number[][] = []
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const corners = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ] as const
      const crossings = corners.flatMap(([x1, y1], side) => {
        const [x2, y2] = corners[(side + 1) % 4] ?? [x1, y1]
        const [a, b] = [(values[y1 * size + x1] ?? 0) - level, (values[y2 * size + x2] ?? 0) - level]
        if (a >= 0 === b >= 0) return []
        const share = a / (a - b)
        return [[x1 + share * (x2 - x1), y1 + share * (y2 - y1)]]
      })
      for (let piece = 0; piece + 1 < crossings.length; piece += 2) {
        segments.push([...(crossings[piece] ?? []), ...(crossings[piece + 1] ?? [])])
      }
    }
  }
  return segments
}

/** A path of these segments. */
export function contourPath(segments: readonly number[][], place: (x: number, y: number) => string): string {
  return segments.map(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => `M${place(x1, y1)}L${place(x2, y2)}`).join('')
}
