/** Trained models. Lists never touch the weights; whoever reads weights gets them checked against their hash. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Metrics } from '../contract/epoch.js'
import { evaluationSchema } from '../contract/evaluation.js'
import { isFinished, jobStatusSchema } from '../contract/job.js'
import { tensorSchema } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { AllModels, NewModel } from '../training/ports.js'
import { cut, join } from './bytes.js'
import { type Database, Prisma } from './database.js'
import type { Model as StoredModel } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { KnownModels } from './known-models.js'
import { toModel } from './model-rows.js'
import { behind, fittingOn, newestFirst, placeInList, toPage } from './pages.js'
import { keepLimits, lockLimits, unlimited } from './tenant-limits.js'
import { keepHeader } from './weight-snapshots.js'

/** Only who looks at one model reads what may be large. */
const omit = { evaluation: true } as const

export function modelStore(database: Database, settings = unlimited): AllModels {
  const known = new KnownModels(database)

  return {
    of: (tenantId) => ({
      async create(model, once) {
        return createOnce(database, once, async (client) => {
          await lockLimits(client, tenantId)
          const row = await insertModel(client, tenantId, model)
          await keepLimits(client, tenantId, settings, ['storedBytes'])
          return toModel(row)
        })
      },

      get: (id) => known.find(id, tenantId),

      async getEvaluated(id) {
        const row = await database.model.findUnique({ where: { id, tenantId } })
        if (row === null) return null
        return { ...toModel(row), evaluation: evaluationSchema.nullable().parse(row.evaluation) }
      },

      async list({ limit, after }) {
        const position = await behind(after, (id) =>
          database.model.findUnique({ where: { id, tenantId }, select: placeInList }),
        )
        const order = { orderBy: [...newestFirst], take: limit + 1 }
        const places = await database.model.findMany({
          where: { ...position, tenantId },
          select: { id: true },
          ...order,
        })
        const ids = places.map(({ id }) => id)
        const weights = await database.$queryRaw<{ id: string; bytes: number }[]>`
          SELECT id, pg_column_size(coding) + pg_column_size(network) + pg_column_size(layers) AS bytes FROM "Model"
          WHERE id = ANY(${ids}) ORDER BY "createdAt" DESC, id DESC`
        // One more than is shown tells that more follow.
        const shown = Math.min(limit, fittingOn(weights).length)
        const rows = await database.model.findMany({
          where: { id: { in: ids.slice(0, shown) }, tenantId },
          omit,
          ...order,
        })
        return { ...toPage(rows, { limit: shown }, toModel), hasMore: ids.length > shown }
      },

      async tensors(id) {
        const row = await database.model.findUnique({ where: { id, tenantId }, select: { tensors: true } })
        return row === null ? null : z.array(tensorSchema).parse(row.tensors)
      },

      async setThreshold(id, threshold) {
        const { count } = await database.model.updateMany({ where: { id, tenantId }, data: { threshold } })
        return count === 0 ? null : known.find(id, tenantId)
      },

      async delete(id) {
        const outcome = await database.$transaction(async (transaction) => {
          // Locked first: a job that is being created holds the row, and is seen by the statement behind this one.
          const [found] = await transaction.$queryRaw<{ jobId: string | null }[]>`
            SELECT "jobId" FROM "Model" WHERE id = ${id} AND "tenantId" = ${tenantId} FOR UPDATE`
          if (found === undefined) return 'missing'
          const using = await transaction.job.count({
            where: {
              tenantId,
              status: { notIn: jobStatusSchema.options.filter(isFinished) },
              spec: { path: ['from'], equals: id },
            },
          })
          if (using > 0) return 'used'
          if (found.jobId !== null) await keepHeader(transaction, found.jobId)
          await transaction.model.delete({ where: { id } })
          return 'deleted'
        })
        if (outcome === 'deleted') known.gone(id)
        return outcome
      },
    }),

    get: (id) => known.find(id),

    ask: (id) => known.ask(id),

    onGone: (listener) => known.onGone(listener),

    async weights(id) {
      const row = await database.model.findUnique({
        where: { id },
        select: { tensors: true, weightSha256: true, weightChunks: { orderBy: { index: 'asc' } } },
      })
      if (row === null) return null
      const bytes = join(row.weightChunks)
      if (createHash('sha256').update(bytes).digest('hex') !== row.weightSha256) {
        // Deleted while its chunks were read.
        if ((await known.find(id)) === null) return null
        throw new Problem('integrity', `The stored weights of model ${id} do not match their hash.`)
      }
      return { tensors: z.array(tensorSchema).parse(row.tensors), bytes }
    },

    async *weightChunks(modelId, first = 0) {
      for (let index = first; ; index++) {
        const chunk = await database.weightChunk.findUnique({ where: { modelId_index: { modelId, index } } })
        if (chunk === null) return
        yield chunk.bytes
      }
    },
  }
}

/** With its weights; `origin` is the job that trained it, the epoch whose weights these are, and its metrics. */
export async function insertModel(
  client: Prisma.TransactionClient,
  tenantId: string,
  model: NewModel,
  origin?: { jobId: string; epoch: number } & Metrics,
): Promise<StoredModel> {
  const { weights, evaluation, ...rest } = model
  const row = await client.model.create({
    data: {
      ...rest,
      tenantId,
      jobId: origin?.jobId,
      epoch: origin?.epoch,
      finalLoss: origin?.loss,
      finalAccuracy: origin?.accuracy,
      finalValLoss: origin?.valLoss,
      finalValAccuracy: origin?.valAccuracy,
      weightBytes: weights.length,
      weightSha256: createHash('sha256').update(weights).digest('hex'),
      evaluation: evaluation ?? Prisma.DbNull,
    },
  })
  for (const chunk of cut(weights)) {
    await client.weightChunk.create({ data: { modelId: model.id, ...chunk } })
  }
  return row
}
