/** The mean of a metric over several trainings by epoch, with a band of one deviation to each side. */
import { short, whole } from '../format.js'
import { PlotGrid } from './plot-grid.js'

const [width, height] = [640, 220]
const edge = { left: 62, bottom: 38, top: 10, right: 14 }

interface BandPoint {
  epoch: number
  mean: number
  deviation: number
}

/** @param points in order of epochs; at least two */
export function BandCurve({ points, name }: { points: readonly BandPoint[]; name: string }) {
  const [low, high] = [
    points.map(({ mean, deviation }) => mean - deviation),
    points.map(({ mean, deviation }) => mean + deviation),
  ]
  const [bottom, top] = [Math.min(...low), Math.max(...high)]
  const [first, last] = [points[0], points[points.length - 1]]
  const across = (epoch: number) =>
    edge.left + ((epoch - first.epoch) / (last.epoch - first.epoch || 1)) * (width - edge.left - edge.right)
  const up = (value: number) =>
    height - edge.bottom - ((value - bottom) / (top - bottom || 1)) * (height - edge.bottom - edge.top)
  const at = (epoch: number, value: number) => `${across(epoch).toFixed(1)} ${up(value).toFixed(1)}`
  const upper = points.map(({ epoch }, index) => at(epoch, high[index]))
  const lower = points.map(({ epoch }, index) => at(epoch, low[index])).reverse()
  return (
    <svg
      class="scatter"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${name}: mean ${short(first.mean)} at epoch ${first.epoch}, ${short(last.mean)} at epoch ${last.epoch}`}
    >
      <PlotGrid
        across={{ from: first.epoch, to: last.epoch, place: across, text: whole }}
        up={{ from: bottom, to: top, place: up, text: short }}
        size={{ width, height }}
        edge={edge}
      />
      <path class="band" d={`M${[...upper, ...lower].join('L')}Z`} />
      <path class="line" d={`M${points.map(({ epoch, mean }) => at(epoch, mean)).join('L')}`} />
    </svg>
  )
}
