/** Trained models. Lists never touch the weights; whoever reads weights gets them checked against their hash. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { codingSchema } from '../contract/dataset.js'
import type { Metrics } from '../contract/epoch.js'
import { evaluationSchema } from '../contract/evaluation.js'
import { isFinished, jobStatusSchema } from '../contract/job.js'
import { hasThreshold, layerSummarySchema, type Model, tensorSchema } from '../contract/model.js'
import { lossSchema, networkSchema } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import type { AllModels, NewModel } from '../training/ports.js'
import { cut, join } from './bytes.js'
import { type Database, Prisma } from './database.js'
import { epochOf } from './epochs.js'
import type { Model as ModelRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'
import { keepLimits, lockLimits, unlimited } from './tenant-limits.js'
import { keepHeader } from './weight-snapshots.js'

/** Only who looks at one model reads what may be large. */
const omit = { evaluation: true } as const
type ListedRow = Omit<ModelRow, keyof typeof omit>

export function modelStore(database: Database, settings = unlimited): AllModels {
  async function find(where: { id: string; tenantId?: string }): Promise<Model | null> {
    const row = await database.model.findUnique({ where, omit })
    return row === null ? null : toModel(row)
  }

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

      get: (id) => find({ id, tenantId }),

      async getEvaluated(id) {
        const row = await database.model.findUnique({ where: { id, tenantId } })
        if (row === null) return null
        return { ...toModel(row), evaluation: evaluationSchema.nullable().parse(row.evaluation) }
      },

      async list({ limit, after }) {
        const position = await behind(after, (id) =>
          database.model.findUnique({ where: { id, tenantId }, select: placeInList }),
        )
        const rows = await database.model.findMany({
          where: { ...position, tenantId },
          omit,
          orderBy: [...newestFirst],
          take: limit + 1,
        })
        return toPage(rows, { limit }, toModel)
      },

      async tensors(id) {
        const row = await database.model.findUnique({ where: { id, tenantId }, select: { tensors: true } })
        return row === null ? null : z.array(tensorSchema).parse(row.tensors)
      },

      async setThreshold(id, threshold) {
        const { count } = await database.model.updateMany({ where: { id, tenantId }, data: { threshold } })
        return count === 0 ? null : find({ id, tenantId })
      },

      async delete(id) {
        return database.$transaction(async (transaction) => {
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
      },
    }),

    get: (id) => find({ id }),

    async weights(id) {
      const row = await database.model.findUnique({
        where: { id },
        select: { tensors: true, weightSha256: true, weightChunks: { orderBy: { index: 'asc' } } },
      })
      if (row === null) return null
      const bytes = join(row.weightChunks)
      if (createHash('sha256').update(bytes).digest('hex') !== row.weightSha256) {
        // Deleted while its chunks were read.
        if ((await find({ id })) === null) return null
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
): Promise<ModelRow> {
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

function toModel(row: ListedRow): Model {
  const coding = codingSchema.parse(row.coding)
  const network = networkSchema.parse(row.network)
  const self = `/models/${row.id}`
  return {
    id: row.id,
    object: 'model',
    name: row.name,
    jobId: row.jobId,
    createdAt: row.createdAt.toISOString(),
    network,
    loss: lossSchema.parse(row.loss),
    layers: z.array(layerSummarySchema).parse(row.layers),
    coding,
    columns: coding.features.map((feature) => feature.name),
    classes: 'classes' in coding.target ? coding.target.classes : null,
    metrics: epochOf({
      loss: row.finalLoss,
      accuracy: row.finalAccuracy,
      valLoss: row.finalValLoss,
      valAccuracy: row.finalValAccuracy,
    }),
    epoch: row.epoch,
    threshold: row.threshold ?? (hasThreshold({ coding, network }) ? 0.5 : null),
    parameters: row.parameters,
    weightBytes: row.weightBytes,
    weightSha256: row.weightSha256,
    links: {
      self,
      predict: `${self}/predict`,
      weights: `${self}/weights`,
      job: row.jobId === null ? null : `/jobs/${row.jobId}`,
    },
  }
}
