/** Prepares a file for storage: infers types, drops rows with missing values, counts and packs the values. */
import type { DatasetWarning } from '../contract/dataset.js'
import { encodedWidth, type ImageFormat, inputWidth, type StoredColumn } from '../contract/dataset.js'
import type { Preparation } from '../contract/preparation.js'
import { maximumCategoryCharacters } from './categories.js'
import { type ColumnPlan, planColumns } from './column-plan.js'
import { ColumnReader, type DescribeRow } from './column-reader.js'
import { type ColumnFacts, ColumnSurvey, collectMissingTexts } from './column-survey.js'
import { LeakDetector } from './leak-detector.js'
import { toMissingTexts } from './missing-text.js'
import { type ColumnValues, PackedRows, packRows } from './packed-rows.js'
import type { Batch, ColumnReading, Read, ReadOptions, Source } from './reading/batch.js'
import { shownNames } from './shown-text.js'
import { DatasetError, rowsPerChunk, type Table } from './table.js'
import { datasetWarnings } from './warnings.js'

export interface PreparedDataset {
  columns: StoredColumn[]
  rows: number
  droppedRows: number
  inputShape: number[] | null
  image: ImageFormat | null
  warnings: DatasetWarning[]
}

/** Packed rows, and after the last of them the description of the dataset. */
export type Prepared =
  | { type: 'rows'; rows: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'end'; dataset: PreparedDataset; examples: ColumnExamples[] }

/** Examples of the cells of a column as written, also of an ignored column. */
interface ColumnExamples {
  name: string
  texts: string[]
}

/** Yields a complete table in the same form as `prepare`. */
export function preparedTable(table: Table): Prepared[] {
  const { columns, rows } = table
  const chunks = table.chunks.map((bytes) => ({
    type: 'rows' as const,
    rows: new PackedRows(bytes).rows,
    bytes: new Uint8Array(bytes),
  }))
  const warnings = datasetWarnings({ columns, droppedRows: 0, readRows: rows })
  return [
    ...chunks,
    {
      type: 'end',
      dataset: { columns, rows, droppedRows: 0, inputShape: null, image: null, warnings },
      examples: [],
    },
  ]
}

/**
 * Reads the file twice: first to survey its columns, then to encode their cells. Keeps one batch in memory at
 * a time.
 * @throws DatasetError naming row and column, or the invalid parameter. Errors of `read` propagate.
 */
export async function* prepare(read: Read, preparation: Preparation): AsyncGenerator<Prepared> {
  const facts = await surveyColumns(read, preparation)
  const plans = planColumns(facts, preparation)
  const missing = collectMissingTexts(facts)
  const columns = new Map(plans.map(({ name, reading }) => [name, reading]))
  let rows: RowPreparation | undefined
  for await (const piece of read({ columns })) {
    if (piece.type === 'source') rows = new RowPreparation(piece.source, plans, missing)
    else if (rows !== undefined) yield* rows.take(piece.batch)
  }
  if (rows === undefined) throw invalid('the file is empty')
  const examples = facts.map(({ column, examples }) => ({ name: column.name, texts: examples }))
  yield { type: 'end', dataset: rows.finish(), examples }
}

/** Surveys all columns. Skips ignored columns, and all cells if the format declares the types. */
async function surveyColumns(read: Read, preparation: Preparation): Promise<ColumnFacts[]> {
  const { types, missingValues, decimal, like = [] } = preparation
  const ignored = [
    ...types.filter(({ type }) => type === 'ignored').map(({ name }) => name),
    ...like.flatMap(({ name, type }) => (type === 'ignored' && !hasColumn(types, name) ? [name] : [])),
  ]
  const options: ReadOptions = { columns: new Map(ignored.map((name) => [name, 'skip' as ColumnReading])) }
  const missing = toMissingTexts(missingValues)
  let columns: Source['columns'] = []
  let surveys: ColumnSurvey[] = []
  let rows = 0
  for await (const piece of read(options)) {
    if (piece.type === 'source') {
      columns = piece.source.columns
      surveys = columns.map((column) => new ColumnSurvey(column, missing))
      if (piece.source.isTyped === true) break
      continue
    }
    const { batch } = piece
    const describeRow = rowDescriber(batch, rows)
    for (const [index, survey] of surveys.entries()) survey.take(batch.columns[index], describeRow)
    rows += batch.rows
  }
  return surveys.map((survey, index) => {
    const { name } = columns[index]
    return survey.facts(decimal ?? like.find((column) => column.name === name)?.decimal)
  })
}

const hasColumn = (types: Preparation['types'], name: string) => types.some((column) => column.name === name)

function rowDescriber({ lines }: Batch, firstRow: number): DescribeRow {
  return (row) => {
    const line = lines?.[row]
    return line === undefined ? `row ${firstRow + row + 1}` : `row ${firstRow + row + 1} (line ${line})`
  }
}

/** The most reasons for ignored columns in one error. */
const maximumReasons = 3
/** Warnings that do not apply to the pixels of images. */
const notForPixels: readonly DatasetWarning['code'][] = ['constant-column', 'mixed-scales']
/** A file is refused if a larger share of its rows would be dropped. */
const maximumDropped = 0.5

class RowPreparation {
  readonly #source: Source
  readonly #missing: Iterable<string>
  readonly #readers: ColumnReader[]
  readonly #leaks: LeakDetector | null
  readonly #featurePlaces: number[]
  readonly #targetPlace: number
  #readRows = 0
  #rows = 0

  /** @param missing texts of the file that mean a missing value */
  constructor(source: Source, plans: readonly ColumnPlan[], missing: Iterable<string>) {
    this.#source = source
    this.#missing = missing
    this.#readers = plans.map((plan) => new ColumnReader(plan))
    const targets = plans.flatMap(({ role }, index) => (role === 'target' ? [index] : []))
    this.#targetPlace = targets[0] ?? -1
    this.#featurePlaces = plans.flatMap(({ role }, index) => (role === 'feature' ? [index] : []))
    // A single pixel is not checked for leakage.
    const isWatched = targets.length === 1 && source.image === undefined
    const watched = (index: number) => {
      const reader = this.#readers[index]
      const isText = reader.plan.type === 'category' || reader.plan.type === 'boolean'
      return { name: reader.name, categoryText: isText ? (code: number) => reader.categoryText(code) : null }
    }
    this.#leaks = isWatched
      ? new LeakDetector(watched(this.#targetPlace), this.#featurePlaces.map(watched))
      : null
  }

  *take(batch: Batch): Generator<Prepared> {
    const describeRow = rowDescriber(batch, this.#readRows)
    const columns = this.#readers.map((reader, index) => reader.read(batch.columns[index], describeRow))
    this.#readRows += batch.rows
    const dropped = this.#findMissing(columns, batch.rows)
    const kept = dropped === null ? columns : columns.map((values) => values && removeRows(values, dropped))
    const originalRows = dropped === null ? null : keptRows(dropped)
    const rows = originalRows?.length ?? batch.rows
    if (rows === 0) return
    for (const [index, values] of kept.entries()) {
      const describeKeptRow: DescribeRow = (row) => describeRow(originalRows?.[row] ?? row)
      if (values !== null) this.#readers[index].count(values, describeKeptRow)
    }
    const target = kept[this.#targetPlace]
    if (target !== null)
      this.#leaks?.take(
        target,
        this.#featurePlaces.map((index) => kept[index]),
      )
    this.#rows += rows
    yield* packInChunks(kept, rows)
  }

  /** Counts missing values. Returns 1 for each row to drop, or null for none. */
  #findMissing(columns: readonly ColumnValues[], rows: number): Uint8Array | null {
    let dropped: Uint8Array | null = null
    for (const [index, values] of columns.entries()) {
      if (values === null) continue
      const reader = this.#readers[index]
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
    const droppedRows = this.#readRows - this.#rows
    if (droppedRows > maximumDropped * this.#readRows) throw this.#tooManyDropped(droppedRows)
    const columns = readers.map((reader) => reader.finish())
    checkCharacters(columns)
    const notices = readers.flatMap((reader) => [...reader.notices])
    if (!columns.some((column) => column.role === 'feature')) {
      const why = notices.map(({ message }) => message)
      throw invalid(['the file has no feature column', ...why.slice(0, maximumReasons)].join('; '))
    }
    const { inputShape, image, warnings } = this.#source
    const size = inputShape?.reduce((product, length) => product * length, 1)
    const numbersOnly = columns.every(
      ({ role, ...column }) => role !== 'feature' || encodedWidth(column) === 1,
    )
    const hasShape = numbersOnly && size === inputWidth(columns)
    return {
      columns,
      rows: this.#rows,
      droppedRows,
      inputShape: hasShape && inputShape !== undefined ? inputShape : null,
      image: hasShape && image !== undefined ? image : null,
      warnings: [
        ...warnings.map((message) => ({ code: 'assumption' as const, columns: [], message })),
        ...notices,
        ...datasetWarnings({ columns, droppedRows, readRows: this.#readRows, missing: this.#missing }).filter(
          ({ code }) => image === undefined || !notForPixels.includes(code),
        ),
        ...(this.#leaks?.warnings() ?? []),
      ],
    }
  }

  #tooManyDropped(dropped: number): DatasetError {
    const dropping = this.#readers.filter(({ missing, dropsRows }) => missing > 0 && dropsRows)
    const counts = dropping.map(({ name, missing }) => `${name} ${missing}`)
    const isTarget = dropping.some(({ plan }) => plan.role === 'target')
    const remedy = isTarget
      ? 'Set target=NAME for another target, or missingValues= to keep words such as None as classes'
      : 'Set missing=impute, or types=NAME:ignored for the columns with the most missing values'
    return invalid(
      `${dropped} of ${this.#readRows} rows have a missing value and would be dropped; the limit is half of the rows. Missing values by column: ${shownNames(counts)}. ${remedy}`,
    )
  }
}

function checkCharacters(columns: readonly StoredColumn[]): void {
  const lengths = columns.map(({ categories = [] }) => categories.reduce((sum, text) => sum + text.length, 0))
  const sum = lengths.reduce((total, length) => total + length, 0)
  const { ofDataset } = maximumCategoryCharacters
  if (sum <= ofDataset) return
  const { name } = columns[lengths.indexOf(Math.max(...lengths))]
  throw invalid(
    `the different texts of the category columns have ${sum} characters; the limit is ${ofDataset}. Ignore columns, first the longest with types=${name}:ignored`,
  )
}

function* packInChunks(columns: readonly ColumnValues[], rows: number): Generator<Prepared> {
  const step = rowsPerChunk(columns.length)
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step)
    const bytes = packRows(
      columns.map((values) => values?.subarray(start, end) ?? null),
      end - start,
    )
    yield { type: 'rows', rows: end - start, bytes }
  }
}

function keptRows(dropped: Uint8Array): Int32Array {
  const rows = new Int32Array(dropped.length)
  let count = 0
  for (let row = 0; row < dropped.length; row++) if (dropped[row] === 0) rows[count++] = row
  return rows.subarray(0, count)
}

function removeRows(values: Float64Array, dropped: Uint8Array): Float64Array {
  return values.filter((_, row) => dropped[row] === 0)
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
