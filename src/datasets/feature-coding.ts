/** Learns the coding of each feature from the training rows. */
import type { Coding, FeatureCoding, Scaling, StoredColumn } from '../contract/dataset.js'
import { dateCoding } from './date-parts.js'
import { Deviation, Moments } from './moments.js'
import { scaleBy } from './scale.js'
import { iterateChunks, type Table } from './table.js'

/** Selected rows of a table, as ascending indices. */
export interface Part {
  table: Table
  rows: Int32Array
}

interface FeatureOptions {
  scaling: Scaling
  /** Whether all features share one offset and scale, as the pixels of an image do. */
  sharesScale: boolean
  /** The column with the weights of the rows, which is not a feature. */
  sampleWeight?: string | undefined
}

/** Statistics of one column over the training rows. */
interface ColumnStatistics {
  moments: Moments
  deviation: Deviation
  /** Rows of each category. */
  counts: number[]
  /** Rows without a category. */
  missing: number
}

/**
 * `standardize` encodes a number as (value − mean) / deviation (population deviation), `minMax` as (value −
 * minimum) / (maximum − minimum), over the training rows with a value. The scale of a constant feature is 1.
 * The imputation is the mean, the most frequent category, or the constant of the column.
 */
export function learnFeatures(
  part: Part,
  { scaling, sharesScale, sampleWeight }: FeatureOptions,
): Coding['features'] {
  const { columns } = part.table
  const positions = columns.flatMap(({ role, name }, index) =>
    role === 'feature' && name !== sampleWeight ? [index] : [],
  )
  const shared = new Moments()
  const statistics = new Map(
    positions.map((index) => [index, emptyStatistics(sharesScale ? shared : new Moments())]),
  )
  forEachColumn(part, positions, (index, values, rows) => {
    const column = statistics.get(index) ?? emptyStatistics(shared)
    const { type, codes } = columns[index]
    if (type === 'number' || type === 'date') column.moments.take(values, rows.length, rows)
    else
      for (const row of rows) {
        if (Number.isNaN(values[row])) column.missing += 1
        else count(column.counts, codes?.[values[row]] ?? values[row])
      }
  })
  if (scaling === 'standardize') {
    const sharedDeviation = new Deviation(shared)
    for (const column of statistics.values()) {
      column.deviation = sharesScale ? sharedDeviation : new Deviation(column.moments)
    }
    forEachColumn(part, positions, (index, values, rows) =>
      statistics.get(index)?.deviation.take(values, rows),
    )
  }
  return positions.map((index) => {
    const column = columns[index]
    const coding =
      column.type === 'date'
        ? learnDateCoding(part, index, scaling)
        : buildCoding(column, statistics.get(index) ?? emptyStatistics(shared), scaling)
    return column.missingTexts === undefined ? coding : { ...coding, missingTexts: column.missingTexts }
  })
}

function learnDateCoding(part: Part, index: number, scaling: Scaling): FeatureCoding {
  const { name, imputation, dateOrder } = part.table.columns[index]
  const constant =
    imputation === undefined || imputation === 'mean' ? imputation : Number(imputation.constant)
  const coding = dateCoding(name, readColumn(part, index), scaling, constant)
  return dateOrder === undefined ? coding : { ...coding, dateOrder }
}

/** All values of one column in the order of the rows. */
export function readColumn(part: Part, position: number): Float64Array {
  const all = new Float64Array(part.rows.length)
  forEachColumn(part, [position], (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) all[first + index] = values[chosen[index]]
  })
  return all
}

const emptyStatistics = (moments: Moments): ColumnStatistics => ({
  moments,
  deviation: new Deviation(moments),
  counts: [],
  missing: 0,
})

function count(counts: number[], category: number): void {
  counts[category] = (counts[category] ?? 0) + 1
}

/**
 * Calls `visit` for each column of each chunk, with the values of the chunk and the selected indices in it.
 * `first` is the index of the first selected row within the part.
 */
export function forEachColumn(
  { table, rows }: Part,
  positions: readonly number[],
  visit: (index: number, values: Float64Array, chosen: Int32Array, first: number) => void,
): void {
  let values = new Float64Array(0)
  let begin = 0
  for (const { first, packed } of iterateChunks(table)) {
    let end = begin
    while (end < rows.length && rows[end] < first + packed.rows) end++
    if (end > begin) {
      const chosen = rows.subarray(begin, end).map((row) => row - first)
      if (values.length < packed.rows) values = new Float64Array(packed.rows)
      for (const index of positions) {
        packed.read(index, values)
        visit(index, values, chosen, begin)
      }
    }
    begin = end
  }
}

function buildCoding(
  column: StoredColumn,
  { moments, deviation, counts, missing }: ColumnStatistics,
  scaling: Scaling,
): FeatureCoding {
  const { name, type, imputation, decimal, categories = [] } = column
  if (type === 'category' || type === 'boolean') {
    const mode =
      categories[
        categories.reduce((best, _, index) => ((counts[index] ?? 0) > (counts[best] ?? 0) ? index : best), 0)
      ]
    const fill =
      imputation === undefined ? undefined : imputation === 'mean' ? mode : String(imputation.constant)
    if (type === 'boolean')
      return { type, name, ...(fill === undefined ? {} : { imputation: fill === 'true' }) }
    const isTrained = (index: number) => counts[index] > 0 || (missing > 0 && categories[index] === fill)
    const unseen = categories.filter((_, index) => !isTrained(index))
    return {
      type,
      name,
      categories,
      ...(unseen.length === 0 ? {} : { unseen }),
      ...(fill === undefined ? {} : { imputation: fill }),
    }
  }
  const { offset, scale } = scaleBy(scaling, moments, deviation)
  const number = {
    type: 'number',
    name,
    offset,
    scale,
    ...(decimal === undefined ? {} : { decimal }),
  } as const
  if (imputation === undefined) return number
  const mean = moments.count === 0 ? 0 : moments.mean
  return { ...number, imputation: imputation === 'mean' ? mean : Number(imputation.constant) }
}

/** The number of network inputs of a feature. */
export function featureWidth(coding: FeatureCoding): number {
  switch (coding.type) {
    case 'number':
    case 'boolean':
      return 1
    case 'category':
      return coding.categories.length
    case 'date':
      return coding.parts.length
    default:
      return coding satisfies never
  }
}

/** The number of network inputs of a row. */
export function inputCount({ features, derived = [] }: Pick<Coding, 'features' | 'derived'>): number {
  return features.reduce((sum, feature) => sum + featureWidth(feature), derived.length)
}
