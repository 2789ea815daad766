/** A sample of the rows of a table in memory, encoded, to predict it many times with other values of a column. */
import type { FeatureCoding } from '../contract/dataset.js'
import {
  maximumEncodedNumbers,
  maximumImportanceOperations,
  maximumShuffledRows,
  minimumShuffledRows,
} from '../contract/importance.js'
import { derivedWriter } from '../datasets/derived-features.js'
import { featureWidth, inputCount } from '../datasets/feature-coding.js'
import { DatasetError } from '../datasets/table.js'
import { targetWidth } from '../datasets/target-coding.js'
import { type Predictor, predictionCost } from '../engine/index.js'
import { encodeSlices, type OpenedRows, openRows, pacedRanges, type TableOrder } from './table-rows.js'

/** The inputs of a feature in an encoded row. */
interface Block {
  feature: FeatureCoding
  offset: number
  width: number
}

export interface EncodedSample {
  opened: OpenedRows
  /** [rows, inputs] */
  x: Float32Array
  /** [rows, target width] */
  y: Float32Array
  inputs: number
  blocks: Block[]
}

/**
 * As many rows as can be predicted `passes` times.
 * @throws DatasetError if the rows do not fit the model, or are too few within the limit
 */
export async function encodeSample(
  order: TableOrder,
  passes: number,
  signal: AbortSignal,
): Promise<EncodedSample> {
  const { coding, network } = order
  const inputs = inputCount(coding)
  const perRow = passes * predictionCost(network).flops(1)
  const affordable = Math.floor(maximumImportanceOperations / perRow)
  const opened = openRows(
    order,
    Math.max(1, Math.min(maximumShuffledRows, affordable, Math.floor(maximumEncodedNumbers / inputs))),
  )
  const least = Math.min(opened.available, minimumShuffledRows)
  if (affordable < least) {
    const [work, limit] = [least * perRow, maximumImportanceOperations].map((flops) => flops.toPrecision(2))
    throw new DatasetError(
      'dataset-too-large',
      `${passes} predictions of ${least} rows need ${work} operations, more than the limit of ${limit} ` +
        '(maximumImportanceOperations): use fewer repeats or points, fewer columns, or a smaller network',
    )
  }
  const x = new Float32Array(opened.rows.length * inputs)
  const y = new Float32Array(opened.rows.length * targetWidth(coding.target))
  let [placeX, placeY] = [0, 0]
  for await (const slice of encodeSlices(opened, signal)) {
    x.set(slice.x, placeX)
    y.set(slice.y, placeY)
    placeX += slice.x.length
    placeY += slice.y.length
  }
  return { opened, x, y, inputs, blocks: locateBlocks(coding.features) }
}

function locateBlocks(features: readonly FeatureCoding[]): Block[] {
  let offset = 0
  return features.map((feature) => {
    const block = { feature, offset, width: featureWidth(feature) }
    offset += block.width
    return block
  })
}

/** The inputs to replace in each row, by those of another row of the sample. */
export interface Replacement {
  block: Pick<Block, 'offset' | 'width'>
  donor(row: number): number
}

/**
 * Predicts all rows, each with the values of `block` that the row `donor(row)` has, and derived features computed from
 * them. Calls `use` for each row.
 * @throws the reason of the signal if it aborts
 */
export async function predictWith(
  { x, inputs, opened }: EncodedSample,
  { block, donor }: Replacement,
  predictor: Predictor,
  signal: AbortSignal,
  use: (row: number, output: Float32Array) => void,
): Promise<void> {
  const derive = derivedWriter(opened.coding)
  for await (const [first, end] of pacedRanges(opened, signal)) {
    const slice = x.slice(first * inputs, end * inputs)
    for (let row = first; row < end; row++) {
      const from = donor(row) * inputs + block.offset
      slice.set(x.subarray(from, from + block.width), (row - first) * inputs + block.offset)
      derive?.(slice, (row - first) * inputs)
    }
    const outputs = predictor.predict(slice)
    const size = outputs.length / (end - first)
    for (let row = first; row < end; row++) {
      use(row, outputs.subarray((row - first) * size, (row - first + 1) * size))
    }
  }
}
