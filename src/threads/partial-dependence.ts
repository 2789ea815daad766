/**
 * Partial dependence (Friedman 2001): the mean prediction over the rows if one column had the same value in all of them.
 * The values of the grid occur in the rows, so each is encoded as it was there.
 */
import type { Cell, FeatureCoding } from '../contract/dataset.js'
import { lastActivation } from '../contract/network.js'
import { readColumn } from '../datasets/feature-coding.js'
import { givesProbabilities } from '../datasets/prediction.js'
import { booleanReader, codeNumbers, valueText } from '../datasets/stored-values.js'
import { targetNames } from '../datasets/target-coding.js'
import { unscaleTarget } from '../datasets/target-scaling.js'
import type { Predictor } from '../engine/index.js'
import type { DependenceRequest, MeasuredDependence } from '../training/ports/predictor-pool.js'
import { encodeSample, predictWith } from './encoded-sample.js'
import type { OpenedRows, TableOrder } from './table-rows.js'

export interface DependenceOrder extends DependenceRequest {
  rows: TableOrder
}

/** A value of the column, and a row of the sample that has it. */
interface GridPoint {
  value: Exclude<Cell, null>
  donor: number
}

/** @throws DatasetError if the rows do not fit the model, RangeError for an unknown column, or the reason of the signal */
export async function partialDependence(
  { rows, column, points }: DependenceOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<MeasuredDependence> {
  const sample = await encodeSample(rows, points, signal)
  const { opened, blocks } = sample
  const { target } = opened.coding
  const block = blocks.find(({ feature }) => feature.name === column)
  if (block === undefined) throw new RangeError(`the model has no feature ${column}`)
  const outputs = outputNames(target)
  const measured: MeasuredDependence['points'] = []
  for (const { value, donor } of selectGrid(opened, block.feature, points)) {
    const sums = new Float64Array(outputs.length)
    let count = 0
    await predictWith(sample, { block, donor: () => donor }, predictor, signal, (_, output) => {
      if (!output.every(Number.isFinite)) return
      count++
      for (let index = 0; index < sums.length; index++) sums[index] += output[index]
    })
    const means = Array.from(sums, (sum, index) =>
      count === 0 ? null : unscaleTarget(target, index, sum / count),
    )
    measured.push({ value, means })
  }
  return {
    available: opened.available,
    count: opened.rows.length,
    type: block.feature.type,
    outputs,
    areProbabilities: givesProbabilities(target, lastActivation(opened.network)),
    points: measured,
  }
}

/** Names of the outputs. A single output of two classes is the second one. */
function outputNames(target: OpenedRows['coding']['target']): string[] {
  switch (target.type) {
    case 'oneHot':
      return target.classes
    case 'binary':
      return target.classes.slice(1)
    case 'number':
    case 'multiLabel':
      return targetNames(target)
    default:
      return target satisfies never
  }
}

function selectGrid({ table, rows }: OpenedRows, feature: FeatureCoding, points: number): GridPoint[] {
  const position = table.columns.findIndex(({ name }) => name === feature.name)
  const column = table.columns[position]
  const values = readColumn({ table, rows }, position)
  switch (feature.type) {
    case 'number':
    case 'date': {
      const numbers = codeNumbers(column)
      return selectQuantiles(numbers === null ? values : values.map((code) => numbers[code]), points)
    }
    case 'category':
      return selectFrequent(values, (value) => valueText(column, value), points)
    case 'boolean': {
      const truth = booleanReader(column)
      return selectFrequent(values, (value) => truth(value) === 1, points)
    }
    default:
      return feature satisfies never
  }
}

/** Quantiles at equal distances from the least to the largest value, or all values if there are few. Ascending. */
function selectQuantiles(values: Float64Array, points: number): GridPoint[] {
  const order = Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]))
  order.sort((a, b) => values[a] - values[b])
  const distinct = order.filter((row, index) => index === 0 || values[row] !== values[order[index - 1]])
  if (distinct.length <= points) return distinct.map((donor) => ({ value: values[donor], donor }))
  const chosen = Array.from(
    { length: points },
    (_, index) => order[Math.floor((index * (order.length - 1)) / Math.max(1, points - 1))],
  )
  return chosen
    .filter((row, index) => index === 0 || values[row] !== values[chosen[index - 1]])
    .map((donor) => ({ value: values[donor], donor }))
}

/** The most frequent values; of equally frequent ones, those that occur first. */
function selectFrequent(
  values: Float64Array,
  read: (value: number) => string | boolean,
  points: number,
): GridPoint[] {
  const found = new Map<string | boolean, { donor: number; count: number }>()
  for (const [row, value] of values.entries()) {
    if (Number.isNaN(value)) continue
    const name = read(value)
    const each = found.get(name)
    if (each === undefined) found.set(name, { donor: row, count: 1 })
    else each.count++
  }
  return [...found]
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, points)
    .map(([value, { donor }]) => ({ value, donor }))
}
