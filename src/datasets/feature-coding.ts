/** Learns from the training rows how each feature enters the network. */
import type { Coding, FeatureCoding, Scaling, StoredColumn } from '../contract/dataset.js'
import { dateCoding } from './date-parts.js'
import { Deviation, Moments } from './moments.js'
import { scaleBy } from './scale.js'
import { packedRowsOf, type Table } from './table.js'

/** Rows of a table, as ascending indices. */
export interface Part {
  table: Table
  rows: Int32Array
}

export interface FeatureOptions {
  scaling: Scaling
  /** One offset and scale for all features, because they are the pixels of one picture. */
  together: boolean
  /** A column that weighs the rows, and is no feature. */
  sampleWeight?: string | undefined
}

/** What the training rows say of one column. */
interface Learned {
  moments: Moments
  deviation: Deviation
  /** Rows of each category. */
  counts: number[]
  /** Rows without a category. */
  gaps: number
}

/**
 * With `standardize`, a number becomes (value − mean) / deviation (population deviation), with `minMax`
 * (value − minimum) / (maximum − minimum), both over the training rows that have a value; the scale is 1 where a
 * feature never changes. Missing values count as the mean, the most frequent category, or the column’s constant.
 */
export function learnFeatures(
  part: Part,
  { scaling, together, sampleWeight }: FeatureOptions,
): Coding['features'] {
  const { columns } = part.table
  const places = columns.flatMap(({ role, name }, place) =>
    role === 'feature' && name !== sampleWeight ? [place] : [],
  )
  const shared = new Moments()
  const learned = new Map(places.map((place) => [place, newlyLearned(together ? shared : new Moments())]))
  eachColumn(part, places, (place, values, rows) => {
    const known = learned.get(place) ?? newlyLearned(shared)
    const { type, codes } = columns[place]
    if (type === 'number' || type === 'date') known.moments.take(values, rows.length, rows)
    else
      for (const row of rows) {
        if (Number.isNaN(values[row])) known.gaps += 1
        else count(known.counts, codes?.[values[row]] ?? values[row])
      }
  })
  if (scaling === 'standardize') {
    const sharedDeviation = new Deviation(shared)
    for (const each of learned.values()) {
      each.deviation = together ? sharedDeviation : new Deviation(each.moments)
    }
    eachColumn(part, places, (place, values, rows) => learned.get(place)?.deviation.take(values, rows))
  }
  return places.map((place) => {
    const column = columns[place]
    const coding =
      column.type === 'date'
        ? dateOf(part, place, scaling)
        : codingOf(column, learned.get(place) ?? newlyLearned(shared), scaling)
    return column.missingTexts === undefined ? coding : { ...coding, missingTexts: column.missingTexts }
  })
}

function dateOf(part: Part, place: number, scaling: Scaling): FeatureCoding {
  const { name, imputation, dateOrder } = part.table.columns[place]
  const constant =
    imputation === undefined || imputation === 'mean' ? imputation : Number(imputation.constant)
  const coding = dateCoding(name, columnOf(part, place), scaling, constant)
  return dateOrder === undefined ? coding : { ...coding, dateOrder }
}

/** All values of one column, row by row of the part. */
export function columnOf(part: Part, place: number): Float64Array {
  const all = new Float64Array(part.rows.length)
  eachColumn(part, [place], (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) all[first + index] = values[chosen[index]]
  })
  return all
}

const newlyLearned = (moments: Moments): Learned => ({
  moments,
  deviation: new Deviation(moments),
  counts: [],
  gaps: 0,
})

function count(counts: number[], category: number): void {
  counts[category] = (counts[category] ?? 0) + 1
}

/**
 * Shows every column of the part piece by piece: the values of a chunk, and which of them belong to the part;
 * `first` is the place within the part of the first of those.
 */
export function eachColumn(
  { table, rows }: Part,
  places: readonly number[],
  see: (place: number, values: Float64Array, chosen: Int32Array, first: number) => void,
): void {
  let values = new Float64Array(0)
  let begin = 0
  for (const { first, packed } of packedRowsOf(table)) {
    let end = begin
    while (end < rows.length && rows[end] < first + packed.rows) end++
    if (end > begin) {
      const chosen = rows.subarray(begin, end).map((row) => row - first)
      if (values.length < packed.rows) values = new Float64Array(packed.rows)
      for (const place of places) {
        packed.read(place, values)
        see(place, values, chosen, begin)
      }
    }
    begin = end
  }
}

function codingOf(
  column: StoredColumn,
  { moments, deviation, counts, gaps }: Learned,
  scaling: Scaling,
): FeatureCoding {
  const { name, type, imputation, decimal, categories = [] } = column
  if (type === 'category' || type === 'boolean') {
    const most =
      categories[
        categories.reduce((best, _, place) => ((counts[place] ?? 0) > (counts[best] ?? 0) ? place : best), 0)
      ]
    const fill =
      imputation === undefined ? undefined : imputation === 'mean' ? most : String(imputation.constant)
    if (type === 'boolean')
      return { type, name, ...(fill === undefined ? {} : { imputation: fill === 'true' }) }
    const isTrained = (place: number) => counts[place] > 0 || (gaps > 0 && categories[place] === fill)
    const unseen = categories.filter((_, place) => !isTrained(place))
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

/** Numbers that a feature gives the network. */
export function codedWidth(coding: FeatureCoding): number {
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

/** Numbers that a row gives the network. */
export function inputsOf({ features }: Pick<Coding, 'features'>): number {
  return features.reduce((sum, feature) => sum + codedWidth(feature), 0)
}
