/** From raw rows, as people have them, to what a trained network takes. */
import type { Cell, Coding } from '../contract/dataset.js'
import { pointerTo } from '../contract/problems.js'
import { codedWidth, inputsOf } from './feature-coding.js'
import { InputError } from './input-error.js'
import { InputNames } from './input-names.js'
import { cellCoder } from './raw-cells.js'

/** One row: raw values in the order of the model's features, or by column name. Null is a missing value. */
export type InputRow = readonly Cell[] | Readonly<Record<string, Cell>>

/** A list, or rows that are made when they are asked for. */
export interface RowList<Row> {
  readonly length: number
  at(row: number): Row | undefined
}

export interface CodedRow {
  /** Of the row among those that were given. */
  row: number
  /** What of it the network cannot use. */
  warnings: string[]
}

export interface CodedRows {
  /** rows.length × inputs, row-major: the rows that can be answered, coded as the training rows were. */
  inputs: Float32Array
  rows: CodedRow[]
  errors: { row: number; error: InputError }[]
}

/**
 * Codes each row for itself. Columns that the dataset ignored may be there; blanks around names, words and numbers do
 * not count; a category that no training row had enters as zeros, with a warning. A text in place of a row is why there is
 * none, and its error.
 */
export function encodeRows(coding: Coding, rows: RowList<InputRow | string>): CodedRows {
  const steps = encoding(coding, rows)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** The same, a row at each step. */
export function* encoding(coding: Coding, rows: RowList<InputRow | string>): Generator<void, CodedRows> {
  const width = inputsOf(coding)
  const inputs = new Float32Array(rows.length * width)
  const write = writerOf(coding)
  const coded: CodedRow[] = []
  const errors: CodedRows['errors'] = []
  for (let row = 0; row < rows.length; row++) {
    if (row > 0) yield
    const begin = coded.length * width
    try {
      const given = rows.at(row) ?? []
      if (typeof given === 'string') throw new InputError(pointerTo([row]), given)
      const warnings = write(given, row, inputs.subarray(begin, begin + width))
      coded.push({ row, warnings })
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      inputs.fill(0, begin, begin + width)
      errors.push({ row, error })
    }
  }
  return { inputs: inputs.subarray(0, coded.length * width), rows: coded, errors }
}

/**
 * The same of rows that must all be right: rows × inputs.
 * @throws InputError of the first row that is not
 */
export function encodeInputs(coding: Coding, rows: readonly InputRow[]): Float32Array {
  const { inputs, errors } = encodeRows(coding, rows)
  const [first] = errors
  if (first !== undefined) throw first.error
  return inputs
}

/** Writes one row, whose place among all rows is `index`, into zeros; answers what of it the network cannot use. */
type RowWriter = (row: InputRow, index: number, inputs: Float32Array) => string[]

const writers = new WeakMap<Coding, RowWriter>()

/** Made once for each coding: that of many columns takes a while. */
function writerOf(coding: Coding): RowWriter {
  const known = writers.get(coding)
  if (known !== undefined) return known
  const made = rowWriter(coding)
  writers.set(coding, made)
  return made
}

function rowWriter(coding: Coding): RowWriter {
  const names = new InputNames(coding)
  const columns = coding.features.map((feature) => {
    return { name: feature.name, width: codedWidth(feature), code: cellCoder(feature) }
  })
  return (row, index, inputs) => {
    const { cells, given } = isList(row)
      ? checkedCount(names, columns.length, row, index)
      : names.cellsOf(row, index)
    const warnings: string[] = []
    let offset = 0
    for (let place = 0; place < columns.length; place++) {
      const { name, width, code } = columns[place]
      const { error, warning } = code(cells[place] ?? null, inputs, offset)
      if (error !== undefined) {
        throw new InputError(pointerTo([index, given[place] ?? place]), `${name}: ${error}`)
      }
      if (warning !== undefined) warnings.push(`${name}: ${warning}`)
      offset += width
    }
    return warnings
  }
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isList(row: InputRow): row is readonly Cell[] {
  return Array.isArray(row)
}

const byPlace: readonly undefined[] = []

function checkedCount(names: InputNames, width: number, row: readonly Cell[], index: number) {
  if (row.length === width) return { cells: row, given: byPlace }
  const came = row.length === 1 ? '1 value came' : `${row.length} values came`
  const wanted = width === 1 ? '1 value' : `${width} values`
  throw new InputError(pointerTo([index]), `${came}, this model takes ${wanted}: ${names.list}`)
}
