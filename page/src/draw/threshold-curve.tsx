/** A ROC or precision–recall curve, with the point of the current threshold. */
import { short } from '../format.js'

const size = 340
const edge = { left: 44, bottom: 40, top: 10, right: 12 }
const ticks = [0, 0.25, 0.5, 0.75, 1]

export type CurvePoint = readonly [x: number, y: number]

interface Props {
  title: string
  x: string
  y: string
  points: readonly CurvePoint[]
  /** How points are connected. `steps` moves vertically first, then horizontally. */
  line: 'straight' | 'steps'
  /** The line of a random classifier, from left to right. */
  chance: readonly [CurvePoint, CurvePoint] | null
  current: CurvePoint | null
}

const across = (value: number) => edge.left + value * (size - edge.left - edge.right)
const up = (value: number) => size - edge.bottom - value * (size - edge.bottom - edge.top)

export function ThresholdCurve({ title, x, y, points, line, chance, current }: Props) {
  return (
    <figure class="threshold-curve">
      <svg
        class="scatter"
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={`${title}: ${y} against ${x}${current === null ? '' : `, currently ${y} ${short(current[1])} at ${x} ${short(current[0])}`}`}
      >
        {ticks.map((tick) => (
          <g key={tick} class="mark">
            <line x1={across(tick)} x2={across(tick)} y1={up(0)} y2={up(1)} />
            <line x1={across(0)} x2={across(1)} y1={up(tick)} y2={up(tick)} />
            <text x={across(tick)} y={up(0) + 16} text-anchor="middle">
              {tick}
            </text>
            <text x={across(0) - 6} y={up(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        {chance === null ? null : (
          <line
            class="same"
            x1={across(chance[0][0])}
            y1={up(chance[0][1])}
            x2={across(chance[1][0])}
            y2={up(chance[1][1])}
          />
        )}
        <path class="line" d={svgPath(points, line)} />
        {current === null ? null : (
          <circle class="current" cx={across(current[0])} cy={up(current[1])} r={5} />
        )}
        <text x={across(0.5)} y={size - 6} text-anchor="middle">
          {x}
        </text>
        <text transform={`translate(11 ${up(0.5)}) rotate(-90)`} text-anchor="middle">
          {y}
        </text>
      </svg>
      <figcaption>{title}</figcaption>
    </figure>
  )
}

function svgPath(points: readonly CurvePoint[], line: Props['line']): string {
  return points
    .map(([x, y], index) => {
      const [left, height] = [across(x).toFixed(1), up(y).toFixed(1)]
      if (index === 0) return `M${left} ${height}`
      return line === 'straight' ? `L${left} ${height}` : `V${height}H${left}`
    })
    .join('')
}
