/** Text charts: curves, a function of two variables, a signal, and tables. */

interface Curve {
  name: string
  /** Its character on the chart. */
  mark: string
  points: readonly (readonly [x: number, y: number])[]
}

type Scale = 'linear' | 'logarithmic'

interface Axes {
  x: string
  y: string
  xScale: Scale
  yScale: Scale
}

const width = 64
const height = 14

/** Draws curves on shared axes with a legend; later curves cover earlier ones. */
export function chart(curves: readonly Curve[], axes: Axes): string {
  const points = curves.flatMap((curve) => curve.points)
  const across = axis(
    points.map(([x]) => x),
    axes.xScale,
    width,
  )
  const up = axis(
    points.map(([, y]) => y),
    axes.yScale,
    height,
  )
  const cells = Array.from({ length: height }, () => Array<string>(width).fill(' '))
  for (const { mark, points } of curves) {
    for (const [x, y] of points) cells[height - 1 - up.place(y)][across.place(x)] = mark
  }
  const margin = 9
  const label = (row: number) => (row === 0 ? short(up.most) : row === height - 1 ? short(up.least) : '')
  const lines = cells.map((row, index) => `${label(index).padStart(margin)} │${row.join('').trimEnd()}`)
  const ends = short(across.least) + short(across.most).padStart(width - short(across.least).length)
  return [
    `${axes.y.padStart(margin)} │ ${curves.map(({ name, mark }) => `${mark} ${name}`).join('   ')}`,
    ...lines,
    `${' '.repeat(margin)} └${'─'.repeat(width)}`,
    `${' '.repeat(margin + 2)}${ends}  ${axes.x}`,
  ].join('\n')
}

function axis(values: readonly number[], scale: Scale, cells: number) {
  const finite = values.filter((value) => Number.isFinite(value) && (scale === 'linear' || value > 0))
  const least = finite.reduce((a, b) => Math.min(a, b))
  const most = finite.reduce((a, b) => Math.max(a, b))
  const stretched = (value: number) => (scale === 'linear' ? value : Math.log(Math.max(value, least)))
  const [from, to] = [stretched(least), stretched(most)]
  return {
    least,
    most,
    place: (value: number) =>
      to === from ? 0 : Math.round(((stretched(value) - from) / (to - from)) * (cells - 1)),
  }
}

/** Formats a number with three significant digits, without trailing zeros. */
export function short(value: number): string {
  const fits = value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 100_000)
  return fits ? String(Number(value.toPrecision(3))) : value.toExponential(1)
}

/** A square region of the plane. */
interface Square {
  from: number
  to: number
}

const mapColumns = 44
const mapRows = 20

/** The points of the square at which `drawMap` needs values, in row-major order from the top left. */
export function mapPoints({ from, to }: Square): number[][] {
  const along = (index: number, count: number) => from + ((to - from) * (index + 0.5)) / count
  return Array.from({ length: mapRows * mapColumns }, (_, index) => [
    along(index % mapColumns, mapColumns),
    along(mapRows - 1 - Math.floor(index / mapColumns), mapRows),
  ])
}

/** Draws a map of values from 0 (light) to 1 (dark), one per point of `mapPoints`, with marks at given points. */
export function drawMap(
  values: readonly number[],
  { from, to }: Square,
  marks: readonly { x1: number; x2: number; mark: string }[] = [],
): string {
  const shades = ' ░▒▓█'
  const cells = Array.from({ length: mapRows }, (_, row) =>
    Array.from({ length: mapColumns }, (_, column) => {
      const value = Math.min(1, Math.max(0, values[row * mapColumns + column]))
      return shades[Math.round(value * (shades.length - 1))]
    }),
  )
  const place = (value: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * count)))
  for (const { x1, x2, mark } of marks) {
    cells[mapRows - 1 - place(x2, mapRows)][place(x1, mapColumns)] = mark
  }
  return cells.map((row) => `  ${row.join('')}`).join('\n')
}

/** Draws a signal as bars, one per value, scaled from its minimum (or 0) to its maximum (or 1). */
export function drawSignal(values: readonly number[]): string {
  const heights = '▁▂▃▄▅▆▇█'
  const [least, most] = [Math.min(0, ...values), Math.max(1, ...values)]
  return values
    .map((value) => heights[Math.round(((value - least) / (most - least)) * (heights.length - 1))])
    .join('')
}

/** Formats a table: the first column is left-aligned, the others right-aligned. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = [heads, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? short(cell) : cell)),
  )
  const widths = heads.map((_, column) => Math.max(...texts.map((row) => row[column].length)))
  return texts
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      return `  ${cells.join('   ')}`.trimEnd()
    })
    .join('\n')
}
