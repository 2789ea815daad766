/** A curve between two shares, such as recall and precision, with the point that is looked at. */
import { short } from '../format.js'

const size = 340
const edge = { left: 44, bottom: 40, top: 10, right: 12 }
const marks = [0, 0.25, 0.5, 0.75, 1]

export type Spot = readonly [x: number, y: number]

interface Props {
  title: string
  x: string
  y: string
  spots: readonly Spot[]
  /** From one spot to the next: on a straight line, or first across and then up or down. */
  joined: 'straight' | 'steps'
  /** What an answer by chance gives, from left to right. */
  chance: readonly [Spot, Spot] | null
  current: Spot | null
}

const across = (value: number) => edge.left + value * (size - edge.left - edge.right)
const up = (value: number) => size - edge.bottom - value * (size - edge.bottom - edge.top)

export function ThresholdCurve({ title, x, y, spots, joined, chance, current }: Props) {
  return (
    <figure class="share-curve">
      <svg
        class="scatter"
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={`${title}: ${y} against ${x}${current === null ? '' : `, now ${y} ${short(current[1])} at ${x} ${short(current[0])}`}`}
      >
        {marks.map((mark) => (
          <g key={mark} class="mark">
            <line x1={across(mark)} x2={across(mark)} y1={up(0)} y2={up(1)} />
            <line x1={across(0)} x2={across(1)} y1={up(mark)} y2={up(mark)} />
            <text x={across(mark)} y={up(0) + 16} text-anchor="middle">
              {mark}
            </text>
            <text x={across(0) - 6} y={up(mark) + 4} text-anchor="end">
              {mark}
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
        <path class="line" d={svgPath(spots, joined)} />
        {current === null ? null : <circle class="now" cx={across(current[0])} cy={up(current[1])} r={5} />}
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

function svgPath(spots: readonly Spot[], joined: Props['joined']): string {
  return spots
    .map(([x, y], place) => {
      const [left, height] = [across(x).toFixed(1), up(y).toFixed(1)]
      if (place === 0) return `M${left} ${height}`
      return joined === 'straight' ? `L${left} ${height}` : `V${height}H${left}`
    })
    .join('')
}
