/** Scatter plot of true (x) and predicted (y) values. On the diagonal both are equal. */
import { short } from '../format.js'
import { ticksBetween } from './ticks.js'

const width = 420
const height = 340
const edge = { left: 62, bottom: 42, top: 10, right: 14 }

export function TrueAgainstPredicted({ pairs, name }: { pairs: readonly number[][]; name: string }) {
  const values = pairs.flat()
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const span = greatest > least ? greatest - least : 1
  const share = (value: number) => (value - least) / span
  const across = (value: number) => edge.left + share(value) * (width - edge.left - edge.right)
  const up = (value: number) => height - edge.bottom - share(value) * (height - edge.bottom - edge.top)
  const ticks = ticksBetween(least, least + span)
  return (
    <svg
      class="scatter"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${name}: predicted against true values of ${pairs.length} rows, from ${short(least)} to ${short(greatest)}`}
    >
      {ticks.map((tick) => (
        <g key={tick} class="mark">
          <line x1={across(tick)} x2={across(tick)} y1={up(least)} y2={edge.top} />
          <line x1={edge.left} x2={width - edge.right} y1={up(tick)} y2={up(tick)} />
          <text x={across(tick)} y={height - edge.bottom + 16} text-anchor="middle">
            {short(tick)}
          </text>
          <text x={edge.left - 6} y={up(tick) + 4} text-anchor="end">
            {short(tick)}
          </text>
        </g>
      ))}
      <line class="same" x1={across(least)} y1={up(least)} x2={across(least + span)} y2={up(least + span)} />
      {pairs.map(([actual = 0, predicted = 0], index) => (
        <circle key={index} cx={across(actual)} cy={up(predicted)} r={pairs.length > 150 ? 2 : 3} />
      ))}
      <text class="axis" x={(width + edge.left) / 2} y={height - 6} text-anchor="middle">
        true
      </text>
      <text
        class="axis"
        transform={`translate(12 ${(height - edge.bottom) / 2}) rotate(-90)`}
        text-anchor="middle"
      >
        predicted
      </text>
    </svg>
  )
}
