/**
 * Two weights, fitted to rows by least squares: a loss whose surface can be drawn. The formulas of the lecture compute
 * each step in double precision.
 */
import { seededRandom } from '../../src/datasets/random.js'
import type { Position, Surface } from './plot.js'

export interface Rows {
  x: number[][]
  y: number[]
}

/** How much longer the valley is than wide, where it runs, and what makes its rows disagree. */
interface Valley {
  rows: number
  /** Ratio of the largest and the smallest curvature. */
  condition: number
  /** Direction of the valley in degrees; 0 is along the second weight. */
  angle: number
  /** Standard deviation of the noise in the targets. */
  noise: number
}

/** Standard normal inputs, shrunk in one direction so that the loss is a valley. It starts at weights (0, 0). */
export function valleyRows({ rows, condition, angle, noise }: Valley, seed: number): Rows {
  const random = seededRandom(seed)
  const turned = rotation(angle)
  const raw = whitened(Array.from({ length: rows }, () => [random.normal(), random.normal()]))
  const x = raw.map(([across, along]) => turned([across, along / Math.sqrt(condition)]))
  const side = () => (random.uniform() < 0.5 ? -1 : 1)
  const target = turned([0.7 * side(), 1.6 * side()])
  return { x, y: x.map((row) => dot(row, target) + noise * random.normal()) }
}

function rotation(degrees: number): (vector: readonly number[]) => number[] {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  return ([a, b]) => [c * a - s * b, s * a + c * b]
}

/** Makes the mean square of each input 1 and their product 0, so that the condition number is exact. */
function whitened(rows: readonly number[][]): number[][] {
  const mean = (value: (row: number[]) => number) =>
    rows.reduce((sum, row) => sum + value(row), 0) / rows.length
  const first = Math.sqrt(mean(([a]) => a * a))
  const shared = mean(([a, b]) => (a / first) * b)
  const rest = rows.map(([a, b]) => b - (shared * a) / first)
  const second = Math.sqrt(rest.reduce((sum, b) => sum + b * b, 0) / rows.length)
  return rows.map(([a], index) => [a / first, rest[index] / second])
}

const dot = (a: readonly number[], b: readonly number[]) => a[0] * b[0] + a[1] * b[1]

/** Half of the mean squared error of these rows. */
export function lossAt({ x, y }: Rows, weights: readonly number[]): number {
  return x.reduce((sum, row, index) => sum + (dot(row, weights) - y[index]) ** 2, 0) / (2 * x.length)
}

/** The gradient of the loss of some rows, from `first` on. */
export function gradientAt(
  { x, y }: Rows,
  weights: readonly number[],
  first = 0,
  count = x.length,
): number[] {
  const gradient = [0, 0]
  for (let row = first; row < first + count; row++) {
    const error = (dot(x[row], weights) - y[row]) / count
    gradient[0] += error * x[row][0]
    gradient[1] += error * x[row][1]
  }
  return gradient
}

/** The second derivatives of the loss: ∂²/∂w₁², ∂²/∂w₁∂w₂ and ∂²/∂w₂². */
function curvature({ x }: Rows): [number, number, number] {
  const mean = (i: number, j: number) => x.reduce((sum, row) => sum + row[i] * row[j], 0) / x.length
  return [mean(0, 0), mean(0, 1), mean(1, 1)]
}

/** The largest eigenvalue of the curvature. Gradient descent converges for rates below 2 divided by it. */
export function largestCurvature(rows: Rows): number {
  const [a, b, d] = curvature(rows)
  return (a + d) / 2 + Math.sqrt(((a - d) / 2) ** 2 + b * b)
}

/** The weights with the lowest loss. */
export function minimumOf(rows: Rows): Position {
  const [a, b, d] = curvature(rows)
  const [g, h] = gradientAt(rows, [0, 0])
  const determinant = a * d - b * b
  return [(b * h - d * g) / determinant, (b * g - a * h) / determinant]
}

const surfaceSize = 61

/** The loss above its minimum around these paths, for contours. */
export function surfaceOf(rows: Rows, title: string, paths: Surface['paths']): Surface {
  const minimum = minimumOf(rows)
  // Both weights have the same scale, so that the shape of the valley is that of the loss.
  const reach = 1.25 * Math.max(Math.abs(minimum[0]), Math.abs(minimum[1]), 0.5)
  const from: Position = [minimum[0] - reach, minimum[1] - reach]
  const to: Position = [minimum[0] + reach, minimum[1] + reach]
  const at = (index: number, axis: 0 | 1) =>
    from[axis] + ((to[axis] - from[axis]) * index) / (surfaceSize - 1)
  const least = lossAt(rows, minimum)
  const values = Array.from({ length: surfaceSize ** 2 }, (_, index) => {
    return lossAt(rows, [at(index % surfaceSize, 0), at(Math.floor(index / surfaceSize), 1)]) - least
  })
  return {
    type: 'surface',
    title,
    x: 'weight w₁',
    y: 'weight w₂',
    grid: { from, to, size: surfaceSize, values },
    paths,
    minimum,
  }
}
