/** From a table's rows to the float32 numbers a network trains on. */
import type { Coding, FeatureCoding, StoredColumn } from '../contract/dataset.js'
import { codedWidth, eachColumn, type FeatureOptions, learnFeatures, type Part } from './feature-coding.js'
import { DatasetError, type Table } from './table.js'
import { type Outputs, targetCoding, targetRefusal, targetWidth } from './target-coding.js'

/** Where the encoded numbers go; each array is rows × inputs (X) or rows × target width (Y), row-major. */
export interface EncodedViews {
  trainingX: Float32Array
  trainingY: Float32Array
  validationX: Float32Array
  validationY: Float32Array
}

/**
 * Learns the coding from the training rows and writes all rows, encoded, into the given views. Validation rows may be
 * of another table with the same columns.
 * @throws DatasetError naming row and column when the target does not fit the outputs or the loss, or a value
 *   leaves the range of float32
 * @throws RangeError when a view does not have the size its rows need
 */
export function encode(
  training: Part,
  validation: Part,
  options: Outputs & FeatureOptions,
  views: EncodedViews,
): Coding {
  if (training.rows.length === 0) throw new DatasetError('invalid-dataset', 'no row is left to train on')
  const target = targetCoding(training.table, options)
  const coding: Coding = { features: learnFeatures(training, options), target }
  const inputs = coding.features.reduce((sum, feature) => sum + codedWidth(feature), 0)
  for (const [part, x, y] of [
    [training, views.trainingX, views.trainingY],
    [validation, views.validationX, views.validationY],
  ] as const) {
    checkSize(x, part.rows.length * inputs)
    checkSize(y, part.rows.length * targetWidth(target))
    writeInputs(part, coding, x, inputs)
    writeTargets(part, training.table, target, options, y)
  }
  return coding
}

function checkSize(view: Float32Array, expected: number): void {
  if (view.length !== expected)
    throw new RangeError(`a view holds ${view.length} numbers, ${expected} are needed`)
}

/** Validation rows may have their columns in another order. */
function placesByName({ columns }: Table, named: readonly { name: string }[]): number[] {
  return named.map(({ name }) => columns.findIndex((column) => column.name === name))
}

function writeInputs(part: Part, { features }: Coding, inputs: Float32Array, width: number): void {
  const places = placesByName(part.table, features)
  const writers = new Map<number, ColumnWriter>()
  let offset = 0
  for (const [index, coding] of features.entries()) {
    const place = places[index]
    writers.set(place, inputWriter(part, place, coding, { inputs, width, offset }))
    offset += codedWidth(coding)
  }
  inputs.fill(0)
  eachColumn(part, places, (place, values, chosen, first) => writers.get(place)?.(values, chosen, first))
}

/** Writes some rows of one column, the first of which is row `first` of the part. */
type ColumnWriter = (values: Float64Array, chosen: Int32Array, first: number) => void

function inputWriter(
  part: Part,
  place: number,
  coding: FeatureCoding,
  { inputs, width, offset: column }: { inputs: Float32Array; width: number; offset: number },
): ColumnWriter {
  const source = part.table.columns[place]
  switch (coding.type) {
    case 'number': {
      const { offset, scale, imputation = Number.NaN } = coding
      return (values, chosen, first) => {
        let next = first * width + column
        for (let index = 0; index < chosen.length; index++) {
          const raw = values[chosen[index]]
          const value = Number.isNaN(raw) ? imputation : raw
          inputs[next] = (value - offset) / scale
          if (!Number.isFinite(inputs[next])) throw tooLarge(source, part, first + index, value)
          next += width
        }
      }
    }
    case 'category': {
      const { categories, unseen = [], imputation } = coding
      const hot = placesOfCodes(source, categories, new Set(unseen))
      const missing = imputation === undefined ? -1 : categories.indexOf(imputation)
      return (values, chosen, first) => {
        for (let index = 0; index < chosen.length; index++) {
          const code = values[chosen[index]]
          const one = Number.isNaN(code) ? missing : hot[code]
          if (one >= 0) inputs[(first + index) * width + column + one] = 1
        }
      }
    }
    case 'boolean': {
      const { codes } = source
      const missing = coding.imputation === true ? 1 : 0
      return (values, chosen, first) => {
        for (let index = 0; index < chosen.length; index++) {
          const code = values[chosen[index]]
          inputs[(first + index) * width + column] = Number.isNaN(code) ? missing : (codes?.[code] ?? code)
        }
      }
    }
    case 'date':
      throw new Error('dates are not encoded yet')
    default:
      return coding satisfies never
  }
}

/** For each code of the column, its place among these categories; −1 for one that is not to be told. */
function placesOfCodes(
  { categories = [], codes = categories.map((_, code) => code) }: StoredColumn,
  wanted: readonly string[],
  hidden: ReadonlySet<string>,
): Int32Array {
  const places = new Map(wanted.map((category, place) => [category, place]))
  return Int32Array.from(codes, (code) => {
    const category = categories[code]
    return hidden.has(category) ? -1 : (places.get(category) ?? -1)
  })
}

function writeTargets(
  part: Part,
  training: Table,
  coding: Coding['target'],
  { loss }: Outputs,
  targets: Float32Array,
): void {
  const { columns } = part.table
  const trained = training.columns.filter((column) => column.role === 'target')
  const places = placesByName(part.table, trained)
  const width = targetWidth(coding)
  targets.fill(0)
  const codesOf = new Map(
    places.map((place, output) => {
      const { categories } = trained[output]
      return [place, categories === undefined ? null : placesOfCodes(columns[place], categories, new Set())]
    }),
  )
  eachColumn(part, places, (place, values, chosen, first) => {
    const codes = codesOf.get(place) ?? null
    const output = places.indexOf(place)
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = codes === null ? raw : codes[raw]
      const refusal = codes === null ? targetRefusal(value, coding, loss) : undefined
      if (refusal !== undefined) throw refused(columns[place], part, first + index, `${value} ${refusal}`)
      const start = (first + index) * width
      if (coding.type === 'oneHot') targets[start + value] = 1
      else targets[start + output] = value
      if (!Number.isFinite(targets[start + output]))
        throw tooLarge(columns[place], part, first + index, value)
    }
  })
}

function tooLarge(column: StoredColumn, part: Part, index: number, value: number): DatasetError {
  return refused(column, part, index, `${value} is too large for a 32-bit number`)
}

function refused({ name }: StoredColumn, { rows }: Part, index: number, message: string): DatasetError {
  return new DatasetError('invalid-dataset', `${name}, row ${rows[index] + 1}: ${message}`)
}
