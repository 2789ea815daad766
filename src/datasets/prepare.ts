/** From a file's cells to what is stored: types found, rows without a value dropped, values counted and packed. */

import type { DatasetWarning } from '../contract/dataset.js'
import { encodedWidth, type ImageFormat, inputWidth, type StoredColumn } from '../contract/dataset.js'
import type { Preparation } from '../contract/preparation.js'
import { ColumnReader, type PlaceOf } from './column-reader.js'
import { type ColumnValues, PackedRows, packRows } from './packed-rows.js'
import type { Batch, ColumnReading, Read, Source } from './reading/batch.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError, rowsPerChunk, type Table } from './table.js'
import { warningsOf } from './warnings.js'

export interface PreparedDataset {
  columns: StoredColumn[]
  rows: number
  droppedRows: number
  inputShape: number[] | null
  image: ImageFormat | null
  warnings: DatasetWarning[]
}

/** Rows as they are read, and behind the last of them what they are. */
export type Prepared =
  | { type: 'rows'; rows: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'end'; dataset: PreparedDataset }

/** A whole table as pieces. */
export function piecesOf(table: Table): Prepared[] {
  const { columns, rows } = table
  const chunks = table.chunks.map((bytes) => ({
    type: 'rows' as const,
    rows: new PackedRows(bytes).rows,
    bytes: new Uint8Array(bytes),
  }))
  const warnings = warningsOf({ columns, droppedRows: 0 })
  return [
    ...chunks,
    { type: 'end', dataset: { columns, rows, droppedRows: 0, inputShape: null, image: null, warnings } },
  ]
}

/**
 * Holds one batch at a time.
 * @throws DatasetError naming row and column, or the parameter that does not fit the file; errors of `read` pass through
 */
export async function* prepare(read: Read, preparation: Preparation): AsyncGenerator<Prepared> {
  let rows: RowPreparation | undefined
  for await (const piece of read({ columns: readingsOf(preparation) })) {
    if (piece.type === 'source') rows = new RowPreparation(piece.source, preparation)
    else if (rows !== undefined) yield* rows.take(piece.batch)
  }
  if (rows === undefined) throw invalid('the file is empty')
  yield { type: 'end', dataset: rows.finish() }
}

/** Categories are wanted as they are written: 007 is no 7. */
function readingsOf({ types }: Preparation): ReadonlyMap<string, ColumnReading> {
  return new Map(types.flatMap(({ name, type }) => (type === 'category' ? [[name, 'text'] as const] : [])))
}

/** Of many columns that are ignored, a few say why. */
const mostReasons = 3

class RowPreparation {
  readonly #source: Source
  readonly #readers: ColumnReader[]
  #readRows = 0
  #rows = 0

  constructor(source: Source, preparation: Preparation) {
    this.#source = source
    this.#readers = readersOf(source, preparation)
  }

  *take(batch: Batch): Generator<Prepared> {
    const firstRow = this.#readRows
    const placeOf: PlaceOf = (row) => {
      const line = batch.lines?.[row]
      return line === undefined ? `row ${firstRow + row + 1}` : `row ${firstRow + row + 1} (line ${line})`
    }
    const columns = this.#readers.map((reader, place) => reader.read(batch.columns[place], placeOf))
    this.#readRows += batch.rows
    const dropped = this.#findMissing(columns, batch.rows)
    const kept = dropped === null ? columns : columns.map((values) => values && without(values, dropped))
    const originalRows = dropped === null ? null : keptRows(dropped)
    const rows = originalRows?.length ?? batch.rows
    if (rows === 0) return
    for (const [place, values] of kept.entries()) {
      const placeOfKept: PlaceOf = (row) => placeOf(originalRows?.[row] ?? row)
      if (values !== null) this.#readers[place].count(values, placeOfKept)
    }
    this.#rows += rows
    const step = rowsPerChunk(columns.length)
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step)
      const bytes = packRows(
        kept.map((values) => values?.subarray(start, end) ?? null),
        end - start,
      )
      yield { type: 'rows', rows: end - start, bytes }
    }
  }

  /** Counts the missing values; 1 for each row to drop, null when there is none. */
  #findMissing(columns: readonly ColumnValues[], rows: number): Uint8Array | null {
    let dropped: Uint8Array | null = null
    for (const [place, values] of columns.entries()) {
      if (values === null) continue
      const reader = this.#readers[place]
      for (let row = 0; row < rows; row++) {
        if (!Number.isNaN(values[row])) continue
        reader.missing += 1
        if (!reader.dropsRows) continue
        dropped ??= new Uint8Array(rows)
        dropped[row] = 1
      }
    }
    return dropped
  }

  finish(): PreparedDataset {
    const readers = this.#readers
    if (this.#readRows === 0) throw invalid('the file has no rows')
    if (this.#rows === 0) {
      const gaps = readers
        .filter(({ missing }) => missing > 0)
        .map(({ name, missing }) => `${name} ${missing}`)
      throw invalid(
        `every one of the ${this.#readRows} rows lacks a value and was dropped; missing by column: ${shownNames(gaps)}. ` +
          'Say missing=mean, or types=NAME:ignored for the columns that lack most',
      )
    }
    const columns = readers.map((reader) => reader.finish())
    if (!columns.some((column) => column.role === 'feature')) {
      const why = readers.flatMap(noticesOf).map(({ message }) => message)
      throw invalid(['no column is left to be a feature', ...why.slice(0, mostReasons)].join('; '))
    }
    const { inputShape, image, warnings } = this.#source
    const size = inputShape?.reduce((product, length) => product * length, 1)
    const numbersOnly = columns.every(
      ({ role, ...column }) => role !== 'feature' || encodedWidth(column) === 1,
    )
    const hasShape = numbersOnly && size === inputWidth(columns)
    const droppedRows = this.#readRows - this.#rows
    return {
      columns,
      rows: this.#rows,
      droppedRows,
      inputShape: hasShape && inputShape !== undefined ? inputShape : null,
      image: hasShape && image !== undefined ? image : null,
      warnings: [
        ...warnings.map((message) => ({ code: 'assumption' as const, columns: [], message })),
        ...readers.flatMap(noticesOf),
        ...warningsOf({ columns, droppedRows }),
      ],
    }
  }
}

function noticesOf({ name, ignoredBecause, firstWord }: ColumnReader): DatasetWarning[] {
  const columns = [name]
  if (ignoredBecause !== undefined) {
    return [{ code: 'ignored-column', columns, message: `${name} is ignored, because it ${ignoredBecause}` }]
  }
  if (firstWord === undefined) return []
  const { place, text } = firstWord
  const message = `${name} is a category because of ${place}, ${shown(text)}; most of its cells are numbers`
  return [{ code: 'mixed-column', columns, message }]
}

function readersOf({ columns }: Source, preparation: Preparation): ColumnReader[] {
  const names = columns.map((column) => column.name)
  const known = new Set(names)
  const { types, missing } = preparation
  for (const [parameter, wanted] of [
    ['target', preparation.target ?? []],
    ['types', types.map(({ name }) => name)],
    ['missing', missing.columns.map(({ name }) => name)],
  ] as const) {
    const unknown = wanted.find((name) => !known.has(name))
    if (unknown === undefined) continue
    throw invalid(
      `there is no column ${shown(unknown)}, which ${parameter} names; the columns are ${shownNames(names)}`,
    )
  }
  const typeOf = new Map(types.map(({ name, type }) => [name, type]))
  const ruleOf = new Map(missing.columns.map(({ name, rule }) => [name, rule]))
  const targets = new Set(preparation.target ?? suggestedTargets(columns, typeOf))
  if (columns.length < 2 || targets.size === columns.length) {
    throw invalid(`the columns are ${shownNames(names)}: at least one feature and a target are needed`)
  }
  return columns.map(
    ({ name, suggestedType }) =>
      new ColumnReader({
        name,
        role: targets.has(name) ? 'target' : 'feature',
        type: typeOf.get(name) ?? suggestedType,
        missing: ruleOf.get(name) ?? missing.everywhere,
      }),
  )
}

/** What the format says, else the last column that is not to be ignored, one with a name if there is any. */
function suggestedTargets(columns: Source['columns'], typeOf: ReadonlyMap<string, string>): string[] {
  const suggested = columns.filter((column) => column.suggestedRole === 'target')
  const usable = columns.filter(({ name }) => typeOf.get(name) !== 'ignored')
  const named = usable.filter((column) => column.suggestedRole !== 'feature')
  const last = (named.length > 0 ? named : usable).slice(-1)
  return (suggested.length > 0 ? suggested : last).map((column) => column.name)
}

function keptRows(dropped: Uint8Array): Int32Array {
  const rows = new Int32Array(dropped.length)
  let count = 0
  for (let row = 0; row < dropped.length; row++) if (dropped[row] === 0) rows[count++] = row
  return rows.subarray(0, count)
}

function without(values: Float64Array, dropped: Uint8Array): Float64Array {
  return values.filter((_, row) => dropped[row] === 0)
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
