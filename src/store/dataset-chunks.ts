/**
 * Reads the chunks of a dataset. Each has a checksum in its row, which every reader compares. The chunks must be
 * consecutive, and their headers must match their rows, so that missing rows are never read as an end or as zeros.
 */
import { crc32 } from 'node:zlib'
import { Problem } from '../contract/problems.js'
import { PackedRows } from '../datasets/packed-rows.js'
import { copiedStatement, readCopied } from './copied-rows.js'
import { type Database, isDamageReport } from './database.js'
import { type ObjectStore, readAll } from './object-store.js'

/** $1 dataset, $2 first row, $3 number of rows. */
const chunksStatement = copiedStatement(
  'datasetChunks',
  { index: 'int4', firstRow: 'int4', rows: 'int4', bytes: 'bytea?', object: 'text?', checksum: 'int4?' },
  `SELECT index, "firstRow", rows, bytes, object, checksum FROM "DatasetChunk"
    WHERE "datasetId" = $1 AND "firstRow" < $2::int8 + $3::int8 AND "firstRow"::int8 + rows > $2::int8 ORDER BY index`,
)

type DatasetChunk = Awaited<ReturnType<typeof findDatasetChunks>>[number]

/** The dataset that is read: its rows in all, and its number of columns. */
interface Shape {
  id: string
  rows: number
  columns: number
}

/**
 * CRC-32 of the bytes, continued from the number of their first row, as the signed integer that its column has. It finds
 * accidental damage, also of that number, and costs a fraction of SHA-256.
 */
export function computeChecksum({ firstRow }: Pick<DatasetChunk, 'firstRow'>, bytes: Uint8Array): number {
  return crc32(bytes, firstRow) | 0
}

/**
 * The chunks that contain the rows `first` … `first + count` − 1.
 * @throws Problem `integrity` if PostgreSQL reports that they are damaged
 */
export async function findDatasetChunks(
  { pool }: Pick<Database, 'pool'>,
  id: string,
  first: number,
  count: number,
) {
  try {
    return await readCopied(pool, chunksStatement, [id, first, count])
  } catch (error) {
    throw isDamageReport(error) ? damaged(id, 'PostgreSQL reports damaged pages') : error
  }
}

/**
 * The contents of chunks that contain the rows `first` … `end` − 1, in order.
 * @throws ObjectStoreError, or Problem `integrity` if a chunk is missing, truncated or otherwise damaged
 */
export async function readDatasetChunks(
  objects: ObjectStore | null,
  shape: Shape,
  chunks: readonly DatasetChunk[],
  { first, end }: { first: number; end: number },
): Promise<Uint8Array[]> {
  checkPlaces(shape, chunks, { first, end })
  const contents = await readAll(objects, chunks)
  for (const [index, bytes] of contents.entries()) {
    checkChecksum(shape.id, chunks[index], bytes)
    checkHeader(shape, chunks[index], bytes)
  }
  return contents
}

/** Accepts a chunk without a checksum, which an earlier release stored. @throws Problem `integrity` */
export function checkChecksum(
  datasetId: string,
  { index, firstRow, checksum }: Pick<DatasetChunk, 'index' | 'firstRow' | 'checksum'>,
  bytes: Uint8Array,
): void {
  if (checksum === null || checksum === computeChecksum({ firstRow }, bytes)) return
  throw damaged(datasetId, `chunk ${index} does not match its checksum`)
}

function checkPlaces(
  { id, rows: total }: Shape,
  chunks: readonly DatasetChunk[],
  { first, end }: { first: number; end: number },
): void {
  let next = Math.min(first, chunks[0]?.firstRow ?? first)
  for (const { index, firstRow, rows } of chunks) {
    if (firstRow !== next) throw damaged(id, `chunk ${index} begins at row ${firstRow} instead of ${next}`)
    next += rows
  }
  if (next < end) throw damaged(id, `row ${next} is missing`)
  if (next > total && chunks.length > 0)
    throw damaged(id, `it has ${total} rows, and its chunks have ${next}`)
}

function checkHeader(
  { id, columns }: Shape,
  { index, rows }: Pick<DatasetChunk, 'index' | 'rows'>,
  bytes: Uint8Array,
): void {
  const packed = openRows(id, index, bytes)
  if (packed.rows === rows && packed.columns === columns) return
  const found = `${packed.rows} rows of ${packed.columns} columns`
  throw damaged(id, `chunk ${index} has ${found} instead of ${rows} rows of ${columns} columns`)
}

function openRows(id: string, index: number, bytes: Uint8Array): PackedRows {
  try {
    return new PackedRows(bytes)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw damaged(id, `chunk ${index} cannot be read (${error.message})`)
  }
}

const damaged = (id: string, what: string) =>
  new Problem(
    'integrity',
    `Dataset ${id} is damaged: ${what}. Restore the database from a backup, or upload the dataset again.`,
  )
