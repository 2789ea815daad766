/** Uploaded and inline datasets: a row each, and their rows packed in chunks. */
import { z } from 'zod'
import {
  type Dataset,
  type DatasetWarning,
  datasetWarningSchema,
  findTarget,
  imageSchema,
  inputWidth,
  type StoredColumn,
  scalingSchema,
  storedColumnSchema,
} from '../contract/dataset.js'
import { finishedStatuses } from '../contract/job.js'
import type { AllDatasets, NewDataset } from '../training/ports/datasets.js'
import { type Database, Prisma } from './database.js'
import type { Dataset as DatasetRow } from './generated/client.js'
import { afterCursor, cursorColumns, fitPage, newestFirst, toPage } from './pages.js'
import { idRow, noRow, query, statement } from './statements.js'
import { enforceLimits, lockLimits, unlimited } from './tenant-limits.js'

/** An upload is one transaction, which lasts until the file is read. */
const uploadMilliseconds = 900_000

/** The stored sizes of columns and warnings; $1 ids. */
const sizesStatement = statement(
  'datasetSizes',
  z.strictObject({ id: z.string(), bytes: z.int() }),
  `SELECT id, pg_column_size(columns) + pg_column_size(warnings) AS bytes FROM "Dataset"
    WHERE id = ANY($1::text[]) ORDER BY "createdAt" DESC, id DESC`,
)

/** $1 dataset, $2 first row, $3 number of rows. */
const chunksStatement = statement(
  'datasetChunks',
  z.strictObject({ firstRow: z.int(), bytes: z.instanceof(Uint8Array) }),
  `SELECT "firstRow", bytes FROM "DatasetChunk"
    WHERE "datasetId" = $1 AND "firstRow" < $2::int8 + $3::int8 AND "firstRow" + rows > $2::int8 ORDER BY index`,
)

const lockStatement = statement(
  'lockDataset',
  idRow,
  'SELECT id FROM "Dataset" WHERE id = $1 AND "tenantId" = $2 FOR UPDATE',
)

const columnsStatement = statement(
  'setDatasetColumns',
  noRow,
  'UPDATE "Dataset" SET columns = $2::jsonb, warnings = $3::jsonb WHERE id = $1',
)

export function datasetStore(database: Database, settings = unlimited): AllDatasets {
  async function find(where: { id: string; tenantId?: string }): Promise<Dataset | null> {
    const row = await database.dataset.findUnique({ where })
    return row === null ? null : toDataset(row)
  }

  return {
    of: (tenantId) => ({
      async create(dataset) {
        const insert = async (transaction: Prisma.TransactionClient) => {
          const stored = await insertDataset(transaction, tenantId, dataset)
          await enforceLimits(transaction, tenantId, settings, ['storedBytes'])
          return stored
        }
        return database.inTransaction(tenantId, insert, { timeout: uploadMilliseconds })
      },

      get: (id) => find({ id, tenantId }),

      async list({ limit, after }) {
        const position = await afterCursor(after, (id) =>
          database.dataset.findUnique({ where: { id, tenantId }, select: cursorColumns }),
        )
        const order = { orderBy: [...newestFirst], take: limit + 1 }
        const places = await database.dataset.findMany({
          where: { ...position, tenantId, origin: 'uploaded' },
          select: { id: true },
          ...order,
        })
        const ids = places.map(({ id }) => id)
        const weights = await query(database, sizesStatement, [ids])
        // One more than the limit shows that more follow.
        const shown = Math.min(limit, fitPage(weights).length)
        const rows = await database.dataset.findMany({
          where: { id: { in: ids.slice(0, shown) }, tenantId },
          ...order,
        })
        return { ...toPage(rows, { limit: shown }, toDataset), hasMore: ids.length > shown }
      },

      async rows(id, first, count) {
        const row = await database.dataset.findUnique({
          where: { id, tenantId },
          select: { columns: true, rows: true },
        })
        if (row === null) return null
        const chunks = await query(database, chunksStatement, [id, first, count])
        return {
          columns: parseColumns(row.columns),
          rows: row.rows,
          first: chunks[0]?.firstRow ?? 0,
          chunks: chunks.map((chunk) => chunk.bytes),
        }
      },

      async delete(id) {
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
          await transaction.dataset.delete({ where: { id } })
          return 'deleted'
        })
      },
    }),

    get: (id) => find({ id }),

    async table(id) {
      const row = await database.dataset.findUnique({
        where: { id },
        select: { columns: true, rows: true, chunks: { select: { bytes: true }, orderBy: { index: 'asc' } } },
      })
      if (row === null) return null
      const { columns, rows, chunks } = row
      return { columns: parseColumns(columns), rows, chunks: chunks.map((chunk) => chunk.bytes) }
    },
  }
}

/**
 * Stores the chunks as they arrive, then the description. Locks the limits of the tenant until the
 * transaction ends.
 */
export async function insertDataset(
  client: Prisma.TransactionClient,
  tenantId: string,
  { pieces, ...head }: NewDataset,
): Promise<Dataset> {
  const { id } = head
  await client.dataset.create({ data: { ...head, tenantId, columns: [], rows: 0, bytes: 0 } })
  let index = 0
  let firstRow = 0
  let stored = 0
  for await (const piece of pieces) {
    if (piece.type === 'rows') {
      const { rows, bytes } = piece
      await client.datasetChunk.create({ data: { datasetId: id, index, firstRow, rows, bytes } })
      index += 1
      firstRow += rows
      stored += bytes.length
    } else {
      const { inputShape, image, columns, warnings, ...rest } = piece.dataset
      // Locked late, because the rows of an upload take minutes to arrive.
      await lockLimits(client, tenantId)
      // As text, because Prisma would copy every field of every column.
      await query(client, columnsStatement, [id, JSON.stringify(columns), JSON.stringify(warnings)])
      const row = await client.dataset.update({
        where: { id },
        data: { ...rest, inputShape: inputShape ?? [], image: image ?? Prisma.DbNull, bytes: stored },
        omit: { columns: true, warnings: true },
      })
      return describe(row, { columns, warnings })
    }
  }
  throw new Error(`the rows of dataset ${id} ended without a description`)
}

/** The bytes that the rows would take. Consumes them. */
export async function countBytes({ pieces }: NewDataset): Promise<number> {
  let bytes = 0
  for await (const piece of pieces) if (piece.type === 'rows') bytes += piece.bytes.length
  return bytes
}

const parseColumns = (columns: unknown) => z.array(storedColumnSchema).parse(columns)

function toDataset(row: DatasetRow): Dataset {
  const warnings = z.array(datasetWarningSchema).parse(row.warnings)
  return describe(row, { columns: parseColumns(row.columns), warnings })
}

function describe(
  row: Omit<DatasetRow, 'columns' | 'warnings'>,
  { columns: stored, warnings }: { columns: readonly StoredColumn[]; warnings: DatasetWarning[] },
): Dataset {
  const columns = stored.map(({ codes, ...column }) => column)
  return {
    id: row.id,
    object: 'dataset',
    name: row.name,
    origin: row.origin === 'inline' ? 'inline' : 'uploaded',
    rows: row.rows,
    columns,
    ...findTarget(columns),
    inputShape: row.inputShape.length > 0 ? row.inputShape : [inputWidth(columns)],
    image: imageSchema.nullable().parse(row.image),
    scaling: scalingSchema.parse(row.scaling),
    droppedRows: row.droppedRows,
    warnings,
    bytes: row.bytes,
    createdAt: row.createdAt.toISOString(),
  }
}
