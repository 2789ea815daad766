/** Drawn points as text for addresses: for each point its class and both coordinates in thousandths, from −1 to 1. */
import type { Point } from '../draw/plane.js'

const steps = 1_000
export const maximumPoints = 500

/** The precision that points have in an address, so that a link trains on the same numbers. */
export const roundPoint = (value: number) => Math.round(value * steps) / steps

export function writePoints(points: readonly Point[]): string {
  return points
    .map(({ x, y, classIndex }) => [classIndex, Math.round(x * steps), Math.round(y * steps)].join(','))
    .join('_')
}

/** Undefined if a point is damaged, or there are too many. */
export function readPoints(text: string): Point[] | undefined {
  const points = text.split('_').map((each): Point | null => {
    const [, classIndex, x, y] = /^([01]),(-?\d{1,4}),(-?\d{1,4})$/.exec(each) ?? []
    const isInside = Math.abs(Number(x)) <= steps && Math.abs(Number(y)) <= steps
    return classIndex !== undefined && isInside
      ? { x: Number(x) / steps, y: Number(y) / steps, classIndex: Number(classIndex) }
      : null
  })
  const known = points.filter((point) => point !== null)
  return known.length === points.length && points.length <= maximumPoints ? known : undefined
}
