/** Signals and pictures as small drawings in a grid. */
import type { Pictures, Signals } from '../../../../examples/lecture/plot.js'
import { Drawing } from './drawing.js'

const [rowHeight, gap, headHeight] = [40, 14, 24]

export function SignalsFigure({ plot, width }: { plot: Signals; width: number }) {
  const columns = plot.heads.length
  const cell = (width - gap * (columns - 1)) / columns
  const height = headHeight + plot.rows.length * (rowHeight + 6)
  return (
    <Drawing
      width={width}
      height={height}
      label={`${plot.title}: ${plot.heads.join(', ')}, ${plot.rows.length} rows`}
    >
      {plot.heads.map((head, column) => (
        <text key={head} class="group" x={column * (cell + gap) + cell / 2} y={14} text-anchor="middle">
          {head}
        </text>
      ))}
      {plot.rows.map((row, rowIndex) =>
        row.map((signal, column) => (
          <g
            key={`${rowIndex} ${column}`}
            transform={`translate(${column * (cell + gap)} ${headHeight + rowIndex * (rowHeight + 6)})`}
          >
            <line class="grid" x1={0} x2={cell} y1={rowHeight / 2} y2={rowHeight / 2} />
            {signal.map((value, index) => {
              const step = cell / signal.length
              const size = (Math.min(1, Math.abs(value)) * rowHeight) / 2
              return (
                <rect
                  key={index}
                  class={`bar series-${column + 1}`}
                  x={index * step + 0.5}
                  y={value >= 0 ? rowHeight / 2 - size : rowHeight / 2}
                  width={Math.max(0.5, step - 1)}
                  height={Math.max(0.5, size)}
                />
              )
            })}
          </g>
        )),
      )}
    </Drawing>
  )
}

const pictureColumns = 5

export function PicturesFigure({ plot, width }: { plot: Pictures; width: number }) {
  const cell = Math.min(120, (width - gap * (pictureColumns - 1)) / pictureColumns)
  const height = Math.ceil(plot.pictures.length / pictureColumns) * (cell + 26)
  const pixel = cell / plot.side
  return (
    <Drawing
      width={width}
      height={height}
      label={`${plot.title}: ${plot.pictures.map(({ caption }) => caption).join('; ')}`}
    >
      {plot.pictures.map(({ pixels, caption }, index) => (
        <g
          key={index}
          transform={`translate(${(index % pictureColumns) * (cell + gap)} ${Math.floor(index / pictureColumns) * (cell + 26)})`}
        >
          <rect class="picture-paper" width={cell} height={cell} />
          {pixels.map((ink, at) => (
            <rect
              key={at}
              class="ink"
              fill-opacity={Math.min(1, Math.max(0, ink)).toFixed(2)}
              x={(at % plot.side) * pixel}
              y={Math.floor(at / plot.side) * pixel}
              width={pixel}
              height={pixel}
            />
          ))}
          <text class="caption" x={cell / 2} y={cell + 16} text-anchor="middle">
            {caption}
          </text>
        </g>
      ))}
    </Drawing>
  )
}
