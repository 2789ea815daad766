/** Where the units and weights of the drawn network are. */
import type { SmallNetwork } from './network.js'

/** A wide layer shows its first units only. */
const maximumUnits = 8
const columnWidth = 104
const rowHeight = 52
export const unitSize = 40
const headHeight = 22
const edgeMargin = 8

interface DrawnUnit {
  /** Index in its layer. */
  unit: number
  x: number
  y: number
}

interface Column {
  title: string
  units: DrawnUnit[]
  /** Units that are not drawn. */
  hidden: number
}

interface DrawnWeight {
  from: DrawnUnit
  to: DrawnUnit
  /** Null before the training. */
  value: number | null
}

export interface Drawing {
  width: number
  height: number
  columns: Column[]
  weights: DrawnWeight[]
}

/** The columns of a network: the inputs, then each layer with its activation. */
export type NetworkSizes = readonly { title: string; size: number }[]

/** @param network null before the training */
export function drawNetwork(sizes: NetworkSizes, network: SmallNetwork | null): Drawing {
  const rows = Math.max(...sizes.map(({ size }) => Math.min(size, maximumUnits)))
  const height = headHeight + rows * rowHeight + edgeMargin
  const columns = sizes.map(({ title, size }, column) => {
    const count = Math.min(size, maximumUnits)
    const top = headHeight + ((rows - count) * rowHeight) / 2
    return {
      title,
      hidden: size - count,
      units: Array.from({ length: count }, (_, unit) => ({
        unit,
        x: edgeMargin + column * columnWidth + unitSize / 2,
        y: top + (unit + 0.5) * rowHeight,
      })),
    }
  })
  const weights = columns.slice(1).flatMap(({ units }, index) =>
    units.flatMap((to) =>
      (columns[index]?.units ?? []).map((from) => ({
        from,
        to,
        value: weightOf(network, index, from, to),
      })),
    ),
  )
  const width = 2 * edgeMargin + (sizes.length - 1) * columnWidth + unitSize
  return { width, height, columns, weights }
}

function weightOf(
  network: SmallNetwork | null,
  index: number,
  from: DrawnUnit,
  to: DrawnUnit,
): number | null {
  const layer = network?.layers[index]
  return layer === undefined ? null : (layer.weight[to.unit * layer.inputs + from.unit] ?? null)
}

/** The width of a line for a weight: proportional to small ones, and at most 8. */
export const lineWidth = (value: number) => 0.5 + 7.5 * (1 - Math.exp(-Math.abs(value) / 2.5))
