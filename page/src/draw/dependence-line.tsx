/** The mean prediction as a function of a number or date. */
import { day, short } from '../format.js'
import { PlotGrid } from './plot-grid.js'

const [width, height] = [480, 280]
const edge = { left: 62, bottom: 42, top: 10, right: 14 }

interface Props {
  /** Ascending; at least two. */
  points: readonly (readonly [x: number, y: number])[]
  x: string
  y: string
  isDate: boolean
}

export function DependenceLine({ points, x, y, isDate }: Props) {
  const [xs, ys] = [points.map(([value]) => value), points.map(([, mean]) => mean)]
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [least, greatest] = [Math.min(...ys), Math.max(...ys)]
  const margin = 0.1 * (greatest - least) || 0.5
  const [bottom, top] = [least - margin, greatest + margin]
  const across = (value: number) =>
    edge.left + ((value - left) / (right - left || 1)) * (width - edge.left - edge.right)
  const up = (mean: number) =>
    height - edge.bottom - ((mean - bottom) / (top - bottom)) * (height - edge.bottom - edge.top)
  const valueText = isDate ? day : short
  const [first, last] = [points[0], points.at(-1)]
  const path = points
    .map(
      ([value, mean], index) =>
        `${index === 0 ? 'M' : 'L'}${across(value).toFixed(1)} ${up(mean).toFixed(1)}`,
    )
    .join('')
  return (
    <svg
      class="scatter"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${y}: ${short(first?.[1])} at ${x} ${valueText(left)}, ${short(last?.[1])} at ${valueText(right)}`}
    >
      <PlotGrid
        across={{ from: left, to: right, place: across, text: valueText }}
        up={{ from: bottom, to: top, place: up, text: short }}
        size={{ width, height }}
        edge={edge}
      />
      <path class="line" d={path} />
      {points.map(([value, mean]) => (
        <circle key={value} cx={across(value)} cy={up(mean)} r={3} />
      ))}
      <text x={(width + edge.left) / 2} y={height - 6} text-anchor="middle">
        {x}
      </text>
    </svg>
  )
}
