/** A loss over two weights as contours, with the paths of trainings. */
import type { Surface } from '../../../../examples/lecture/plot.js'
import { contour, contourPath } from '../../draw/contours.js'
import { Axes, linePath } from './chart-figure.js'
import { Drawing } from './drawing.js'
import { Legend, type LegendItem, legendHeight } from './legend.js'
import { scaleOf } from './scales.js'

const edge = { left: 56, right: 12, bottom: 44, top: 8 }
const maximumSide = 430
/** The line that explains the signs of start and minimum. */
const signsHeight = 16
/** Each contour is at this multiple of the one inside. */
const ratio = 2.5
const contours = 12
/** Paths with at most so many points have a dot for each step. */
const maximumDots = 60

export function SurfaceFigure({ plot, width }: { plot: Surface; width: number }) {
  const { grid, paths, minimum } = plot
  const items: LegendItem[] = paths.map(({ label }, index) => ({ label, colour: index + 1 }))
  const legend = legendHeight(items, width)
  const top = legend + signsHeight + edge.top
  const side = Math.min(maximumSide, width - edge.left - edge.right)
  const box = { x: edge.left, y: top, width: side, height: side }
  const across = scaleOf({ label: plot.x, from: grid.from[0], to: grid.to[0] }, [], box.x, box.x + side)
  const up = scaleOf({ label: plot.y, from: grid.from[1], to: grid.to[1] }, [], top + side, top)
  const place = (x: number, y: number) =>
    `${(box.x + (x / (grid.size - 1)) * side).toFixed(1)} ${(top + side - (y / (grid.size - 1)) * side).toFixed(1)}`
  const greatest = Math.max(...grid.values)
  const levels = Array.from({ length: contours }, (_, index) => greatest / ratio ** (index + 0.5))
  const clip = `clip-${plot.title.replace(/\W+/g, '-')}`
  return (
    <Drawing
      width={width}
      height={top + side + edge.bottom}
      label={`${plot.title}: contours of the loss, the minimum, and the paths ${paths.map(({ label }) => label).join(', ')}`}
    >
      <clipPath id={clip}>
        <rect {...box} />
      </clipPath>
      <Legend items={items} width={width} />
      <text class="label" x={8} y={legend + 6}>
        ○ start, × minimum
      </text>
      <Axes across={across} up={up} box={box} labels={[plot.x, plot.y]} />
      <g clip-path={`url(#${clip})`}>
        {levels.map((level) => (
          <path key={level} class="contour" d={contourPath(contour(grid, level), place)} />
        ))}
        {/* The first path is on top. */}
        {paths.toReversed().map(({ label, points }, reversed) => {
          const index = paths.length - 1 - reversed
          return (
            <g key={label}>
              <path class={`line path series-${index + 1}`} d={linePath(points, across, up)} />
              {points.length > maximumDots
                ? null
                : points.map(([x, y], at) => (
                    <circle
                      key={at}
                      class={`dot series-${index + 1}`}
                      cx={across.place(x)}
                      cy={up.place(y)}
                      r={2.4}
                    />
                  ))}
            </g>
          )
        })}
        <path
          class="minimum"
          d={`M${across.place(minimum[0]) - 6} ${up.place(minimum[1]) - 6}l12 12m0 -12l-12 12`}
        />
        <circle class="start" cx={across.place(0)} cy={up.place(0)} r={5} />
      </g>
    </Drawing>
  )
}
