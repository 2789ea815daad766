/** The columns of a Parquet file, by its schema. */
import type { FileMetaData, SchemaElement } from 'hyparquet'
import type { ColumnReading, SourceColumn } from './batch.js'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'

export interface ParquetColumn extends SourceColumn {
  /** As the file spells it. */
  path: string
  reading: ColumnReading
  /** Digits behind the point of a DECIMAL; undefined for other types. */
  scale: number | undefined
}

/** @throws DatasetError when a column that is not skipped holds lists or objects, or a name is missing or comes twice */
export function columnsOf(
  { schema }: FileMetaData,
  name: string,
  limits: ReadingLimits,
  readings: ReadonlyMap<string, ColumnReading>,
): ParquetColumn[] {
  const count = schema[0]?.num_children ?? 0
  if (count > limits.columns) throw beyond(limits, 'columns', `${name} has ${count} columns`)
  const columns: ParquetColumn[] = []
  const places = new Map<string, number>()
  let next = 1
  while (next < schema.length) {
    const element = schema[next]
    const column = columnOf(element, name, readings)
    const before = places.get(column.name)
    if (before !== undefined) {
      throw invalid(`columns ${before + 1} and ${columns.length + 1} are both called ${quoted(column.name)}`)
    }
    if (column.name === '') throw invalid(`${name}: column ${columns.length + 1} has no name`)
    places.set(column.name, columns.length)
    columns.push(column)
    next += elementsBelow(schema, next)
  }
  if (columns.length === 0 || columns.length !== count)
    throw invalid(`${name} has no columns, or a broken schema`)
  return columns
}

function columnOf(
  element: SchemaElement,
  file: string,
  readings: ReadonlyMap<string, ColumnReading>,
): ParquetColumn {
  const name = element.name.normalize('NFC')
  const reading = readings.get(name) ?? 'infer'
  const isNested = (element.num_children ?? 0) > 0 || element.repetition_type === 'REPEATED'
  if (isNested && reading !== 'skip') {
    throw invalid(
      `${file}, column ${quoted(name)}: lists and objects within a row cannot be read; leave the column out: types=${name}:ignored`,
    )
  }
  const isDecimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL'
  const scale = isDecimal ? (element.scale ?? 0) : undefined
  const suggested = /^__index_level_\d+__$/.test(name) ? ({ suggestedRole: 'feature' } as const) : {}
  return { name, path: element.name, reading, scale, ...suggested }
}

/** Elements of the subtree that begins there, itself included. A schema that lies ends with the file's. */
function elementsBelow(schema: readonly SchemaElement[], place: number): number {
  let open = schema[place]?.num_children ?? 0
  let count = 1
  while (open > 0 && place + count < schema.length) {
    open += (schema[place + count]?.num_children ?? 0) - 1
    count += 1
  }
  return count
}

/** The schema with decimals as the integers or bytes that they are stored as. */
export function withoutDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.converted_type !== 'DECIMAL' && element.logical_type?.type !== 'DECIMAL') return element
    const { converted_type, logical_type, ...rest } = element
    return rest
  })
  return { ...metadata, schema }
}
