/** Bars from zero, with the range of all seeds. */
import type { Bars } from '../../../../examples/lecture/plot.js'
import { short } from '../../../../examples/lecture/statistics.js'
import { Drawing } from './drawing.js'
import { linesOfText } from './lines-of-text.js'
import { scaleOf, tickText } from './scales.js'

const edge = { left: 4, right: 64, top: 6, bottom: 44 }
const lineHeight = 17
const barHeight = 14

export function BarsFigure({ plot, width }: { plot: Bars; width: number }) {
  const { groups, unit, reference } = plot
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ high }) => high)), reference?.value ?? 0)
  const scale = scaleOf({ label: unit, from: 0, to: most }, [], edge.left, width - edge.right)
  // The label of the reference has a separate line.
  let top = edge.top + (reference === undefined ? 0 : 18)
  const next = (height: number) => {
    const y = top
    top += height
    return y
  }
  const drawn = groups.map(({ label, bars }) => ({
    label,
    y: next(24) + 16,
    bars: bars.map((bar) => {
      const lines = linesOfText(bar.label, width - edge.left)
      const y = next(lines.length * lineHeight) + 12
      return { ...bar, lines, y, barY: next(barHeight + 10) + 2 }
    }),
  }))
  const bottom = top
  const referenceX = reference === undefined ? null : scale.place(reference.value)
  return (
    <Drawing
      class="bars-figure"
      width={width}
      height={bottom + edge.bottom}
      label={`${plot.title}. ${groups.map(({ label, bars }) => `${label}: ${bars.map((bar) => `${bar.label} ${short(bar.value)}`).join(', ')}`).join('. ')}`}
    >
      <g class="axes">
        {scale.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={scale.place(tick)} x2={scale.place(tick)} y1={edge.top} y2={bottom} />
            <text x={scale.place(tick)} y={bottom + 16} text-anchor={tick === 0 ? 'start' : 'middle'}>
              {tickText(tick)}
            </text>
          </g>
        ))}
        <text class="label" x={(edge.left + width - edge.right) / 2} y={bottom + 36} text-anchor="middle">
          {unit}
        </text>
      </g>
      {referenceX === null || reference === undefined ? null : (
        <g>
          <line class="line dashed series-8" x1={referenceX} x2={referenceX} y1={edge.top} y2={bottom} />
          <text class="label" x={referenceX + 4} y={edge.top + 10}>
            {reference.label}
          </text>
        </g>
      )}
      {drawn.map(({ label, y, bars }) => (
        <g key={label}>
          <text class="group" x={edge.left} y={y}>
            {label}
          </text>
          {bars.map((bar, index) => (
            <g key={bar.label}>
              {bar.lines.map((line, at) => (
                <text key={line} x={edge.left} y={bar.y + at * lineHeight}>
                  {line}
                </text>
              ))}
              <rect
                class={`bar series-${index + 1}`}
                x={edge.left}
                y={bar.barY}
                width={Math.max(1, scale.place(bar.value) - edge.left)}
                height={barHeight}
              />
              <path
                class="whisker"
                d={whisker(scale.place(bar.low), scale.place(bar.high), bar.barY + barHeight / 2)}
              />
              <text x={Math.max(scale.place(bar.high), scale.place(bar.value)) + 6} y={bar.barY + 11}>
                {short(bar.value)}
              </text>
            </g>
          ))}
        </g>
      ))}
    </Drawing>
  )
}

const whisker = (low: number, high: number, y: number) =>
  `M${low.toFixed(1)} ${y - 4}v8m0 -4H${high.toFixed(1)}m0 -4v8`
