/** Encodes tables as a training does. */
import { inputWidth } from '../../src/contract/dataset.js'
import { type EncodedViews, type EncodingOptions, encode } from '../../src/datasets/encoding.js'
import type { Part } from '../../src/datasets/feature-coding.js'
import { isWeighted } from '../../src/datasets/row-weights.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import type { Table } from '../../src/datasets/table.js'
import { targetCoding, targetWidth } from '../../src/datasets/target-coding.js'

type Options = Partial<EncodingOptions> & Pick<EncodingOptions, 'outputs' | 'loss'>

/** Trains on the given rows, or on all, and validates on the others, or on another table. */
export function encoded(
  table: Table,
  given: Options,
  { rows, validation }: { rows?: number[]; validation?: Table } = {},
) {
  const all = everyRow(table)
  const chosen = rows === undefined ? all : Int32Array.from(rows)
  const training: Part = { table, rows: chosen }
  const held: Part =
    validation === undefined
      ? { table, rows: all.filter((row) => !chosen.includes(row)) }
      : { table: validation, rows: everyRow(validation) }
  const options: EncodingOptions = { scaling: 'none', image: null, ...given }
  const features = inputWidth(table.columns, given.sampleWeight) + (given.derivedFeatures?.length ?? 0)
  const width = targetWidth(targetCoding(table, options)) + (isWeighted(options) ? 1 : 0)
  const unfilled = (length: number) => new Float32Array(length).fill(Number.NaN)
  const views: EncodedViews = {
    trainingX: unfilled(training.rows.length * features),
    trainingY: unfilled(training.rows.length * width),
    validationX: unfilled(held.rows.length * features),
    validationY: unfilled(held.rows.length * width),
  }
  return { coding: encode(training, held, options, views), ...views, features, width }
}

/** Rows of `width` numbers. */
export function rowsOf(numbers: Float32Array, width: number): number[][] {
  return Array.from({ length: numbers.length / width }, (_, row) => [
    ...numbers.subarray(row * width, (row + 1) * width),
  ])
}
