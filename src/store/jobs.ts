/** Jobs as clients see and steer them. What a worker writes while it runs one is in runs.ts. */

import { z } from 'zod'
import {
  changeSchema,
  isFinished,
  type Job,
  type JobStatus,
  jobErrorSchema,
  jobSpecSchema,
  jobStatusSchema,
  sourcesOf,
} from '../contract/job.js'
import type { Limits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { AllJobs, JobProgress, JobStore, NewJob, Ticket } from '../training/ports.js'
import { type Database, notifyChanged, Prisma } from './database.js'
import { bytesOf, insertDataset } from './datasets.js'
import { epochOf } from './epochs.js'
import type { Job as JobRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { endColumns, withEnds } from './job-ends.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'
import { resume } from './resume.js'
import { checkUse, keepLimits, readUse, unlimited, weightBytes } from './tenant-limits.js'

/** A third death of the worker without a new epoch in between ends the job. */
export const maximumCrashes = 3

/**
 * The order in which queued jobs are taken: id, place (from 1), and how many jobs of its tenant run (`busy`). Higher priorities first; within one, tenants take
 * turns: a tenant's n-th waiting job stands behind every tenant's job that would be its (n − 1)-th at work or earlier.
 */
export const turns = Prisma.sql`
  SELECT id, busy, row_number() OVER (ORDER BY priority DESC, turn, "createdAt", id) AS place FROM (
    SELECT queued.id, queued.priority, queued."createdAt", coalesce(busy.jobs, 0) AS busy,
      coalesce(busy.jobs, 0)
        + row_number() OVER (PARTITION BY queued."tenantId", queued.priority ORDER BY queued."createdAt", queued.id) AS turn
    FROM "Job" AS queued
    LEFT JOIN (SELECT "tenantId", count(*) AS jobs FROM "Job" WHERE status = 'running' GROUP BY "tenantId") AS busy
      ON busy."tenantId" = queued."tenantId"
    WHERE queued.status = 'queued'
  ) AS waiting`

const withModel = { model: { select: { id: true } } } as const
type JobWithModel = JobRow & { model: { id: string } | null }

export function jobStore(database: Database, settings = unlimited): AllJobs {
  return {
    of: (tenantId) => tenantJobs(database, tenantId, settings),

    get: (id) => findJob(database, { id }),

    progress: (ids) => findProgress(database, { id: { in: ids } }),

    async toEnqueue(milliseconds, limit) {
      return database.$queryRaw<Ticket[]>`
        SELECT id AS "jobId", attempt FROM "Job"
        WHERE status = 'queued'
          AND ("enqueuedAt" IS NULL OR "enqueuedAt" < now() - ${milliseconds}::int * interval '1 millisecond')
        ORDER BY "createdAt", id LIMIT ${limit}::int`
    },

    async markEnqueued(tickets) {
      await database.$executeRaw`
        UPDATE "Job" SET "enqueuedAt" = now()
        FROM unnest(${tickets.map((ticket) => ticket.jobId)}::text[], ${tickets.map((ticket) => ticket.attempt)}::int[])
          AS ticket(id, attempt)
        WHERE "Job".id = ticket.id AND "Job".attempt = ticket.attempt AND status = 'queued'`
    },

    async releaseAbandoned(milliseconds) {
      await releaseCrashed(
        database,
        Prisma.sql`"heartbeatAt" < now() - ${milliseconds}::int * interval '1 millisecond'`,
      )
    },

    async releaseWorker(workerId) {
      await releaseCrashed(database, Prisma.sql`"workerId" = ${workerId}`)
    },
  }
}

/** What a job counts against. */
const ofJobs = ['queuedJobs', 'storedBytes'] as const

function tenantJobs(database: Database, tenantId: string, settings: Limits): JobStore {
  /** Enters a state if that is legal now. */
  async function enter(id: string, to: JobStatus, change: Prisma.Sql): Promise<boolean> {
    const changed = await database.$queryRaw<unknown[]>`
      WITH changed AS (
        UPDATE "Job" SET status = ${to}::"JobStatus", ${change}
        WHERE id = ${id} AND "tenantId" = ${tenantId} AND status = ANY(${sourcesOf(to)}::"JobStatus"[])
        RETURNING id, status, epoch, ${endColumns}
      ) ${withEnds()} ${notifyChanged}`
    return changed.length > 0
  }

  return {
    async create(job, once) {
      const { inlineDataset, spec, metadata, ...rest } = job
      return createOnce(database, once, async (client) => {
        await holdSources(client, tenantId, job)
        if (inlineDataset !== null) await insertDataset(client, tenantId, inlineDataset)
        const row = await client.job.create({
          data: { ...rest, tenantId, spec, metadata, epochs: spec.epochs, enqueuedAt: new Date() },
          include: withModel,
        })
        const [created] = await toJobs(client, [row])
        await keepLimits(client, tenantId, settings, ofJobs)
        return created
      })
    },

    async checkLimits({ parameters, inlineDataset }) {
      const { use, own } = await readUse(database, tenantId)
      const rows = inlineDataset === null ? 0 : await bytesOf(inlineDataset)
      const withJob = {
        ...use,
        queuedJobs: use.queuedJobs + 1,
        storedBytes: use.storedBytes + rows + weightBytes(parameters),
      }
      checkUse(withJob, { settings, own }, ofJobs)
    },

    get: (id) => findJob(database, { id, tenantId }),

    async list({ limit, after, status, name }) {
      const position = await behind(after, (id) =>
        database.job.findUnique({ where: { id, tenantId }, select: placeInList }),
      )
      // A percent sign and an underscore would stand for any text.
      const wanted = { contains: name?.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' } as const
      const rows = await database.job.findMany({
        where: {
          AND: [position, name === undefined ? {} : { OR: [{ name: wanted }, { id: wanted }] }],
          tenantId,
          ...(status === undefined ? {} : { status }),
        },
        orderBy: [...newestFirst],
        take: limit + 1,
        include: withModel,
      })
      const jobs = await toJobs(database, rows)
      return toPage(jobs, { limit }, (job) => job)
    },

    progress: (ids) => findProgress(database, { id: { in: ids }, tenantId }),

    async cancel(id) {
      return enter(id, 'cancelled', Prisma.sql`"finishedAt" = now()`)
    },

    async pause(id) {
      return enter(id, 'paused', Prisma.sql`"heartbeatAt" = NULL`)
    },

    async resume(id, change) {
      return database.$transaction((transaction) => resume(transaction, { id, tenantId }, change))
    },

    async delete(id) {
      const finished = jobStatusSchema.options.filter(isFinished)
      const { count } = await database.job.deleteMany({ where: { id, tenantId, status: { in: finished } } })
      return count > 0
    },

    async ticket(id) {
      const row = await database.job.findUnique({
        where: { id, tenantId, status: 'queued' },
        select: { attempt: true },
      })
      return row === null ? null : { jobId: id, attempt: row.attempt }
    },
  }
}

/** Until the job is stored, nobody deletes what it trains on or starts from; afterwards a deletion counts the job. */
async function holdSources(
  client: Prisma.TransactionClient,
  tenantId: string,
  { datasetId, validationDatasetId, inlineDataset, spec: { from } }: NewJob,
): Promise<void> {
  const datasets = await client.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Dataset" WHERE id = ANY(${[datasetId, validationDatasetId]}) AND "tenantId" = ${tenantId}
    FOR KEY SHARE`
  const models = await client.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Model" WHERE id = ${from ?? null} AND "tenantId" = ${tenantId} FOR KEY SHARE`
  const held = [...datasets, ...models, ...(inlineDataset === null ? [] : [inlineDataset])].map(
    ({ id }) => id,
  )
  for (const [field, id] of Object.entries({
    dataset: datasetId,
    validationDataset: validationDatasetId,
    from,
  })) {
    if (id === null || id === undefined || held.includes(id)) continue
    throw new Problem('invalid-spec', `${id} does not exist any more.`, [
      { pointer: `/${field}`, message: 'does not exist any more' },
    ])
  }
}

async function findJob(database: Database, where: { id: string; tenantId?: string }): Promise<Job | null> {
  const row = await database.job.findUnique({ where, include: withModel })
  return row === null ? null : ((await toJobs(database, [row]))[0] ?? null)
}

async function findProgress(database: Database, where: Prisma.JobWhereInput): Promise<JobProgress[]> {
  const rows = await database.job.findMany({ where, select: { id: true, status: true, epoch: true } })
  return rows.map(({ id, status, epoch }) => ({ jobId: id, status, epoch }))
}

/** Running jobs whose worker is gone go back to queued, or end when that has happened too often. */
export async function releaseCrashed(database: Database, which: Prisma.Sql): Promise<void> {
  await database.$queryRaw`
    WITH changed AS (
      UPDATE "Job" SET
        status = (CASE WHEN crashes + 1 >= ${maximumCrashes}::int THEN 'failed' ELSE 'queued' END)::"JobStatus",
        "finishedAt" = CASE WHEN crashes + 1 >= ${maximumCrashes}::int THEN now() END,
        "errorCode" = CASE WHEN crashes + 1 >= ${maximumCrashes}::int THEN 'worker-crashed' END,
        "errorMessage" = CASE WHEN crashes + 1 >= ${maximumCrashes}::int
          THEN 'The worker died ' || (crashes + 1) || ' times while training this job, without a new epoch in between.' END,
        "errorEpoch" = CASE WHEN crashes + 1 >= ${maximumCrashes}::int THEN epoch END,
        crashes = crashes + 1, "workerId" = NULL, "heartbeatAt" = NULL, "enqueuedAt" = NULL
      WHERE status = 'running' AND ${which}
      RETURNING id, status, epoch, ${endColumns}
    ) ${withEnds()} ${notifyChanged}`
}

async function toJobs(client: Prisma.TransactionClient, rows: JobWithModel[]): Promise<Job[]> {
  const positions = await queuePositions(client, rows)
  return rows.map((row) => toJob(row, positions.get(row.id) ?? null))
}

/** Place in the line of each row that is queued. */
async function queuePositions(
  client: Prisma.TransactionClient,
  rows: JobWithModel[],
): Promise<Map<string, number>> {
  const queued = rows.filter((row) => row.status === 'queued').map((row) => row.id)
  if (queued.length === 0) return new Map()
  const places = await client.$queryRaw<{ id: string; place: number }[]>`
    SELECT id, place::int FROM (${turns}) AS turns WHERE id = ANY(${queued})`
  return new Map(places.map(({ id, place }) => [id, place]))
}

function toJob(row: JobWithModel, queuePosition: number | null): Job {
  const self = `/jobs/${row.id}`
  return {
    id: row.id,
    object: 'job',
    name: row.name,
    status: row.status,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    epoch: row.epoch,
    epochs: row.epochs,
    metrics: epochOf(row),
    bestEpoch: row.bestEpoch,
    parameters: row.parameters,
    arenaBytes: row.arenaBytes,
    flopsPerEpoch: row.flopsPerEpoch,
    backend: row.backend,
    backendDetail: row.backendDetail,
    queuePosition,
    estimatedFinishAt: estimatedFinish(row),
    modelId: row.model?.id ?? null,
    error:
      row.errorCode === null
        ? null
        : jobErrorSchema.parse({ code: row.errorCode, message: row.errorMessage, epoch: row.errorEpoch }),
    spec: jobSpecSchema.parse(row.spec),
    priority: row.priority,
    changes: z.array(changeSchema).parse(row.changes),
    metadata: z.record(z.string(), z.string()).parse(row.metadata ?? {}),
    links: { self, stream: `${self}/stream`, epochs: `${self}/epochs` },
  }
}

/** The rest of the epochs at the pace of those done. */
function estimatedFinish(row: JobRow): string | null {
  if (row.status !== 'running' || row.startedAt === null || row.epoch === 0) return null
  const now = Date.now()
  const perEpoch = (now - row.startedAt.getTime()) / row.epoch
  const finish = new Date(now + perEpoch * (row.epochs - row.epoch))
  return Number.isNaN(finish.getTime()) ? null : finish.toISOString()
}
