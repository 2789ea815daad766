/**
 * Moves stored chunks to the object store, or back to PostgreSQL, while the service may be running. Gives chunks of
 * datasets a checksum if they have none.
 */
import { z } from 'zod'
import type { Database } from './database.js'
import { checkChecksum, computeChecksum } from './dataset-chunks.js'
import { WrittenObjects } from './deleted-objects.js'
import {
  minimumObjectBytes,
  missingObject,
  type ObjectFolder,
  type ObjectStore,
  requestsAtOnce,
} from './object-store.js'
import { type Connection, send, statement } from './statements.js'

interface MovedChunks {
  chunks: number
  bytes: number
}

const placeRow = z.strictObject({ owner: z.string(), sequence: z.int(), index: z.int() })
type Place = z.infer<typeof placeRow>
const indexRow = z.strictObject({ index: z.int() })

/** Before all rows. */
const beginning: Place = { owner: '', sequence: -1, index: -1 }

/** `firstRow` is 0, and `checksum` null, unless the chunk is that of a dataset. */
const storedRow = placeRow.extend({ firstRow: z.int(), checksum: z.int().nullable() })

/**
 * Statements on one table of chunks. $1 owner, $2 sequence, $3 index: the row, or the row to begin after. If the table has
 * checksums, the last parameter of a move is that of the chunk.
 */
function chunkTable(name: string, owner: string, { hasSequence = false, hasChecksum = false }) {
  const sequence = hasSequence ? 'sequence' : '0'
  const columns = hasSequence ? `"${owner}", sequence, index` : `"${owner}", index`
  const after = `(${columns}) > (${hasSequence ? '$1, $2::int, $3::int' : '$1, $3::int'}) AND $2::int IS NOT NULL`
  const row = `"${owner}" = $1 AND ${sequence} = $2::int AND index = $3::int`
  const checked = hasChecksum ? '"firstRow", checksum' : '0 AS "firstRow", NULL::int AS checksum'
  const place = `"${owner}" AS owner, ${sequence} AS sequence, index, ${checked}`
  const setChecksum = (parameter: string) => (hasChecksum ? `, checksum = ${parameter}::int` : '')
  const page = `ORDER BY ${columns} LIMIT ${requestsAtOnce}`
  return {
    hasChecksum,
    large: statement(
      `large${name}`,
      storedRow.extend({ bytes: z.instanceof(Uint8Array) }),
      `SELECT ${place}, bytes FROM "${name}"
        WHERE ${after} AND octet_length(bytes) >= ${minimumObjectBytes} ${page}`,
    ),
    moveIn: statement(
      `moveIn${name}`,
      indexRow,
      `UPDATE "${name}" SET bytes = NULL, object = $4${setChecksum('$5')}
        WHERE ${row} AND object IS NULL RETURNING index`,
    ),
    named: statement(
      `named${name}`,
      storedRow.extend({ object: z.string() }),
      `SELECT ${place}, object FROM "${name}" WHERE ${after} AND object IS NOT NULL ${page}`,
    ),
    moveOut: statement(
      `moveOut${name}`,
      indexRow,
      `UPDATE "${name}" SET bytes = $4::bytea, object = NULL${setChecksum('$6')}
        WHERE ${row} AND object = $5 RETURNING index`,
    ),
  }
}

const tables = [
  {
    ...chunkTable('DatasetChunk', 'datasetId', { hasChecksum: true }),
    folder: ({ owner }: Place): ObjectFolder => `datasets/${owner}`,
  },
  {
    ...chunkTable('WeightChunk', 'modelId', {}),
    folder: ({ owner }: Place): ObjectFolder => `weights/${owner}`,
  },
  {
    ...chunkTable('CheckpointChunk', 'jobId', { hasSequence: true }),
    folder: ({ owner, sequence }: Place): ObjectFolder => `checkpoints/${owner}/${sequence}`,
  },
]
type ChunkTable = (typeof tables)[number]

const valuesOf = ({ owner, sequence, index }: Place) => [owner, sequence, index]

/** The last values of a move. @throws Problem `integrity` */
function checksumValues({ hasChecksum }: ChunkTable, row: z.infer<typeof storedRow>, bytes: Uint8Array) {
  if (!hasChecksum) return []
  checkChecksum(row.owner, row, bytes)
  return [row.checksum ?? computeChecksum(row, bytes)]
}

/**
 * Moves all chunks of at least 64 KiB to the object store. May be repeated after an error.
 * @throws Problem `integrity` if the chunk of a dataset does not match its checksum
 */
export async function moveIn({ pool }: Pick<Database, 'pool'>, objects: ObjectStore): Promise<MovedChunks> {
  return moveAll((table, after) => moveInAfter(pool, objects, table, after))
}

async function moveInAfter(pool: Connection, objects: ObjectStore, table: ChunkTable, after: Place) {
  const rows = await send(pool, table.large, valuesOf(after))
  const checksums = rows.map((row) => checksumValues(table, row, row.bytes))
  const written = new WrittenObjects(pool)
  try {
    const bytes = await Promise.all(
      rows.map(async (row, position) => {
        const chunk = { index: row.index, bytes: Uint8Array.from(row.bytes) }
        const key = await objects.put(table.folder(row), chunk)
        written.add(key)
        const moved = await send(pool, table.moveIn, [...valuesOf(row), key, ...checksums[position]])
        if (moved.length === 0) return null
        written.isNamed(key)
        return row.bytes.length
      }),
    )
    return { last: rows.at(-1), bytes }
  } finally {
    await written.discard()
  }
}

/**
 * Moves all chunks to PostgreSQL. The cleanup deletes their objects. May be repeated after an error.
 * @throws Problem `integrity` for a missing or damaged object
 */
export async function moveOut({ pool }: Pick<Database, 'pool'>, objects: ObjectStore): Promise<MovedChunks> {
  return moveAll((table, after) => moveOutAfter(pool, objects, table, after))
}

async function moveOutAfter(pool: Connection, objects: ObjectStore, table: ChunkTable, after: Place) {
  const rows = await send(pool, table.named, valuesOf(after))
  const bytes = await Promise.all(
    rows.map(async (row) => {
      const chunk = await objects.get(row.object)
      if (chunk === null) throw missingObject(objects, row.object)
      const checksum = checksumValues(table, row, chunk)
      const values = [...valuesOf(row), Buffer.from(chunk.buffer), row.object, ...checksum]
      return (await send(pool, table.moveOut, values)).length === 0 ? null : chunk.length
    }),
  )
  return { last: rows.at(-1), bytes }
}

/** @param move moves a few chunks after a place; null stands for a chunk that was deleted meanwhile */
async function moveAll(
  move: (table: ChunkTable, after: Place) => Promise<{ last: Place | undefined; bytes: (number | null)[] }>,
): Promise<MovedChunks> {
  const moved = { chunks: 0, bytes: 0 }
  for (const table of tables) {
    for (let after: Place | undefined = beginning; after !== undefined; ) {
      const { last, bytes } = await move(table, after)
      const sizes = bytes.filter((size) => size !== null)
      moved.chunks += sizes.length
      for (const size of sizes) moved.bytes += size
      after = last
    }
  }
  return moved
}
