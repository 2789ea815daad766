/** Lines and labels at round values of both axes. */
import { ticksBetween } from './ticks.js'

interface Axis {
  from: number
  to: number
  /** Position of a value in the drawing. */
  place(value: number): number
  text(value: number): string
}

interface Props {
  across: Axis
  up: Axis
  size: { width: number; height: number }
  edge: { left: number; bottom: number; top: number; right: number }
}

export function PlotGrid({ across, up, size: { width, height }, edge }: Props) {
  return (
    <>
      {ticksBetween(across.from, across.to).map((tick) => (
        <g key={tick} class="mark">
          <line x1={across.place(tick)} x2={across.place(tick)} y1={edge.top} y2={height - edge.bottom} />
          <text x={across.place(tick)} y={height - edge.bottom + 16} text-anchor="middle">
            {across.text(tick)}
          </text>
        </g>
      ))}
      {ticksBetween(up.from, up.to).map((tick) => (
        <g key={tick} class="mark">
          <line x1={edge.left} x2={width - edge.right} y1={up.place(tick)} y2={up.place(tick)} />
          <text x={edge.left - 6} y={up.place(tick) + 4} text-anchor="end">
            {up.text(tick)}
          </text>
        </g>
      ))}
    </>
  )
}
