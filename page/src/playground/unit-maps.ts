/** The output of every unit of a network over its input plane, or over its one input. */
import type { Boundary } from '../api/types.js'
import type { UnitMap } from '../draw/unit-map.js'
import { computeLayers, derivedValue, type SmallNetwork } from './network.js'

const planePoints = 22
const linePoints = 48

/** For each column of the drawing, the maps of its units: the inputs, then each layer. */
export function computeUnitMaps(network: SmallNetwork, axes: Boundary['axes']): UnitMap[][] {
  const size = axes.length === 1 ? linePoints : planePoints
  const rows = gridRows(axes, size)
  const inputs = axes.map((_, axis) =>
    toMap(
      rows.map((row) => {
        const { min = 0, max = 1 } = axes[axis] ?? {}
        return (2 * ((row[axis] ?? 0) - min)) / (max - min) - 1
      }),
      size,
      axes.length,
    ),
  )
  const derived = network.derived.map((each) =>
    toMap(
      rows.map((row) => derivedValue(each, row)),
      size,
      axes.length,
    ),
  )
  const layers = computeLayers(network, rows).layers.map((values, index) => {
    const units = network.layers[index]?.units ?? 1
    const isProbability = ['sigmoid', 'softmax', 'step'].includes(network.layers[index]?.activation ?? '')
    return Array.from({ length: units }, (_, unit) =>
      toMap(
        rows.map((_, row) => {
          const value = values[row * units + unit] ?? 0
          // From no to yes, around the middle.
          return isProbability ? 2 * value - 1 : value
        }),
        size,
        axes.length,
      ),
    )
  })
  return [[...inputs, ...derived], ...layers]
}

function toMap(values: readonly number[], size: number, axes: number): UnitMap {
  const numbers = Float64Array.from(values)
  const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return { size, axes, values: numbers, largest }
}

function gridRows(axes: Boundary['axes'], size: number): number[][] {
  return Array.from({ length: size ** axes.length }, (_, point) =>
    axes.map(
      ({ min, max }, axis) => min + ((max - min) * (Math.floor(point / size ** axis) % size)) / (size - 1),
    ),
  )
}
