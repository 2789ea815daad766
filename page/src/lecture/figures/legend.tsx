/** The lines of a figure and their names, above the drawing. */
import { linesOfText } from './lines-of-text.js'

const lineHeight = 18
const markWidth = 30

export interface LegendItem {
  label: string
  /** Number of its colour, from 1. */
  colour: number
  style?: 'dashed' | 'dots' | undefined
}

export function legendHeight(items: readonly LegendItem[], width: number): number {
  return items.reduce((sum, item) => sum + lineHeight * linesOf(item, width).length, 0) + 8
}

const linesOf = ({ label }: LegendItem, width: number) => linesOfText(label, width - markWidth)

export function Legend({ items, width }: { items: readonly LegendItem[]; width: number }) {
  let top = 14
  return (
    <g class="legend">
      {items.map((item) => {
        const lines = linesOf(item, width)
        const y = top
        top += lineHeight * lines.length
        return (
          <g key={item.label}>
            {item.style === 'dots' ? (
              [6, 14, 22].map((x) => (
                <circle key={x} class={`dot series-${item.colour}`} cx={x} cy={y - 4} r={2} />
              ))
            ) : (
              <line
                class={`line series-${item.colour}${item.style === 'dashed' ? ' dashed' : ''}`}
                x1={2}
                x2={24}
                y1={y - 4}
                y2={y - 4}
              />
            )}
            {lines.map((line, index) => (
              <text key={line} x={markWidth} y={y + index * lineHeight}>
                {line}
              </text>
            ))}
          </g>
        )
      })}
    </g>
  )
}
