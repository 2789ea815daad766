/** Trained models. Lists do not read weights. Readers of weights verify their hash. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fillBuffers } from '../base/fill-buffers.js'
import type { Metrics } from '../contract/epoch.js'
import { evaluationSchema } from '../contract/evaluation.js'
import { finishedStatuses } from '../contract/job-status.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { AllModels, NewModel, OpenWeights } from '../training/ports/models.js'
import { audit } from './audit.js'
import { cut, hashSha256, pieceColumns, pieceOfColumn, readChunks, totalLength } from './bytes.js'
import { copiedStatement, readCopied } from './copied-rows.js'
import type { Database } from './database.js'
import { WrittenObjects } from './deleted-objects.js'
import type { Draft } from './drafts.js'
import { createOnce } from './idempotency.js'
import { changedLabels, hasLabels, listLabelled, namedLike } from './labels.js'
import { ModelCache } from './model-cache.js'
import { type ModelRow, modelColumns, modelRow, readTensors, toModel } from './model-rows.js'
import { place } from './object-store.js'
import { packJson, unpackJson } from './packed-json.js'
import { afterPosition, cursorColumns, findPosition, fitPage, newestFirst, toPage } from './pages.js'
import { type Connection, noRow, query, send, statement } from './statements.js'
import { enforceGrowth, enforceLimits, lockLimits, unlimited } from './tenant-limits.js'
import { copyHeader } from './weight-snapshots.js'

/** Read only for a single model, because they may be large. */
const omit = { evaluation: true, weights: true } as const

/** The stored sizes of descriptions; $1 ids. */
const sizesStatement = statement(
  'modelSizes',
  z.strictObject({ id: z.string(), bytes: z.int() }),
  `SELECT id, pg_column_size(description) AS bytes FROM "Model"
    WHERE id = ANY($1::text[]) ORDER BY "createdAt" DESC, id DESC`,
)

const lockStatement = statement(
  'lockModel',
  z.strictObject({ jobId: z.string().nullable() }),
  'SELECT "jobId" FROM "Model" WHERE id = $1 AND "tenantId" = $2 FOR UPDATE',
)

export function modelStore(database: Database, settings = unlimited): AllModels {
  const cache = new ModelCache(database)

  async function* checkedChunks(id: string, sha256: string): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    for await (const chunk of readWeights(database, id)) {
      hash.update(chunk)
      yield chunk
    }
    if (hash.digest('hex') === sha256) return
    // The model may have been deleted while its chunks were read.
    if ((await cache.find(id)) === null) throw unknownModel(id)
    throw new Problem('integrity', `The stored weights of model ${id} do not match their hash.`)
  }

  async function openWeights(id: string): Promise<OpenWeights | null> {
    const select = { description: true, weightBytes: true, weightSha256: true }
    const row = await database.model.findUnique({ where: { id }, select })
    if (row === null) return null
    return {
      tensors: readTensors(row),
      length: row.weightBytes,
      chunks: checkedChunks(id, row.weightSha256),
    }
  }

  return {
    of: (tenantId) => ({
      async create(model, once) {
        const written = new WrittenObjects(database.pool)
        try {
          // Before the transaction, which holds the limits of the tenant.
          const chunks = await placeAll(database.objects, model, written)
          return await database.onConnection(tenantId, (client) =>
            createOnce(client, once, async () => {
              await lockLimits(client, tenantId)
              const row = await insertModel(client, tenantId, model, { chunks })
              await enforceLimits(client, tenantId, settings, ['storedBytes'])
              return toModel(row)
            }),
          )
        } catch (error) {
          await written.discard()
          throw error
        }
      },

      get: async (reference) => (await cache.resolve(reference, tenantId))?.model ?? null,

      async getEvaluated(reference) {
        const found = await cache.resolve(reference, tenantId)
        if (found === null) return null
        const { id } = found.model
        const row = await database.model.findUnique({ where: { id, tenantId } })
        if (row === null) return null
        return {
          ...toModel(row),
          evaluation: row.evaluation && evaluationSchema.parse(unpackJson(row.evaluation)),
        }
      },

      async list({ limit, after, name, labels }) {
        const position = await findPosition(after, (id) =>
          database.model.findUnique({ where: { id, tenantId }, select: cursorColumns }),
        )
        const order = { orderBy: [...newestFirst], take: limit + 1 }
        const places =
          labels !== undefined && hasLabels(labels)
            ? await listLabelled(database, 'model', {
                tenantId,
                after: position,
                labels,
                name,
                limit: limit + 1,
              })
            : await database.model.findMany({
                where: {
                  AND: [position === null ? {} : afterPosition(position), namedLike(name)],
                  tenantId,
                },
                select: { id: true },
                ...order,
              })
        const ids = places.map(({ id }) => id)
        const weights = await query(database, sizesStatement, [ids])
        // One more than the limit shows that more follow.
        const shown = Math.min(limit, fitPage(weights).length)
        const rows = await database.model.findMany({
          where: { id: { in: ids.slice(0, shown) }, tenantId },
          omit,
          ...order,
        })
        return { ...toPage(rows, { limit: shown }, toModel), hasMore: ids.length > shown }
      },

      async tensors(id) {
        const row = await database.model.findUnique({
          where: { id, tenantId },
          select: { description: true },
        })
        return row === null ? null : readTensors(row)
      },

      async change(id, { threshold, ...labels }) {
        const isThere = await database.inTransaction(tenantId, (client) =>
          enforceGrowth(client, tenantId, settings, async () => {
            const data = await changedLabels(client, 'model', { id, tenantId }, labels)
            if (data === null) return false
            await client.model.update({
              where: { id },
              data: { ...data, ...(threshold === undefined ? {} : { threshold }) },
              select: { id: true },
            })
            return true
          }),
        )
        return isThere ? cache.find(id) : null
      },

      async delete(id, actor = null) {
        const outcome = await database.inTransaction(tenantId, async (transaction) => {
          // Locks the row first: a job that is being created holds it, and the next statement then counts the
          // job.
          const [found] = await query(transaction, lockStatement, [id, tenantId])
          if (found === undefined) return 'missing'
          const alias = await transaction.alias.findFirst({ where: { modelId: id } })
          if (alias !== null) return { type: 'alias', alias: `${alias.name}@${alias.alias}` } as const
          const using = await transaction.job.count({
            where: {
              tenantId,
              status: { notIn: finishedStatuses },
              fromModelId: id,
            },
          })
          if (using > 0) return { type: 'job' } as const
          if (found.jobId !== null) await copyHeader(transaction, found.jobId)
          await transaction.model.delete({ where: { id } })
          const details = { jobId: found.jobId }
          await audit(transaction, actor, { action: 'model.deleted', tenantId, target: id, details })
          return 'deleted'
        })
        if (outcome === 'deleted') cache.gone(id)
        return outcome
      },
    }),

    get: (id) => cache.find(id),

    lookUp: (reference, keyId) => cache.lookUp(reference, keyId),

    onGone: (listener) => cache.onGone(listener),

    async weights(id) {
      const opened = await openWeights(id)
      if (opened === null) return null
      const bytes = new Uint8Array(opened.length)
      try {
        await fillBuffers([bytes], opened.chunks)
      } catch (error) {
        if (error instanceof Problem && error.code === 'not-found') return null
        throw error
      }
      return { tensors: opened.tensors, bytes }
    },

    openWeights,

    weightChunks: (id, offset) => readWeights(database, id, offset),
  }
}

/** $1 model, $2 chunk, $3 offset. */
const chunkStatement = copiedStatement(
  'weightChunk',
  pieceColumns,
  `SELECT ${pieceOfColumn('bytes', '$3')} FROM "WeightChunk" WHERE "modelId" = $1 AND index = $2::int
    UNION ALL SELECT ${pieceOfColumn('weights', '$3', 'NULL')} FROM "Model" WHERE id = $1 AND $2::int = 0 AND weights IS NOT NULL`,
)

const readWeights = (
  { pool, objects }: Pick<Database, 'pool' | 'objects'>,
  modelId: string,
  offset?: number,
) =>
  readChunks(
    objects,
    async (index, skipped) => {
      const [piece] = await readCopied(pool, chunkStatement, [modelId, index, skipped])
      return piece
    },
    offset,
  )

/** $11 to $16 describe the run that trained the model; null without one. */
const insertStatement = statement(
  'insertModel',
  modelRow,
  `INSERT INTO "Model" (id, "tenantId", name, loss, parameters, description, threshold, "weightBytes", "weightSha256",
      evaluation, "jobId", epoch, "finalLoss", "finalAccuracy", "finalValLoss", "finalValAccuracy")
    VALUES ($1, $2, $3, $4, $5::int, $6::bytea, $7::float8, $8::int, $9, $10::bytea, $11, $12::int, $13::float8,
      $14::float8, $15::float8, $16::float8)
    RETURNING ${modelColumns}`,
)

const insertChunkStatement = statement(
  'insertWeightChunk',
  noRow,
  'INSERT INTO "WeightChunk" ("modelId", index, bytes, object) VALUES ($1, $2::int, $3::bytea, $4)',
)

type Origin = { jobId: string; epoch: number; draft: Draft | null } & Metrics

interface WeightRow {
  index: number
  bytes: Uint8Array | null
  object?: string | null
}

/** Writes the objects of a model. Its other chunks stay in memory until their rows are written. */
async function placeAll(
  objects: Database['objects'],
  { id, weights }: NewModel,
  written: WrittenObjects,
): Promise<Iterable<WeightRow>> {
  if (objects === null) return cut(weights)
  const rows: WeightRow[] = []
  for await (const { chunk, bytes, object } of place(objects, `weights/${id}`, cut(weights), written.add)) {
    rows.push({ index: chunk.index, bytes, object })
  }
  return rows
}

/**
 * Stores the model, and its weights unless they are in a draft. `origin` has the job that trained it, the
 * epoch of its weights, and the metrics of that epoch. `chunks` are those of the weights if some are objects.
 */
export async function insertModel(
  client: Connection,
  tenantId: string,
  model: NewModel,
  { origin, chunks = cut(model.weights) }: { origin?: Origin; chunks?: Iterable<WeightRow> },
): Promise<ModelRow> {
  const { id, weights, evaluation, network, layers, coding, tensors } = model
  const [row] = await send(client, insertStatement, [
    ...[id, tenantId, model.name, model.loss, model.parameters],
    packJson({ network, layers, coding, tensors }),
    ...[model.threshold ?? null, totalLength(weights)],
    origin?.draft?.sha256 ?? model.weightSha256 ?? hashSha256(weights),
    evaluation && packJson(evaluation),
    ...[origin?.jobId, origin?.epoch, origin?.loss, origin?.accuracy, origin?.valLoss, origin?.valAccuracy],
  ])
  if (origin?.draft != null) return row
  for (const { index, bytes, object } of chunks)
    await send(client, insertChunkStatement, [id, index, bytes, object])
  return row
}
