/** The plane of two inputs, divided by networks, with the rows as points. */
import type { ClassPoint, PlaneMap, Planes, Position } from '../../../../examples/lecture/plot.js'
import { contour, contourPath } from '../../draw/contours.js'
import { Axes } from './chart-figure.js'
import { Drawing } from './drawing.js'
import { halfPlane } from './half-plane.js'
import { type Scale, scaleOf } from './scales.js'

const edge = { left: 44, right: 14, top: 26, bottom: 44 }
const maximumSide = 300
const minimumSide = 150

export function PlanesFigure({ plot, width }: { plot: Planes; width: number }) {
  const { maps } = plot
  const columns = Math.max(
    1,
    Math.min(maps.length, Math.floor(width / (minimumSide + edge.left + edge.right))),
  )
  const cell = width / columns
  const side = Math.min(maximumSide, cell - edge.left - edge.right)
  const rowHeight = edge.top + side + edge.bottom
  const height = rowHeight * Math.ceil(maps.length / columns)
  return (
    <Drawing
      width={width}
      height={height}
      label={`${plot.title}: ${maps.map(({ title }) => title).join(', ')}`}
    >
      {maps.map((map, index) => (
        <g
          key={map.title}
          transform={`translate(${(index % columns) * cell} ${Math.floor(index / columns) * rowHeight})`}
        >
          <Plane map={map} side={side} labels={[plot.x, plot.y]} />
        </g>
      ))}
    </Drawing>
  )
}

function Plane({ map, side, labels }: { map: PlaneMap; side: number; labels: readonly [string, string] }) {
  const box = { x: edge.left, y: edge.top, width: side, height: side }
  const across = scaleOf({ label: labels[0], from: map.from[0], to: map.to[0] }, [], box.x, box.x + side)
  const up = scaleOf({ label: labels[1], from: map.from[1], to: map.to[1] }, [], box.y + side, box.y)
  return (
    <>
      <text class="group" x={box.x + side / 2} y={16} text-anchor="middle">
        {map.title}
      </text>
      <rect {...box} class="paper" />
      {map.area.type === 'line' ? (
        <Line weights={map.area.weights} map={map} across={across} up={up} />
      ) : (
        <Outputs size={map.area.size} values={map.area.values} box={box} />
      )}
      <Axes across={across} up={up} box={box} labels={labels} />
      {map.points.map((point, index) => (
        <ClassMark
          key={index}
          point={point}
          across={across}
          up={up}
          radius={map.points.length > 20 ? 3 : 6.5}
        />
      ))}
    </>
  )
}

interface LineProps {
  weights: readonly number[]
  map: PlaneMap
  across: Scale
  up: Scale
}

function Line({ weights, map, across, up }: LineProps) {
  const { area, line } = halfPlane(weights, map.from, map.to)
  const other = halfPlane(
    weights.map((weight) => -weight),
    map.from,
    map.to,
  )
  const place = ([x, y]: Position) => `${across.place(x).toFixed(1)} ${up.place(y).toFixed(1)}`
  return (
    <>
      {other.area.length < 3 ? null : (
        <path class="area class-1" d={`M${other.area.map(place).join('L')}Z`} />
      )}
      {area.length < 3 ? null : <path class="area class-2" d={`M${area.map(place).join('L')}Z`} />}
      {line.length < 2 ? null : <path class="boundary-line" d={`M${line.map(place).join('L')}`} />}
    </>
  )
}

/** Shades from certain to uncertain on each side of ½. */
const shades = 5

interface OutputsProps {
  size: number
  values: readonly number[]
  box: { x: number; y: number; width: number; height: number }
}

/** Neighbouring cells of a row with the same shade are one rectangle. */
function Outputs({ size, values, box }: OutputsProps) {
  const step = box.width / (size - 1)
  const shade = (value: number) =>
    Math.max(-shades, Math.min(shades, Math.trunc((value - 0.5) * 2.2 * shades)))
  const cells = Array.from({ length: size - 1 }, (_, row) => {
    const runs: { from: number; to: number; shade: number }[] = []
    for (let column = 0; column + 1 < size; column++) {
      const corners = [0, 1, size, size + 1].map((offset) => values[row * size + column + offset] ?? 0)
      const at = shade(corners.reduce((sum, value) => sum + value, 0) / 4)
      const last = runs[runs.length - 1]
      if (last?.shade === at) last.to = column + 1
      else runs.push({ from: column, to: column + 1, shade: at })
    }
    return runs
  })
  const place = (x: number, y: number) =>
    `${(box.x + x * step).toFixed(1)} ${(box.y + box.height - y * step).toFixed(1)}`
  return (
    <>
      {cells.map((runs, row) =>
        runs.map(({ from, to, shade: at }) => (
          <rect
            key={`${row} ${from}`}
            class={`area crisp class-${at >= 0 ? 2 : 1}`}
            fill-opacity={(0.08 + (0.34 * Math.abs(at)) / shades).toFixed(2)}
            x={(box.x + from * step).toFixed(2)}
            y={(box.y + box.height - (row + 1) * step).toFixed(2)}
            width={((to - from) * step).toFixed(2)}
            height={step.toFixed(2)}
          />
        )),
      )}
      <path class="boundary-line" d={contourPath(contour({ size, values }, 0.5), place)} />
    </>
  )
}

/** Classes differ in shape too, for readers who cannot distinguish the colours. */
function ClassMark(props: { point: ClassPoint; across: Scale; up: Scale; radius: number }) {
  const { point, across, up, radius } = props
  const [x, y] = [across.place(point.x), up.place(point.y)]
  return point.label === 0 ? (
    <circle class="mark class-1" cx={x} cy={y} r={radius} />
  ) : (
    <rect
      class="mark class-2"
      x={x - 0.87 * radius}
      y={y - 0.87 * radius}
      width={1.74 * radius}
      height={1.74 * radius}
    />
  )
}
