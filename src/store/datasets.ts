/** Uploaded and inline datasets: the columns in one row, the values in chunks beside it. */
import { z } from 'zod'
import { columnSchema, type Dataset, targetOf } from '../contract/dataset.js'
import type { DatasetStore, NewDataset } from '../training/ports.js'
import { cut, join } from './bytes.js'
import type { Database, Prisma } from './database.js'
import type { Dataset as DatasetRow } from './generated/client.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'

export function datasetStore(database: Database): DatasetStore {
  return {
    async create(dataset) {
      return toDataset(await database.$transaction((transaction) => insertDataset(transaction, dataset)))
    },

    async get(id) {
      const row = await database.dataset.findUnique({ where: { id } })
      return row === null ? null : toDataset(row)
    },

    async list({ limit, after }) {
      const position = await behind(after, (id) =>
        database.dataset.findUnique({ where: { id }, select: placeInList }),
      )
      const rows = await database.dataset.findMany({
        where: { ...position, origin: 'uploaded' },
        orderBy: [...newestFirst],
        take: limit + 1,
      })
      return toPage(rows, { limit }, toDataset)
    },

    async values(id) {
      const chunks = await database.datasetChunk.findMany({
        where: { datasetId: id },
        orderBy: { index: 'asc' },
      })
      return chunks.length === 0 ? null : new Float64Array(join(chunks).buffer)
    },
  }
}

export async function insertDataset(
  client: Prisma.TransactionClient,
  dataset: NewDataset,
): Promise<DatasetRow> {
  const { values, ...rest } = dataset
  const row = await client.dataset.create({ data: { ...rest, bytes: values.byteLength } })
  for (const chunk of cut(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))) {
    await client.datasetChunk.create({ data: { datasetId: dataset.id, ...chunk } })
  }
  return row
}

function toDataset(row: DatasetRow): Dataset {
  const columns = z.array(columnSchema).parse(row.columns)
  return {
    id: row.id,
    object: 'dataset',
    name: row.name,
    origin: row.origin === 'inline' ? 'inline' : 'uploaded',
    rows: row.rows,
    columns,
    ...targetOf(columns),
    bytes: row.bytes,
    createdAt: row.createdAt.toISOString(),
  }
}
