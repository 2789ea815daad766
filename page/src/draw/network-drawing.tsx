/** Draws a network as circles and lines. A wide layer shows its first and last units only. */
import type { LayerSummary } from '../api/types.js'
import { plural } from '../format.js'

const [width, height] = [560, 240]
/** Odd, so that an ellipsis fits in the middle. */
const maxUnits = 9
const middleIndex = (maxUnits - 1) / 2
/** From the middle of a line of text to its baseline. */
const baselineOffset = 4

interface Column {
  name: string
  size: number
  /** Vertical positions. Null is the ellipsis. */
  units: (number | null)[]
  /** Vertical position of the ellipsis. */
  ellipsisY: number
}

export function NetworkDrawing({ layers }: { layers: readonly LayerSummary[] }) {
  const drawn = toColumns(layers)
  const x = (column: number) => 40 + (column * (width - 80)) / Math.max(1, drawn.length - 1)
  const label = drawn.map(({ name, size }) => `${name} ${plural(size, 'unit')}`).join(', then ')
  return (
    <svg class="network" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`The network: ${label}`}>
      {drawn
        .slice(1)
        .map(({ units }, column) =>
          (drawn[column]?.units ?? []).map((from) =>
            units.map((to) =>
              from === null || to === null ? null : (
                <line key={`${column} ${from} ${to}`} x1={x(column)} y1={from} x2={x(column + 1)} y2={to} />
              ),
            ),
          ),
        )}
      {drawn.map(({ name, size, units, ellipsisY }, column) => (
        <g key={column}>
          {units.map((y, index) =>
            y === null ? (
              <text key={index} x={x(column)} y={ellipsisY}>
                ⋮
              </text>
            ) : (
              <circle key={index} cx={x(column)} cy={y} r={7} />
            ),
          )}
          <text x={x(column)} y={height - 8}>
            {size}
          </text>
          <text x={x(column)} y={14}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  )
}

function toColumns(layers: readonly LayerSummary[]): Column[] {
  const first = layers[0]?.inputShape ?? []
  const all = [
    { name: 'input', size: product(first) },
    ...layers.map(({ type, activation, outputShape }) => ({
      name: type === 'dense' ? (activation ?? 'linear') : type,
      size: product(outputShape),
    })),
  ]
  return all.map((layer) => ({ ...layer, ...unitPositions(layer.size) }))
}

function unitPositions(size: number): Pick<Column, 'units' | 'ellipsisY'> {
  const count = Math.min(size, maxUnits)
  const gap = Math.min(34, (height - 64) / Math.max(1, count - 1))
  const units = Array.from({ length: count }, (_, index) =>
    size > maxUnits && index === middleIndex ? null : height / 2 + (index - (count - 1) / 2) * gap,
  )
  return { units, ellipsisY: height / 2 + baselineOffset }
}

const product = (shape: readonly number[]) => shape.reduce((total, length) => total * length, 1)
