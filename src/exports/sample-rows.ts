/** Rows for the verification of exported files, which exercise each rule of a coding. */
import type { Cell, Coding, FeatureCoding } from '../contract/dataset.js'
import { textOfDays } from './date-cells.js'

const fewestRows = 16
const mostRows = 256
/** Fewer rows for models with many columns. */
const mostCells = 100_000

/** Distances of numbers from their offset, in units of their scale. */
const distances = [-2, -1, 0, 1, 2, 0.5, -0.3]

/**
 * The same rows for the same coding, with cells in the order of the features: numbers around the offset, each category,
 * both booleans, dates from before to after the training rows, and a missing value for each imputation.
 */
export function sampleRows({ features }: Pick<Coding, 'features'>): Cell[][] {
  const categories = features.map((feature) => (feature.type === 'category' ? feature.categories.length : 0))
  const wanted = categories.reduce((most, count) => Math.max(most, count + 2), fewestRows)
  const rows = Math.min(wanted, mostRows, Math.max(1, Math.floor(mostCells / features.length)))
  return Array.from({ length: rows }, (_, row) =>
    features.map((feature, index) => sampleCell(feature, row, row + index)),
  )
}

function sampleCell(feature: FeatureCoding, row: number, position: number): Cell {
  const isMissing = feature.imputation !== undefined && position % distances.length === 3
  const distance = distances[position % distances.length]
  switch (feature.type) {
    case 'number':
      return isMissing ? null : feature.offset + distance * feature.scale
    case 'category':
      return categoryCell(feature.categories, row)
    case 'boolean':
      return isMissing ? null : position % 2 === 0
    case 'date':
      return isMissing ? null : textOfDays(feature.first + Math.round(400 * distance))
    default:
      return feature satisfies never
  }
}

/** After all categories an unknown one and a missing one. */
function categoryCell(categories: readonly string[], row: number): Cell {
  const index = row % (categories.length + 2)
  if (index < categories.length) return categories[index]
  return index === categories.length ? 'a category that no row has' : null
}
