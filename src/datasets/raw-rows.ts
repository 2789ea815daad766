/** Encodes raw rows as the inputs of a trained network. */
import type { Cell, Coding } from '../contract/dataset.js'
import { pointerTo } from '../contract/problems.js'
import { cellCoder } from './cell-coder.js'
import { derivedTooLarge, derivedWriter } from './derived-features.js'
import { featureWidth, inputCount } from './feature-coding.js'
import { InputError } from './input-error.js'
import { InputNames } from './input-names.js'

/** A row of raw values in the order of the features, or by column name. Null is a missing value. */
export type InputRow = readonly Cell[] | Readonly<Record<string, Cell>>

/** A row to encode: of numbers alone, it may be a typed array. */
export type EncodableRow = InputRow | Float64Array
type PositionalRow = readonly Cell[] | Float64Array

/** A list of rows, or rows that are created on access. */
export interface RowList<Row> {
  readonly length: number
  at(row: number): Row | undefined
}

interface CodedRow {
  /** Index of the row in the request. */
  row: number
  /** Values that the network ignores. */
  warnings: readonly string[]
}

export interface CodedRows {
  /** [rows.length, inputs], row-major: the encoded rows without an error. */
  inputs: Float32Array
  rows: CodedRow[]
  errors: { row: number; error: InputError }[]
}

/**
 * Encodes rows independently. Accepts ignored columns, and blanks around names and texts. Encodes a category
 * without training rows as zeros, with a warning. A text in place of a row is the error of that row.
 */
export function encodeRows(coding: Coding, rows: RowList<EncodableRow | string>): CodedRows {
  const encoder = new RowEncoder(coding, rows)
  for (let row = 0; row < rows.length; row++) encoder.encode(row)
  return encoder.coded()
}

/** Like `encodeRows`, but yields after each row. */
export function* encoding(coding: Coding, rows: RowList<EncodableRow | string>): Generator<void, CodedRows> {
  const encoder = new RowEncoder(coding, rows)
  for (let row = 0; row < rows.length; row++) {
    if (row > 0) yield
    encoder.encode(row)
  }
  return encoder.coded()
}

class RowEncoder {
  readonly #rows: RowList<EncodableRow | string>
  readonly #writer: RowWriter
  readonly #inputs: Float32Array
  readonly #coded: CodedRow[] = []
  readonly #errors: CodedRows['errors'] = []

  constructor(coding: Coding, rows: RowList<EncodableRow | string>) {
    this.#rows = rows
    this.#writer = cachedWriter(coding)
    this.#inputs = new Float32Array(rows.length * this.#writer.width)
  }

  encode(row: number): void {
    const { width, write } = this.#writer
    const begin = this.#coded.length * width
    try {
      const given = this.#rows.at(row) ?? []
      if (typeof given === 'string') throw new InputError(pointerTo([row]), given)
      this.#coded.push({ row, warnings: write(given, row, this.#inputs, begin) })
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      this.#inputs.fill(0, begin, begin + width)
      this.#errors.push({ row, error })
    }
  }

  coded(): CodedRows {
    const rows = this.#coded
    const errors = this.#errors
    const all = this.#inputs
    const inputs = errors.length === 0 ? all : all.subarray(0, rows.length * this.#writer.width)
    return { inputs, rows, errors }
  }
}

/**
 * Encodes rows as [rows, inputs].
 * @throws InputError for the first invalid row
 */
export function encodeInputs(coding: Coding, rows: readonly InputRow[]): Float32Array {
  const { inputs, errors } = encodeRows(coding, rows)
  const [first] = errors
  if (first !== undefined) throw first.error
  return inputs
}

interface RowWriter {
  /** Inputs of a row. */
  width: number
  /** Writes row `index` at `begin` of zeroed inputs. Returns its warnings. */
  write(row: EncodableRow, index: number, inputs: Float32Array, begin: number): readonly string[]
}

const writers = new WeakMap<Coding, RowWriter>()

/** Cached by coding, because creating the writer of many columns is slow. */
function cachedWriter(coding: Coding): RowWriter {
  const cached = writers.get(coding)
  if (cached !== undefined) return cached
  const writer = rowWriter(coding)
  writers.set(coding, writer)
  return writer
}

const noWarnings: readonly string[] = []

function rowWriter(coding: Coding): RowWriter {
  const names = new InputNames(coding)
  const derive = derivedWriter(coding)
  const columns = coding.features.map((feature) => {
    return { name: feature.name, width: featureWidth(feature), code: cellCoder(feature) }
  })
  return {
    width: inputCount(coding),
    write(row, index, inputs, begin) {
      let cells: ArrayLike<Cell | undefined>
      let spellings: readonly (string | undefined)[] | null = null
      if (row instanceof Float64Array || isList(row)) cells = checkLength(names, columns.length, row, index)
      else ({ cells, spellings } = names.readCells(row, index))
      let warnings: string[] | null = null
      let offset = begin
      for (let position = 0; position < columns.length; position++) {
        const { name, width, code } = columns[position]
        const { error, warning } = code(cells[position] ?? null, inputs, offset)
        if (error !== undefined) {
          throw new InputError(pointerTo([index, spellings?.[position] ?? position]), `${name}: ${error}`)
        }
        if (warning !== undefined) {
          warnings ??= []
          warnings.push(`${name}: ${warning}`)
        }
        offset += width
      }
      const failed = derive?.(inputs, begin) ?? null
      if (failed !== null) {
        const place = names.find(failed.of[0]) ?? 0
        const pointer = pointerTo([index, spellings?.[place] ?? place])
        throw new InputError(pointer, `${failed.of[0]}: ${derivedTooLarge(failed)}`)
      }
      return warnings ?? noWarnings
    },
  }
}

/** Array.isArray does not narrow a readonly array in a union. */
export function isList(row: InputRow): row is readonly Cell[] {
  return Array.isArray(row)
}

function checkLength(names: InputNames, width: number, row: PositionalRow, index: number): PositionalRow {
  if (row.length === width) return row
  const count = (values: number) => (values === 1 ? '1 value' : `${values} values`)
  const message = `has ${count(row.length)}, but the model takes ${count(width)}: ${names.list}`
  throw new InputError(pointerTo([index]), message)
}
