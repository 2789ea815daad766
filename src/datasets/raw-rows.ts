/** From raw rows, as people have them, to what a trained network takes. */
import type { Cell, Coding } from '../contract/dataset.js'
import { pointerTo } from '../contract/problems.js'
import { didYouMean } from '../contract/similar-names.js'
import { codedWidth, inputsOf } from './feature-coding.js'
import { codeCell } from './raw-cells.js'
import { shown, shownNames } from './shown-text.js'

/** An input to a model is wrong; `pointer` is the JSON Pointer from the list of rows to the place. */
export class InputError extends Error {
  override readonly name = 'InputError'

  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message)
  }
}

/** One row: raw values in the order of the model's features, or by column name. Null is a missing value. */
export type InputRow = readonly Cell[] | Readonly<Record<string, Cell>>

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
 * not count; a category that no training row had enters as zeros, with a warning.
 */
export function encodeRows(coding: Coding, rows: readonly InputRow[]): CodedRows {
  const width = inputsOf(coding)
  const inputs = new Float32Array(rows.length * width)
  const names = new ColumnNames(coding)
  const coded: CodedRow[] = []
  const errors: CodedRows['errors'] = []
  for (const [row, given] of rows.entries()) {
    const begin = coded.length * width
    try {
      const warnings = writeRow(coding, names, given, row, inputs.subarray(begin, begin + width))
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

function writeRow(
  coding: Coding,
  names: ColumnNames,
  row: InputRow,
  index: number,
  inputs: Float32Array,
): string[] {
  const isNamed = !isList(row)
  const cells = isNamed ? names.cellsOf(row, index) : cellsByPlace(coding, row, index)
  const warnings: string[] = []
  let offset = 0
  for (const [place, feature] of coding.features.entries()) {
    const { error, warning } = codeCell(feature, cells[place] ?? null, inputs, offset)
    if (error !== undefined) {
      const column = isNamed ? names.givenName(row, feature.name) : place
      throw new InputError(pointerTo([index, column]), `${feature.name}: ${error}`)
    }
    if (warning !== undefined) warnings.push(`${feature.name}: ${warning}`)
    offset += codedWidth(feature)
  }
  return warnings
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isList(row: InputRow): row is readonly Cell[] {
  return Array.isArray(row)
}

const namesOf = (coding: Coding) => shownNames(coding.features.map((feature) => feature.name))

function cellsByPlace(coding: Coding, row: readonly Cell[], index: number): readonly Cell[] {
  const width = coding.features.length
  if (row.length === width) return row
  const came = row.length === 1 ? '1 value came' : `${row.length} values came`
  const wanted = width === 1 ? '1 value' : `${width} values`
  throw new InputError(pointerTo([index]), `${came}, this model takes ${wanted}: ${namesOf(coding)}`)
}

const plainName = (name: string) => name.trim().normalize('NFC')

/** Finds the features of a model in rows by name. */
class ColumnNames {
  readonly #coding: Coding
  readonly #places: ReadonlyMap<string, number>
  readonly #ignored: ReadonlySet<string>

  constructor(coding: Coding) {
    this.#coding = coding
    this.#places = new Map(coding.features.map(({ name }, place) => [name, place]))
    this.#ignored = new Set(coding.ignored)
  }

  /** In the order of the features; undefined where the row does not say. */
  cellsOf(row: Readonly<Record<string, Cell>>, index: number): (Cell | undefined)[] {
    const cells: (Cell | undefined)[] = this.#coding.features.map(() => undefined)
    for (const name of Object.keys(row)) {
      const known = this.#nameOf(name)
      const place = known === undefined ? undefined : this.#places.get(known)
      if (place !== undefined) cells[place] = row[name]
      else if (known === undefined) throw this.#unknown(name, index)
    }
    const { features } = this.#coding
    const missing = features.find(({ type, imputation }, place) => {
      return cells[place] === undefined && imputation === undefined && type !== 'category'
    })
    if (missing === undefined) return cells
    throw new InputError(
      pointerTo([index]),
      `${missing.name} is missing; this model takes ${namesOf(this.#coding)}`,
    )
  }

  /** The column that a name of a row means; undefined for one that the dataset did not have. */
  #nameOf(name: string): string | undefined {
    const isKnown = (each: string) => this.#places.has(each) || this.#ignored.has(each)
    if (isKnown(name)) return name
    const plain = plainName(name)
    return isKnown(plain) ? plain : undefined
  }

  /** As the row spells it, for pointers. */
  givenName(row: InputRow, name: string): string {
    return Object.keys(row).find((each) => each === name || plainName(each) === name) ?? name
  }

  #unknown(name: string, index: number): InputError {
    const known = this.#coding.features.map((feature) => feature.name)
    const message = `no input is called ${shown(name)}; this model takes ${namesOf(this.#coding)}${didYouMean(name, known)}`
    return new InputError(pointerTo([index, name]), message)
  }
}
