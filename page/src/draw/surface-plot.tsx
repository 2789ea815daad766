/** A loss over two directions: shades, contours at logarithmic distances, and the path of a training. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { short } from '../format.js'
import { useTheme } from '../theme.js'
import { colourFromToken } from './colours.js'
import { contour, contourPath } from './contours.js'
import { drawGrid } from './grid-image.js'

interface Props {
  size: number
  x: readonly [number, number]
  y: readonly [number, number]
  /** The first axis varies fastest; null where the loss is not finite. */
  losses: readonly (number | null)[]
  path: readonly (readonly [number, number])[]
  /** The place of the epoch that is shown. */
  shown: readonly [number, number] | undefined
  label: string
}

/** Units of the drawing along each side. */
const side = 400
const contours = 11

export function SurfacePlot({ size, x, y, losses, path, shown, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const { values, least, greatest } = useMemo(() => scaled(losses), [losses])
  // Not again for each epoch that is shown.
  const lines = useMemo(
    () =>
      Array.from({ length: contours }, (_, index) =>
        contourPath(contour({ size, values }, levelAt(index, least, greatest)), (column, row) => {
          const [x, y] = [(column / (size - 1)) * side, side - (row / (size - 1)) * side]
          return `${x.toFixed(1)} ${y.toFixed(1)}`
        }),
      ),
    [values, size],
  )
  useLayoutEffect(() => {
    if (canvas.current !== null) shade(canvas.current, size, values, least, greatest)
  }, [values, theme])
  const across = (value: number) => ((value - x[0]) / (x[1] - x[0])) * side
  const up = (value: number) => side - ((value - y[0]) / (y[1] - y[0])) * side
  const way = path.map(([a, b]) => `${across(a).toFixed(1)} ${up(b).toFixed(1)}`).join('L')
  return (
    <div class="surface-plot" role="img" aria-label={label}>
      <canvas ref={canvas} width={size} height={size} />
      <svg viewBox={`0 0 ${side} ${side}`} aria-hidden="true">
        {lines.map((line, index) => (
          <path key={index} class="contour" d={line} />
        ))}
        {path.length === 0 ? null : <path class="way" d={`M${way}`} />}
        {path.map(([a, b], index) => (
          <circle key={index} class="stop" cx={across(a)} cy={up(b)} r={2.5} />
        ))}
        <path class="minimum" d={`M${across(0) - 7} ${up(0)}h14m-7 -7v14`} />
        {shown === undefined ? null : <circle class="shown" cx={across(shown[0])} cy={up(shown[1])} r={7} />}
        <text x={6} y={side - 8}>
          {short(x[0])}
        </text>
        <text x={side - 6} y={side - 8} text-anchor="end">
          {short(x[1])}
        </text>
        <text x={6} y={16}>
          {short(y[1])}
        </text>
      </svg>
    </div>
  )
}

/** Logarithms, with the largest one where the loss is not finite. */
function scaled(losses: Props['losses']): { values: number[]; least: number; greatest: number } {
  const finite = losses.filter((loss) => loss !== null)
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  // A perceptron without mistakes has the loss 0.
  const logarithm = (loss: number) => Math.log(Math.max(loss, high / 1e6))
  return {
    values: losses.map((loss) => logarithm(loss ?? high)),
    least: logarithm(low),
    greatest: logarithm(high),
  }
}

const levelAt = (index: number, least: number, greatest: number) =>
  least + ((index + 0.5) / contours) * (greatest - least)

/** Darker for lower losses. */
function shade(
  canvas: HTMLCanvasElement,
  size: number,
  values: readonly number[],
  least: number,
  greatest: number,
): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const [low, high] = [colourFromToken('--accent'), colourFromToken('--canvas')]
  drawGrid(context, size, (point, mix) => {
    const value = values[point] ?? greatest
    mix(low, high, greatest === least ? 0 : (value - least) / (greatest - least))
  })
}
