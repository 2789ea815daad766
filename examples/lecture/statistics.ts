/** Medians and ranges over seeds. */
import type { Chart, Position } from './plot.js'

/** The middle value, or the upper one of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

export function range(values: readonly number[]) {
  return { value: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/** Points of a curve drawn in full; a longer one is thinned. */
const maximumPoints = 200

/** Positions in a curve of this length that are drawn, evenly spaced with both ends. */
function drawnIndices(length: number): number[] {
  const count = Math.min(length, maximumPoints)
  return Array.from({ length: count }, (_, index) =>
    Math.round((index * (length - 1)) / Math.max(1, count - 1)),
  )
}

/** The median curve of several seeds, and the band between their lowest and highest values. */
export function bandOf(
  label: string,
  curves: readonly (readonly number[])[],
  x: (index: number) => number,
): Chart['series'][number] {
  const at = drawnIndices(curves[0].length).map((index) => {
    return { x: x(index), ...range(curves.map((curve) => curve[index])) }
  })
  return {
    label,
    points: at.map(({ x, value }): Position => [x, value]),
    band: at.map(({ x, low, high }) => [x, low, high] as const),
  }
}

const superscript = (power: number) =>
  [...String(power)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)])).join('')

/** Three significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : 'diverged'
  const fits = value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 100_000)
  const text = fits ? String(Number(value.toPrecision(3))) : value.toExponential(1)
  const [digits, power] = text.split('e')
  const signed = digits.replace('-', '−')
  return power === undefined ? signed : `${signed}·10${superscript(Number(power))}`
}

export const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`
