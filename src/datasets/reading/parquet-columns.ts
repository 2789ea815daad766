/** Reads the columns of a Parquet file from its schema. */
import type { FileMetaData, SchemaElement } from 'hyparquet'
import type { ColumnReading, SourceColumn } from './batch.js'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'

export interface ParquetColumn extends SourceColumn {
  /** The name as in the file, not normalized. */
  path: string
  reading: ColumnReading
  /** Decimal places of a DECIMAL. Undefined for other types. */
  scale: number | undefined
}

/**
 * @throws DatasetError for a column of lists or objects that is not skipped, and for a missing or repeated
 *   name
 */
export function parquetColumns(
  { schema }: FileMetaData,
  name: string,
  limits: ReadingLimits,
  readings: ReadonlyMap<string, ColumnReading>,
): ParquetColumn[] {
  const count = schema[0]?.num_children ?? 0
  if (count > limits.columns) throw limitExceeded(limits, 'columns', `${name} has ${count} columns`)
  const columns: ParquetColumn[] = []
  const positions = new Map<string, number>()
  let next = 1
  while (next < schema.length) {
    const element = schema[next]
    const column = readColumn(element, name, readings)
    const other = positions.get(column.name)
    if (other !== undefined) {
      const numbers = `${other + 1} and ${columns.length + 1}`
      throw invalid(`columns ${numbers} have the same name ${quoted(column.name)}`)
    }
    if (column.name === '') throw invalid(`${name}: column ${columns.length + 1} has no name`)
    positions.set(column.name, columns.length)
    columns.push(column)
    next += subtreeSize(schema, next)
  }
  if (columns.length === 0 || columns.length !== count)
    throw invalid(`${name} has no columns, or an invalid schema`)
  return columns
}

function readColumn(
  element: SchemaElement,
  file: string,
  readings: ReadonlyMap<string, ColumnReading>,
): ParquetColumn {
  const name = element.name.normalize('NFC')
  const reading = readings.get(name) ?? 'infer'
  const isNested = (element.num_children ?? 0) > 0 || element.repetition_type === 'REPEATED'
  if (isNested && reading !== 'skip') {
    throw invalid(
      `${file}, column ${quoted(name)}: lists and objects in a row are not supported; to ignore the column: types=${name}:ignored`,
    )
  }
  const isDecimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL'
  const scale = isDecimal ? (element.scale ?? 0) : undefined
  const suggested = /^__index_level_\d+__$/.test(name) ? ({ suggestedRole: 'feature' } as const) : {}
  return { name, path: element.name, reading, scale, ...suggested }
}

/** The number of elements of a subtree, including its root. An invalid subtree ends with the schema. */
function subtreeSize(schema: readonly SchemaElement[], index: number): number {
  let open = schema[index]?.num_children ?? 0
  let count = 1
  while (open > 0 && index + count < schema.length) {
    open += (schema[index + count]?.num_children ?? 0) - 1
    count += 1
  }
  return count
}

/** The schema with decimals as their stored integers or bytes. */
export function withoutDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.converted_type !== 'DECIMAL' && element.logical_type?.type !== 'DECIMAL') return element
    const { converted_type, logical_type, ...rest } = element
    return rest
  })
  return { ...metadata, schema }
}
