/** Draws the plots of a demonstration as text. */
import { chart, drawMap, drawSignal, mapPoints, short, table } from './chart.js'
import type { Bars, Chart, PlaneMap, Plot, Surface } from './lecture/plot.js'
import { weightNames } from './lecture/tiny-network.js'
import { pictureLines } from './picture-lines.js'

const marks = ['o', '+', '█', '×', '#', '@']

/** Lines of text with a title. */
export function plotLines(plot: Plot): string {
  switch (plot.type) {
    case 'chart':
      return titled(plot.title, drawChart(plot))
    case 'bars':
      return titled(plot.title, drawBars(plot))
    case 'surface':
      return titled(plot.title, drawSurface(plot))
    case 'planes':
      return titled(plot.title, plot.maps.map((map) => `${map.title}\n${drawPlane(map)}`).join('\n'))
    case 'table':
      return titled(plot.title, table(plot.heads, plot.rows))
    case 'words':
      return plot.lines.map((line) => `  ${line}`).join('\n')
    case 'signals': {
      const centred = (values: readonly number[]) => drawSignal(values.map((value) => value / 2 + 0.5))
      const rows = plot.rows.map((row) =>
        row.map((signal, at) => (at === 0 ? drawSignal(signal) : centred(signal))),
      )
      return titled(plot.title, table(plot.heads, rows))
    }
    case 'pictures':
      return titled(plot.title, drawPictures(plot))
    case 'network':
      return titled(plot.title, networkSteps(plot.network))
    default:
      return plot satisfies never
  }
}

const titled = (title: string, content: string) => `${title}\n${content}`

function drawChart({ series, x, y, reference }: Chart): string {
  const limited = (points: Chart['series'][number]['points']) =>
    points.filter(([at, value]) => {
      return (
        Number.isFinite(value) &&
        (x.logarithmic !== true || at > 0) &&
        at <= (x.to ?? Number.POSITIVE_INFINITY) &&
        value >= (y.from ?? Number.NEGATIVE_INFINITY)
      )
    })
  const curves = series.map(({ label, points, style }, index) => {
    return { name: label, mark: style === 'dots' ? '·' : (marks[index] ?? '*'), points: limited(points) }
  })
  const scale = ({ logarithmic }: Chart['x']) => (logarithmic === true ? 'logarithmic' : 'linear')
  const axes = { x: x.label, y: '', xScale: scale(x), yScale: scale(y) } as const
  const note = reference === undefined ? '' : `\n  ${reference.label}: ${short(reference.y)}`
  return `  ${y.label}\n${chart(curves, axes)}${note}`
}

const barWidth = 40

function drawBars({ groups, unit, reference }: Bars): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ high }) => high)))
  const rows = groups.flatMap(({ label: group, bars }) =>
    bars.map(({ label, value, low, high }) => [
      `${group}: ${label}`,
      '█'.repeat(Math.round((barWidth * value) / most)).padEnd(barWidth),
      short(value),
      `${short(low)} to ${short(high)}`,
    ]),
  )
  const note = reference === undefined ? '' : `\n  ${reference.label}: ${short(reference.value)}`
  return `${table(['', unit, 'median', 'range'], rows)}${note}`
}

const unit = { from: 0, to: 1 }

/** Darker is higher, on a logarithmic scale. The last point of each path is marked by its number. */
function drawSurface({ grid: { from, to, size, values }, paths, minimum }: Surface): string {
  const place = ([x, y]: readonly [number, number]) => ({
    x1: (x - from[0]) / (to[0] - from[0]),
    x2: (y - from[1]) / (to[1] - from[1]),
  })
  const logs = values.map((value) => Math.log10(Math.max(value, 1e-4)))
  const [least, most] = [Math.min(...logs), Math.max(...logs)]
  const shades = mapPoints(unit).map(([x, y]) => {
    const index = Math.round(y * (size - 1)) * size + Math.round(x * (size - 1))
    return (0.6 * (logs[index] - least)) / (most - least)
  })
  const isInside = ({ x1, x2 }: { x1: number; x2: number }) => x1 >= 0 && x1 <= 1 && x2 >= 0 && x2 <= 1
  const drawn = paths.flatMap(({ points }, index) =>
    points.map((point) => ({ ...place(point), mark: String(index + 1) })).filter(isInside),
  )
  const legend = paths.map(({ label }, index) => `  ${index + 1}  ${label}`).join('\n')
  return `${drawMap(shades, unit, [...drawn, { ...place(minimum), mark: '×' }])}\n${legend}\n  ×  minimum`
}

function drawPlane({ from, to, points, area }: PlaneMap): string {
  const square = { from: from[0], to: to[0] }
  const values = mapPoints(square).map(([x, y]) => {
    if (area.type === 'line') {
      const [w1, w2, b] = area.weights
      return w1 * x + w2 * y + b >= 0 ? 0.5 : 0
    }
    const at = (value: number) =>
      Math.round(((value - square.from) / (square.to - square.from)) * (area.size - 1))
    return area.values[at(y) * area.size + at(x)]
  })
  return drawMap(
    values,
    square,
    points.map(({ x, y, label }) => ({ x1: x, x2: y, mark: String(label) })),
  )
}

function drawPictures({ side, pictures }: Extract<Plot, { type: 'pictures' }>): string {
  const shown = pictures.slice(0, 5)
  const lines = shown.map(({ pixels }) => pictureLines(pixels, side, 1))
  const rows = lines[0].map((_, line) => `  ${lines.map((picture) => picture[line]).join('  │ ')}`)
  return [...rows, `  ${shown.map(({ caption }) => caption.padEnd(side)).join('  │ ')}`].join('\n')
}

/** The numbers of the forward and the backward pass in their order. */
function networkSteps({
  example,
  weights,
  values,
  errors,
}: Extract<Plot, { type: 'network' }>['network']): string {
  const named = weightNames.map((name, index) => `${name} = ${short(weights[index])}`).join('  ')
  return [
    `  x = (${example.inputs.join(', ')})  y = ${example.target}  ${named}`,
    `  forward   z = (${values.sums.map(short).join(', ')})  h = tanh z = (${values.hidden.map(short).join(', ')})`,
    `            s = ${short(values.sum)}  ŷ = σ(s) = ${short(values.output)}  L = ½(ŷ − y)² = ${short(values.loss)}`,
    `  backward  ∂L/∂ŷ = ${short(errors.outputError)}  σ′(s) = ${short(errors.outputSlope)}  δ = ${short(errors.outputDelta)}`,
    `            tanh′(z) = (${errors.slopes.map(short).join(', ')})  δ₁, δ₂ = (${errors.deltas.map(short).join(', ')})`,
  ].join('\n')
}
