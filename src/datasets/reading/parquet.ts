/** Reads Parquet, one row group at a time. */
import { asyncBufferFromFile, type Compressors, type FileMetaData, parquetMetadataAsync } from 'hyparquet'
import { parquetReadColumn } from 'hyparquet/src/read.js'
import { compressors as unpackers } from 'hyparquet-compressors'
import { DatasetError } from '../table.js'
import type { Cells, Piece, ReadOptions, SourceColumn } from './batch.js'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'
import { parquetColumns, withoutDecimals } from './parquet-columns.js'
import { declaredValues } from './parquet-pages.js'
import { toCells } from './parquet-values.js'
import { unpackedCounter } from './unpack.js'

const valuesInBatch = 512 * 1024

/**
 * Reads columns of numbers, booleans (as the texts true and false), texts and times (as ISO 8601).
 * @throws DatasetError when the file is corrupt, has lists or objects, or exceeds a limit
 */
export async function* readParquet(
  path: string,
  name: string,
  limits: ReadingLimits,
  { columns: readings = new Map() }: ReadOptions = {},
): AsyncGenerator<Piece> {
  const file = await asyncBufferFromFile(path)
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof DatasetError || !(error instanceof Error) || 'syscall' in error) throw error
      throw invalid(`${name} cannot be read as Parquet: ${error.message.slice(0, 200)}`)
    }
  }
  const declared = await attempt(() => parquetMetadataAsync(file))
  const columns = parquetColumns(declared, name, limits, readings)
  const metadata = withoutDecimals(declared)
  checkSizes(metadata, columns.length, name, limits)
  const compressors = countingCompressors(unpackedCounter(name, file.byteLength, limits))
  const heads = columns.map(({ path, reading, scale, ...head }): SourceColumn => head)
  yield { type: 'source', source: { columns: heads, warnings: [] } }
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    const rowEnd = rowStart + rows
    const read: Cells[] = []
    for (const column of columns) {
      if (column.reading === 'skip') {
        read.push({ type: 'skipped', rows })
        continue
      }
      const place = `${name}, column ${quoted(column.name)}`
      const declaredCount = await attempt(() => declaredValues(file, group, column.path))
      if (declaredCount > rows) throw invalid(`${place}: ${declaredCount} values for ${rows} rows`)
      const values = await attempt(async () => {
        const utf8 = column.scale === undefined
        const options = { file, metadata, columns: [column.path], rowStart, rowEnd, compressors, utf8 }
        return parquetReadColumn(options)
      })
      if (values.length !== rows) throw invalid(`${place}: ${values.length} values for ${rows} rows`)
      read.push(toCells(values, column, place, limits))
    }
    const step = Math.max(1, Math.floor(valuesInBatch / columns.length))
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step)
      yield {
        type: 'batch',
        batch: { rows: end - start, columns: read.map((cells) => sliceCells(cells, start, end)) },
      }
    }
    rowStart = rowEnd
  }
}

/** Counts the unpacked size that each page declares. The memory limit catches pages that are larger. */
function countingCompressors(count: (bytes: number) => void): Compressors {
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

/** Checks the sizes that the footer declares. They may be wrong, so pages are also counted when unpacked. */
function checkSizes(metadata: FileMetaData, columns: number, name: string, limits: ReadingLimits): void {
  let rows = 0
  let bytes = 0
  for (const group of metadata.row_groups) {
    const groupRows = Number(group.num_rows)
    rows += groupRows
    if (!(groupRows >= 0) || rows > limits.rows)
      throw limitExceeded(limits, 'rows', `${name} has ${rows} rows`)
    for (const column of group.columns) bytes += Number(column.meta_data?.total_uncompressed_size ?? 0)
    const groupBytes = groupRows * columns * 8
    if (groupBytes > limits.memoryBytes / 2) {
      throw limitExceeded(
        limits,
        'memoryBytes',
        `${name} has a row group of ${groupRows} rows, which need ${groupBytes} bytes, more than half of the memory (write smaller row groups)`,
      )
    }
  }
  if (rows === 0) throw invalid(`${name} has no rows`)
  if (bytes > limits.unpackedBytes)
    throw limitExceeded(limits, 'unpackedBytes', `${name} unpacks to ${bytes} bytes`)
}

function sliceCells(cells: Cells, start: number, end: number): Cells {
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
