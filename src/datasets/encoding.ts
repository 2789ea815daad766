/** From a table's rows to the float32 numbers a network trains on. */
import type { Coding } from '../contract/dataset.js'
import { deviations, summarize } from './moments.js'
import { DatasetError, type Table } from './table.js'
import { type Outputs, targetCoding, targetRefusal, targetWidth } from './target-coding.js'

/** Which rows are trained on and which are held out, as indices into the table. */
export interface Split {
  training: Int32Array
  validation: Int32Array
}

/** Where the encoded numbers go; each array is rows × features (X) or rows × target width (Y), row-major. */
export interface EncodedViews {
  trainingX: Float32Array
  trainingY: Float32Array
  validationX: Float32Array
  validationY: Float32Array
}

/**
 * Learns the coding from the training rows and writes all rows of the split, encoded, into the given views.
 * With `standardize`, a feature becomes (value − mean) / deviation, both of the training rows (population
 * deviation; 1 where a feature never changes); without it values stay as they are.
 * @throws DatasetError naming row and column when the target does not fit the outputs or the loss, or a value
 *   leaves the range of float32
 * @throws RangeError when a view does not have the size its rows need
 */
export function encode(
  table: Table,
  split: Split,
  options: Outputs & { standardize: boolean },
  views: EncodedViews,
): Coding {
  if (split.training.length === 0) throw new DatasetError('invalid-dataset', 'no row is left to train on')
  const target = targetCoding(table, options)
  const coding: Coding = { features: featureCodings(table, split.training, options.standardize), target }
  for (const [rows, inputs, targets] of [
    [split.training, views.trainingX, views.trainingY],
    [split.validation, views.validationX, views.validationY],
  ] as const) {
    checkSize(inputs, rows.length * coding.features.length)
    checkSize(targets, rows.length * targetWidth(target))
    writeInputs(table, coding, rows, inputs)
    writeTargets(table, coding, rows, options, targets)
  }
  return coding
}

function checkSize(view: Float32Array, expected: number): void {
  if (view.length !== expected)
    throw new RangeError(`a view holds ${view.length} numbers, ${expected} are needed`)
}

function featureCodings(table: Table, rows: Int32Array, standardize: boolean): Coding['features'] {
  const places = placesOf(table, 'feature')
  if (!standardize) return places.map((place) => ({ name: table.columns[place].name, mean: 0, scale: 1 }))
  const width = table.columns.length
  const summary = summarize(table.values, width, rows)
  const deviation = deviations(table.values, width, summary, rows)
  return places.map((place) => ({
    name: table.columns[place].name,
    mean: summary.mean[place],
    scale: deviation[place] === 0 ? 1 : deviation[place],
  }))
}

/** Places of the columns of that role within a row. */
function placesOf(table: Table, role: 'feature' | 'target'): number[] {
  return table.columns.flatMap((column, place) => (column.role === role ? [place] : []))
}

function writeInputs(table: Table, coding: Coding, rows: Int32Array, inputs: Float32Array): void {
  const places = placesOf(table, 'feature')
  const width = table.columns.length
  let next = 0
  for (const row of rows) {
    for (let feature = 0; feature < places.length; feature++) {
      const value = table.values[row * width + places[feature]]
      const { mean, scale } = coding.features[feature]
      inputs[next] = (value - mean) / scale
      if (!Number.isFinite(inputs[next])) throw tooLarge(table, row, places[feature])
      next += 1
    }
  }
}

function writeTargets(
  table: Table,
  coding: Coding,
  rows: Int32Array,
  { loss }: Outputs,
  targets: Float32Array,
): void {
  const places = placesOf(table, 'target')
  const width = table.columns.length
  const { target } = coding
  const codedWidth = targetWidth(target)
  targets.fill(0)
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]
    for (let output = 0; output < places.length; output++) {
      const place = places[output]
      const value = table.values[row * width + place]
      const refusal = table.columns[place].type === 'number' ? targetRefusal(value, target, loss) : undefined
      if (refusal !== undefined) {
        const message = `${table.columns[place].name}, row ${row + 1}: ${value} ${refusal}`
        throw new DatasetError('invalid-dataset', message)
      }
      const start = index * codedWidth
      if (target.type === 'oneHot') targets[start + value] = 1
      else targets[start + output] = value
      if (!Number.isFinite(targets[start + output])) throw tooLarge(table, row, place)
    }
  }
}

function tooLarge(table: Table, row: number, place: number): DatasetError {
  const value = table.values[row * table.columns.length + place]
  const message = `${table.columns[place].name}, row ${row + 1}: ${value} is too large for a 32-bit number`
  return new DatasetError('invalid-dataset', message)
}
