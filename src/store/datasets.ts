/** Uploaded and inline datasets: a row each, and their rows packed in chunks. */
import { z } from 'zod'
import { ContentHash } from '../base/content-hash.js'
import {
  type Dataset,
  datasetWarningSchema,
  findTarget,
  imageSchema,
  inputWidth,
  scalingSchema,
  storedColumnSchema,
} from '../contract/dataset.js'
import { finishedStatuses } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import type { AllDatasets, NewDataset, Prepared, TableSlice } from '../training/ports/datasets.js'
import { audit } from './audit.js'
import type { Database } from './database.js'
import { computeChecksum, findDatasetChunks, readDatasetChunks } from './dataset-chunks.js'
import { WrittenObjects } from './deleted-objects.js'
import { type Chunk, type ObjectStore, place } from './object-store.js'
import { afterCursor, cursorColumns, fitPage, newestFirst, toPage } from './pages.js'
import { type Connection, idRow, noRow, query, send, statement } from './statements.js'
import { enforceLimits, lockLimits, unlimited } from './tenant-limits.js'

const storedColumns = z.array(storedColumnSchema)

/** Checked by tests only, because parsing 10,000 columns would block the event loop. */
const datasetRow = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  origin: z.enum(['uploaded', 'inline']),
  columns: storedColumns,
  rows: z.int(),
  droppedRows: z.int(),
  inputShape: z.array(z.int()),
  image: imageSchema.nullable(),
  scaling: scalingSchema,
  warnings: z.array(datasetWarningSchema),
  bytes: z.number(),
  sha256: z.string().nullable(),
  createdAt: z.date(),
})
type DatasetRow = z.infer<typeof datasetRow>

/** $1 ids, $2 tenant; null for any. */
const readStatement = statement(
  'readDatasets',
  datasetRow,
  `SELECT id, name, origin, columns, rows, "droppedRows", "inputShape", image, scaling, warnings, bytes, sha256, "createdAt"
    FROM "Dataset" WHERE id = ANY($1::text[]) AND ($2::text IS NULL OR "tenantId" = $2)
    ORDER BY "createdAt" DESC, id DESC`,
)

/** $1 id, $2 tenant; null for any. */
const shapeStatement = statement(
  'datasetShape',
  z.strictObject({ columns: storedColumns, rows: z.int() }),
  'SELECT columns, rows FROM "Dataset" WHERE id = $1 AND ($2::text IS NULL OR "tenantId" = $2)',
)

/** The stored sizes of columns and warnings; $1 ids. */
const sizesStatement = statement(
  'datasetSizes',
  z.strictObject({ id: z.string(), bytes: z.int() }),
  `SELECT id, pg_column_size(columns) + pg_column_size(warnings) AS bytes FROM "Dataset"
    WHERE id = ANY($1::text[]) ORDER BY "createdAt" DESC, id DESC`,
)

/** Its rows and description come later. */
const insertStatement = statement(
  'insertDataset',
  noRow,
  `INSERT INTO "Dataset" (id, "tenantId", name, origin, scaling, columns, rows, bytes)
    VALUES ($1, $2, $3, $4, $5, '[]', 0, 0)`,
)

const insertChunkStatement = statement(
  'insertDatasetChunk',
  noRow,
  `INSERT INTO "DatasetChunk" ("datasetId", index, "firstRow", rows, bytes, object, checksum)
    VALUES ($1, $2::int, $3::int, $4::int, $5::bytea, $6, $7::int)`,
)

const lockStatement = statement(
  'lockDataset',
  idRow,
  'SELECT id FROM "Dataset" WHERE id = $1 AND "tenantId" = $2 FOR UPDATE',
)

const describeStatement = statement(
  'describeDataset',
  z.strictObject({ createdAt: z.date() }),
  `UPDATE "Dataset" SET columns = $2::jsonb, warnings = $3::jsonb, rows = $4::int, "droppedRows" = $5::int,
      "inputShape" = $6::int[], image = $7::jsonb, bytes = $8::float8, sha256 = $9
    WHERE id = $1 RETURNING "createdAt"`,
)

export function datasetStore(database: Database, settings = unlimited): AllDatasets {
  async function find(id: string, tenantId: string | null): Promise<Dataset | null> {
    const [row] = await send(database.pool, readStatement, [[id], tenantId])
    return row === undefined ? null : describe(row)
  }

  /** @throws Problem `integrity` if a chunk is missing or damaged */
  async function readRows(id: string, tenantId: string | null, range: RowRange): Promise<TableSlice | null> {
    const [shape] = await send(database.pool, shapeStatement, [id, tenantId])
    if (shape === undefined) return null
    const { columns, rows } = shape
    const { first, end } = { first: range.first, end: Math.min(range.end, rows) }
    try {
      const found = await findDatasetChunks(database, id, first, Math.max(0, end - first))
      const size = { id, rows, columns: columns.length }
      const chunks = await readDatasetChunks(database.objects, size, found, { first, end })
      return { ...shape, first: found[0]?.firstRow ?? 0, chunks }
    } catch (error) {
      // The dataset may have been deleted meanwhile.
      const isDamage = error instanceof Problem && error.code === 'integrity'
      if (isDamage && (await database.dataset.count({ where: { id } })) === 0) return null
      throw error
    }
  }

  return {
    of: (tenantId) => ({
      async create(dataset) {
        const written = new WrittenObjects(database.pool)
        const insert = async (client: Connection) => {
          const store = { objects: database.objects, onWritten: written.add }
          const stored = await insertDataset(client, tenantId, dataset, store)
          await enforceLimits(client, tenantId, settings, ['storedBytes'])
          return stored
        }
        try {
          return await database.onConnection(tenantId, insert)
        } catch (error) {
          await written.discard()
          throw error
        }
      },

      get: (id) => find(id, tenantId),

      async list({ limit, after }) {
        const position = await afterCursor(after, (id) =>
          database.dataset.findUnique({ where: { id, tenantId }, select: cursorColumns }),
        )
        const places = await database.dataset.findMany({
          where: { ...position, tenantId, origin: 'uploaded' },
          select: { id: true },
          orderBy: [...newestFirst],
          take: limit + 1,
        })
        const ids = places.map(({ id }) => id)
        const weights = await query(database, sizesStatement, [ids])
        // One more than the limit shows that more follow.
        const shown = Math.min(limit, fitPage(weights).length)
        const rows = await send(database.pool, readStatement, [ids.slice(0, shown), tenantId])
        return { ...toPage(rows, { limit: shown }, describe), hasMore: ids.length > shown }
      },

      rows: (id, first, count) => readRows(id, tenantId, { first, end: first + count }),

      async delete(id, actor = null) {
        return database.inTransaction(tenantId, async (transaction) => {
          // Locks the row first: a job that is being created holds it, and the next statement then counts the
          // job.
          const [found] = await query(transaction, lockStatement, [id, tenantId])
          if (found === undefined) return 'missing'
          const using = await transaction.job.count({
            where: {
              OR: [{ datasetId: id }, { validationDatasetId: id }],
              status: { notIn: finishedStatuses },
            },
          })
          if (using > 0) return 'used'
          const { rows, bytes } = await transaction.dataset.delete({
            where: { id },
            select: { rows: true, bytes: true },
          })
          const details = { rows, bytes }
          await audit(transaction, actor, { action: 'dataset.deleted', tenantId, target: id, details })
          return 'deleted'
        })
      },
    }),

    get: (id) => find(id, null),

    table: (id) => readRows(id, null, { first: 0, end: Number.POSITIVE_INFINITY }),
  }
}

/** The rows `first` … `end` − 1. Those after the last row of the dataset are ignored. */
interface RowRange {
  first: number
  end: number
}

/** Where the chunks of a dataset are written. Without it, to their rows. */
interface ChunkStore {
  objects: ObjectStore | null
  onWritten(key: string): void
}

/**
 * Stores the chunks as they arrive, then the description. Locks the limits of the tenant until the
 * transaction ends.
 */
export async function insertDataset(
  client: Connection,
  tenantId: string,
  { pieces, ...head }: NewDataset,
  { objects, onWritten }: ChunkStore = { objects: null, onWritten() {} },
): Promise<Dataset> {
  const { id } = head
  await send(client, insertStatement, [id, tenantId, head.name, head.origin, head.scaling])
  const read = new ReadPieces(pieces)
  for await (const { chunk, bytes, object } of place(objects, `datasets/${id}`, read.chunks(), onWritten)) {
    const { index, firstRow, rows } = chunk
    const checksum = computeChecksum(chunk, chunk.bytes)
    await send(client, insertChunkStatement, [id, index, firstRow, rows, bytes, object, checksum])
  }
  const { dataset } = read
  if (dataset === null) throw new Error(`the rows of dataset ${id} ended without a description`)
  const { inputShape, image, columns, warnings, ...rest } = dataset
  // Locked late, because the rows of an upload take minutes to arrive.
  await lockLimits(client, tenantId)
  const stored = { inputShape: inputShape ?? [], bytes: read.bytes, sha256: read.hash.end(dataset) }
  const [{ createdAt }] = await send(client, describeStatement, [
    id,
    JSON.stringify(columns),
    JSON.stringify(warnings),
    rest.rows,
    rest.droppedRows,
    stored.inputShape,
    image && JSON.stringify(image),
    stored.bytes,
    stored.sha256,
  ])
  return describe({ ...head, ...rest, ...stored, columns, warnings, image, createdAt })
}

/** The pieces of a new dataset as chunks. The description comes last. */
class ReadPieces {
  readonly hash = new ContentHash()
  bytes = 0
  dataset: Extract<Prepared, { type: 'end' }>['dataset'] | null = null

  constructor(private readonly pieces: NewDataset['pieces']) {}

  async *chunks(): AsyncGenerator<Chunk & { firstRow: number; rows: number }> {
    let index = 0
    let firstRow = 0
    for await (const piece of this.pieces) {
      if (piece.type === 'end') {
        this.dataset = piece.dataset
        return
      }
      const { rows, bytes } = piece
      this.hash.addRows(bytes)
      this.bytes += bytes.length
      yield { index, firstRow, rows, bytes }
      index += 1
      firstRow += rows
    }
  }
}

/** The bytes that the rows would take. Consumes them. */
export async function countBytes({ pieces }: NewDataset): Promise<number> {
  let bytes = 0
  for await (const piece of pieces) if (piece.type === 'rows') bytes += piece.bytes.length
  return bytes
}

function describe(row: DatasetRow): Dataset {
  const columns = row.columns.map(({ codes, ...column }) => column)
  return {
    id: row.id,
    object: 'dataset',
    name: row.name,
    origin: row.origin,
    rows: row.rows,
    columns,
    ...findTarget(columns),
    inputShape: row.inputShape.length > 0 ? row.inputShape : [inputWidth(columns)],
    image: row.image,
    scaling: row.scaling,
    droppedRows: row.droppedRows,
    warnings: row.warnings,
    bytes: row.bytes,
    sha256: row.sha256,
    createdAt: row.createdAt.toISOString(),
  }
}
