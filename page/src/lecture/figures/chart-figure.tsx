/** Curves with bands of all seeds. */
import type { Chart, Position } from '../../../../examples/lecture/plot.js'
import { Drawing } from './drawing.js'
import { Legend, type LegendItem, legendHeight } from './legend.js'
import { type Scale, scaleOf, tickText } from './scales.js'

const plotHeight = 250
const edge = { left: 62, right: 12, bottom: 44, top: 8 }

export function ChartFigure({ chart, width }: { chart: Chart; width: number }) {
  const { series, x, y, reference } = chart
  const items: LegendItem[] = series.map(({ label, style }, index) => ({ label, style, colour: index + 1 }))
  if (reference !== undefined) items.push({ label: reference.label, colour: 8, style: 'dashed' })
  const top = legendHeight(items, width) + edge.top
  const height = top + plotHeight + edge.bottom
  const across = scaleOf(
    x,
    series.flatMap(({ points }) => points.map(([at]) => at)),
    edge.left,
    width - edge.right,
  )
  const values = series.flatMap(({ points, band = [] }) => [
    ...points.map(([, value]) => value),
    ...band.flatMap(([, low, high]) => [low, high]),
  ])
  const up = scaleOf(y, [...values, ...(reference === undefined ? [] : [reference.y])], top + plotHeight, top)
  const clip = `clip-${chart.title.replace(/\W+/g, '-')}`
  const box = { x: edge.left, y: top, width: width - edge.left - edge.right, height: plotHeight }
  return (
    <Drawing
      width={width}
      height={height}
      label={`${chart.title}: ${y.label} against ${x.label}. ${series.map(({ label }) => label).join(', ')}`}
    >
      <clipPath id={clip}>
        <rect {...box} />
      </clipPath>
      <Legend items={items} width={width} />
      <Axes across={across} up={up} box={box} labels={[x.label, y.label]} />
      <g clip-path={`url(#${clip})`}>
        {series.map(({ band, label }, index) =>
          band === undefined ? null : (
            <path key={label} class={`band series-${index + 1}`} d={bandPath(band, across, up)} />
          ),
        )}
        {reference === undefined ? null : (
          <line
            class="line dashed series-8"
            x1={edge.left}
            x2={width - edge.right}
            y1={up.place(reference.y)}
            y2={up.place(reference.y)}
          />
        )}
        {series.map(({ points, label, style }, index) =>
          style === 'dots' ? (
            points.map(([at, value]) => (
              <circle
                key={at}
                class={`dot series-${index + 1}`}
                cx={across.place(at)}
                cy={up.place(value)}
                r={2}
              />
            ))
          ) : (
            <g key={label}>
              <path
                class={`line series-${index + 1}${style === 'dashed' ? ' dashed' : ''}`}
                d={linePath(points, across, up)}
              />
              {points.length > 12
                ? null
                : points.map(([at, value]) => (
                    <circle
                      key={at}
                      class={`dot series-${index + 1}`}
                      cx={across.place(at)}
                      cy={up.place(value)}
                      r={3}
                    />
                  ))}
            </g>
          ),
        )}
      </g>
    </Drawing>
  )
}

interface AxesProps {
  across: Scale
  up: Scale
  box: { x: number; y: number; width: number; height: number }
  labels: readonly [string, string]
}

export function Axes({ across, up, box, labels: [xLabel, yLabel] }: AxesProps) {
  const [right, bottom] = [box.x + box.width, box.y + box.height]
  return (
    <g class="axes">
      {across.ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={across.place(tick)} x2={across.place(tick)} y1={box.y} y2={bottom} />
          <text x={across.place(tick)} y={bottom + 16} text-anchor="middle">
            {tickText(tick)}
          </text>
        </g>
      ))}
      {up.ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={box.x} x2={right} y1={up.place(tick)} y2={up.place(tick)} />
          <text x={box.x - 6} y={up.place(tick) + 4} text-anchor="end">
            {tickText(tick)}
          </text>
        </g>
      ))}
      <path class="frame" d={`M${box.x} ${box.y}V${bottom}H${right}`} />
      <text class="label" x={box.x + box.width / 2} y={bottom + 36} text-anchor="middle">
        {xLabel}
      </text>
      <text
        class="label"
        transform={`translate(13 ${box.y + box.height / 2}) rotate(-90)`}
        text-anchor="middle"
      >
        {yLabel}
      </text>
    </g>
  )
}

const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`

export function linePath(points: readonly Position[], across: Scale, up: Scale): string {
  const drawn = points.filter(([, value]) => Number.isFinite(value))
  return drawn.length === 0 ? '' : `M${drawn.map(([x, y]) => at(across.place(x), up.place(y))).join('L')}`
}

function bandPath(band: NonNullable<Chart['series'][number]['band']>, across: Scale, up: Scale): string {
  const upper = band.map(([x, , high]) => at(across.place(x), up.place(high)))
  const lower = band.map(([x, low]) => at(across.place(x), up.place(low))).reverse()
  return `M${[...upper, ...lower].join('L')}Z`
}
