/** Parquet, one row group at a time. */
import { asyncBufferFromFile, type Compressors, type FileMetaData, parquetMetadataAsync } from 'hyparquet'
import { parquetReadColumn } from 'hyparquet/src/read.js'
import { compressors as unpackers } from 'hyparquet-compressors'
import { DatasetError } from '../table.js'
import type { Cells, Piece, SourceColumn } from './batch.js'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'
import { unpackedCounter } from './unpack.js'

const valuesInBatch = 512 * 1024

/**
 * Columns of numbers, booleans (as the texts true and false), texts and times (as ISO 8601).
 * @throws DatasetError when the file is broken, holds lists or objects, or the limit that was passed
 */
export async function* readParquet(path: string, name: string, limits: ReadingLimits): AsyncGenerator<Piece> {
  const file = await asyncBufferFromFile(path)
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof DatasetError || !(error instanceof Error) || 'syscall' in error) throw error
      throw invalid(`${name} cannot be read as Parquet: ${error.message.slice(0, 200)}`)
    }
  }
  const metadata = await attempt(() => parquetMetadataAsync(file))
  const columns = columnsOf(metadata, name, limits)
  checkSizes(metadata, columns.length, name, limits)
  const compressors = counted(unpackedCounter(name, file.byteLength, limits))
  yield { type: 'source', source: { columns, warnings: [] } }
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    const rowEnd = rowStart + rows
    const read: Cells[] = []
    for (const column of columns) {
      const values = await attempt(async () => {
        const options = { file, metadata, columns: [column.name], rowStart, rowEnd, compressors }
        return parquetReadColumn(options)
      })
      if (values.length !== rows) {
        throw invalid(`${name}, column ${quoted(column.name)}: ${values.length} values for ${rows} rows`)
      }
      read.push(cellsOf(values, `${name}, column ${quoted(column.name)}`, limits))
    }
    const step = Math.max(1, Math.floor(valuesInBatch / columns.length))
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step)
      yield {
        type: 'batch',
        batch: { rows: end - start, columns: read.map((cells) => part(cells, start, end)) },
      }
    }
    rowStart = rowEnd
  }
}

/** Each page says what it unpacks to, whatever the footer said; a page that lies, too, is left to the memory limit. */
function counted(count: (bytes: number) => void): Compressors {
  return Object.fromEntries(
    Object.entries(unpackers).map(([codec, unpack]) => [
      codec,
      (packed: Uint8Array, bytes: number) => {
        count(bytes)
        return unpack(packed, bytes)
      },
    ]),
  )
}

function columnsOf({ schema }: FileMetaData, name: string, limits: ReadingLimits): SourceColumn[] {
  const [root, ...fields] = schema
  const count = root?.num_children ?? 0
  if (count > limits.columns) throw beyond(limits, 'columns', `${name} has ${count} columns`)
  const nested = fields.find((field) => (field.num_children ?? 0) > 0 || field.repetition_type === 'REPEATED')
  if (nested !== undefined) {
    throw invalid(`${name}, column ${quoted(nested.name)}: lists and objects within a row cannot be read`)
  }
  if (fields.length === 0 || fields.length !== count)
    throw invalid(`${name} has no columns, or a broken schema`)
  const places = new Map<string, number>()
  return fields.map((field, place) => {
    const before = places.get(field.name)
    if (before !== undefined) {
      throw invalid(`columns ${before + 1} and ${place + 1} are both called ${quoted(field.name)}`)
    }
    if (field.name === '') throw invalid(`${name}: column ${place + 1} has no name`)
    places.set(field.name, place)
    return { name: field.name }
  })
}

/** As the footer says, which may lie: pages are counted when they are unpacked, and the process has its limit of memory. */
function checkSizes(metadata: FileMetaData, columns: number, name: string, limits: ReadingLimits): void {
  let rows = 0
  let bytes = 0
  for (const group of metadata.row_groups) {
    const groupRows = Number(group.num_rows)
    rows += groupRows
    if (!(groupRows >= 0) || rows > limits.rows) throw beyond(limits, 'rows', `${name} has ${rows} rows`)
    for (const column of group.columns) bytes += Number(column.meta_data?.total_uncompressed_size ?? 0)
    const groupBytes = groupRows * columns * 8
    if (groupBytes > limits.memoryBytes / 2) {
      throw beyond(
        limits,
        'memoryBytes',
        `${name} has a row group of ${groupRows} rows, which take ${groupBytes} bytes, and half of the memory is for them: write smaller row groups`,
      )
    }
  }
  if (rows === 0) throw invalid(`${name} has no rows`)
  if (bytes > limits.unpackedBytes) throw beyond(limits, 'unpackedBytes', `${name} unpacks to ${bytes} bytes`)
}

function cellsOf(values: ArrayLike<unknown>, place: string, limits: ReadingLimits): Cells {
  const numbers = new Float64Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (typeof value === 'number') numbers[row] = value
    else if (value === null || value === undefined) numbers[row] = Number.NaN
    else if (typeof value === 'bigint') numbers[row] = exactly(value, place)
    else return { type: 'text', cells: Array.from(values, (each) => textOf(each, place, limits)) }
  }
  return { type: 'number', values: numbers }
}

function exactly(value: bigint, place: string): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw invalid(`${place}: ${value} is an integer that a float64 cannot hold exactly`)
}

function textOf(value: unknown, place: string, limits: ReadingLimits): string {
  switch (typeof value) {
    case 'undefined':
      return ''
    case 'string':
      if (value.length <= limits.cellLength) return value
      throw beyond(limits, 'cellLength', `${place}: a text has ${value.length} characters`)
    case 'boolean':
    case 'number':
    case 'bigint':
      return String(value)
    case 'object':
      if (value === null) return ''
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString()
  }
  throw invalid(`${place}: what is neither number, text, boolean nor time cannot be read`)
}

function part(cells: Cells, start: number, end: number): Cells {
  switch (cells.type) {
    case 'number':
      return { type: 'number', values: cells.values.subarray(start, end) }
    case 'text':
      return { type: 'text', cells: cells.cells.slice(start, end) }
    case 'skipped':
      return { type: 'skipped', rows: end - start }
    default:
      return cells satisfies never
  }
}
