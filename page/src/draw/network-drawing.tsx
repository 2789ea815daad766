/** A network as circles and lines, layer by layer; layers that are too wide to draw show their first and last units. */
import type { LayerSummary } from '../api/types.js'
import { plural } from '../format.js'

const [width, height] = [560, 240]
/** Odd, so that one in the middle can stand for those left out. */
const maxUnits = 9
const middlePlace = (maxUnits - 1) / 2
/** From the middle of a line of text to its foot. */
const textDrop = 4

interface Drawn {
  name: string
  size: number
  /** Vertical places; null stands for what is left out. */
  units: (number | null)[]
  /** Where that is said. */
  middle: number
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
      {drawn.map(({ name, size, units, middle }, column) => (
        <g key={column}>
          {units.map((y, place) =>
            y === null ? (
              <text key={place} x={x(column)} y={middle}>
                ⋮
              </text>
            ) : (
              <circle key={place} cx={x(column)} cy={y} r={7} />
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

function toColumns(layers: readonly LayerSummary[]): Drawn[] {
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

function unitPositions(size: number): Pick<Drawn, 'units' | 'middle'> {
  const count = Math.min(size, maxUnits)
  const gap = Math.min(34, (height - 64) / Math.max(1, count - 1))
  const units = Array.from({ length: count }, (_, place) =>
    size > maxUnits && place === middlePlace ? null : height / 2 + (place - (count - 1) / 2) * gap,
  )
  return { units, middle: height / 2 + textDrop }
}

const product = (shape: readonly number[]) => shape.reduce((all, each) => all * each, 1)
