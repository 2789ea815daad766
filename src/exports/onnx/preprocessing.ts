/** Raw columns as the inputs of the network, in the way of datasets/cell-coder.ts. */
import type { Coding, FeatureCoding } from '../../contract/dataset.js'
import { featureWidth } from '../../datasets/feature-coding.js'
import { toMissingNumbers, toMissingTexts } from '../../datasets/missing-text.js'
import { addCategories } from './categories.js'
import { addDateParts, datePartOrder } from './dates.js'
import { withDerived } from './derived.js'
import type { Value } from './graph-builder.js'
import { type GraphBuilder, int } from './graph-builder.js'
import { addScaling, concatenate } from './scaling.js'
import { doubles, int64s } from './tensors.js'

/** A feature whose raw value is a number: dates are days, booleans are 0 and 1. */
type NumericFeature = Exclude<FeatureCoding, { type: 'category' }>

interface Column<Feature> {
  feature: Feature
  value: Value
}

/** Scaled numbers [N, width], and to which feature and which of its inputs each column belongs. */
interface Block {
  value: Value
  columns: { feature: FeatureCoding; part: number }[]
}

/**
 * Adds the encoding of columns.
 * @param values the raw values of each feature, [N, 1]; numbers are float64, categories are strings
 * @returns float32 [N, inputs]
 */
export function addColumns(graph: GraphBuilder, coding: Coding, values: readonly Value[]): Value {
  const { features } = coding
  const columns = features.map((feature, index) => ({ feature, value: values[index] }))
  const numbers = columns.flatMap(({ feature, value }) =>
    feature.type === 'number' || feature.type === 'boolean' ? [{ feature, value }] : [],
  )
  const dates = columns.flatMap(({ feature, value }) => (feature.type === 'date' ? [{ feature, value }] : []))
  const blocks: Block[] = [
    ...(numbers.length > 0 ? [numberBlock(graph, numbers)] : []),
    ...(dates.length > 0 ? [dateBlock(graph, dates)] : []),
    ...columns.flatMap(({ feature, value }) =>
      feature.type === 'category' && featureWidth(feature) > 0
        ? [{ value: addCategories(graph, feature, value), columns: featureParts(feature) }]
        : [],
    ),
  ]
  return withDerived(graph, coding, inOrder(graph, features, blocks))
}

/**
 * Adds the encoding of a network over images or signals, whose features are numbers.
 * @param value raw numbers, float64 [N, features]
 */
export function addNumbers(graph: GraphBuilder, features: readonly FeatureCoding[], value: Value): Value {
  const numeric = features.flatMap((feature) =>
    feature.type === 'number' || feature.type === 'boolean' ? [feature] : [],
  )
  return addScaling(graph, addImputation(graph, numeric, value), numeric.map(toScaling))
}

const featureParts = (feature: FeatureCoding) =>
  Array.from({ length: featureWidth(feature) }, (_, part) => ({ feature, part }))

function numberBlock(
  graph: GraphBuilder,
  columns: readonly Column<Extract<FeatureCoding, { type: 'number' | 'boolean' }>>[],
): Block {
  const features = columns.map(({ feature }) => feature)
  const raw = concatenate(
    graph,
    columns.map(({ value }) => value),
  )
  return { value: addNumbers(graph, features, raw), columns: features.flatMap(featureParts) }
}

/** The parts of all dates: the years, then the months, the days of the week and the days since the first. */
function dateBlock(
  graph: GraphBuilder,
  columns: readonly Column<Extract<FeatureCoding, { type: 'date' }>>[],
): Block {
  const features = columns.map(({ feature }) => feature)
  const raw = concatenate(
    graph,
    columns.map(({ value }) => value),
  )
  const days = addImputation(graph, features, raw)
  const parts = addDateParts(
    graph,
    days,
    features.map(({ first }) => first),
  )
  const placed = datePartOrder.flatMap((name) =>
    features.map((feature) => {
      const part = feature.parts.findIndex((each) => each.part === name)
      return { feature, part, scale: feature.parts[part] ?? { offset: 0, scale: 1 } }
    }),
  )
  return {
    value: addScaling(
      graph,
      parts,
      placed.map(({ scale }) => scale),
    ),
    columns: placed,
  }
}

const toScaling = (feature: Extract<FeatureCoding, { type: 'number' | 'boolean' }>) =>
  feature.type === 'number' ? feature : { offset: 0, scale: 1 }

/** Replaces NaN, and the missing numbers of each column. Without an imputation the result is NaN. */
function addImputation(graph: GraphBuilder, features: readonly NumericFeature[], raw: Value): Value {
  const missing = features.map(missingNumbers)
  const most = missing.reduce((longest, { length }) => Math.max(longest, length), 0)
  const isImputed = features.some(({ imputation }) => imputation !== undefined)
  if (most === 0 && !isImputed) return raw
  let isMissing = graph.node('IsNaN', [raw])
  for (let index = 0; index < most; index++) {
    // A column with fewer missing numbers gets NaN, which equals nothing.
    const numbers = missing.map((each) => each[index] ?? Number.NaN)
    const equal = graph.node('Equal', [raw, graph.constant('missing', doubles(numbers))])
    isMissing = graph.node('Or', [isMissing, equal])
  }
  const fills = features.map(({ imputation }) => (imputation === undefined ? Number.NaN : Number(imputation)))
  return graph.node('Where', [isMissing, graph.constant('imputation', doubles(fills)), raw])
}

/** A missing number of a date column is no count of days: it stands in place of a date. */
function missingNumbers({ type, missingTexts }: NumericFeature): number[] {
  return type === 'date' ? [] : [...toMissingNumbers(toMissingTexts(missingTexts))]
}

/** Joins the blocks, with the inputs in the order of the features. */
function inOrder(graph: GraphBuilder, features: readonly FeatureCoding[], blocks: readonly Block[]): Value {
  const joined = concatenate(
    graph,
    blocks.map(({ value }) => value),
  )
  const positions = new Map<FeatureCoding, number[]>(features.map((feature) => [feature, []]))
  for (const [position, { feature, part }] of blocks.flatMap(({ columns }) => columns).entries()) {
    const places = positions.get(feature)
    if (places !== undefined && part >= 0) places[part] = position
  }
  const order = features.flatMap((feature) => positions.get(feature) ?? [])
  if (order.every((position, index) => position === index)) return joined
  return graph.node('Gather', [joined, graph.constant('order', int64s(order))], {
    attributes: { axis: int(1) },
  })
}
