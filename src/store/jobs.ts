/** Jobs as clients see and steer them. What a worker writes while it runs one is in runs.ts. */

import { z } from 'zod'
import {
  changeSchema,
  isFinished,
  type Job,
  type JobSpec,
  type JobStatus,
  jobErrorSchema,
  jobSpecSchema,
  jobStatusSchema,
  type ResumeRequest,
  sourcesOf,
} from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import type { JobStore, Ticket } from '../training/ports.js'
import { type Database, notifyChanged, Prisma } from './database.js'
import { insertDataset } from './datasets.js'
import { epochOf } from './epochs.js'
import type { Job as JobRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { endColumns, withEnds } from './job-ends.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'

/** A third death of the worker without a new epoch in between ends the job. */
export const maximumCrashes = 3

/**
 * The order in which queued jobs are taken: id and place (from 1). Higher priorities first; within one, tenants take
 * turns: a tenant's n-th waiting job stands behind every tenant's job that would be its (n − 1)-th at work or earlier.
 */
export const turns = Prisma.sql`
  SELECT id, row_number() OVER (ORDER BY priority DESC, turn, "createdAt", id) AS place FROM (
    SELECT queued.id, queued.priority, queued."createdAt",
      coalesce(busy.jobs, 0)
        + row_number() OVER (PARTITION BY queued."tenantId", queued.priority ORDER BY queued."createdAt", queued.id) AS turn
    FROM "Job" AS queued
    LEFT JOIN (SELECT "tenantId", count(*) AS jobs FROM "Job" WHERE status = 'running' GROUP BY "tenantId") AS busy
      ON busy."tenantId" = queued."tenantId"
    WHERE queued.status = 'queued'
  ) AS waiting`

const withModel = { model: { select: { id: true } } } as const
type JobWithModel = JobRow & { model: { id: string } | null }

export function jobStore(database: Database): JobStore {
  async function toJobs(rows: JobWithModel[], client: Prisma.TransactionClient = database): Promise<Job[]> {
    const positions = await queuePositions(client, rows)
    return rows.map((row) => toJob(row, positions.get(row.id) ?? null))
  }

  /** Enters a state if that is legal now. */
  async function enter(id: string, to: JobStatus, change: Prisma.Sql): Promise<boolean> {
    const changed = await database.$queryRaw<unknown[]>`
      WITH changed AS (
        UPDATE "Job" SET status = ${to}::"JobStatus", ${change}
        WHERE id = ${id} AND status = ANY(${sourcesOf(to)}::"JobStatus"[])
        RETURNING id, status, epoch, ${endColumns}
      ) ${withEnds()} ${notifyChanged}`
    return changed.length > 0
  }

  async function get(id: string): Promise<Job | null> {
    const row = await database.job.findUnique({ where: { id }, include: withModel })
    return row === null ? null : ((await toJobs([row]))[0] ?? null)
  }

  return {
    async create(job, once) {
      const { inlineDataset, spec, metadata, ...rest } = job
      return createOnce(database, once, async (client) => {
        if (inlineDataset !== null) await insertDataset(client, inlineDataset)
        const row = await client.job.create({
          data: { ...rest, spec, metadata, epochs: spec.epochs, enqueuedAt: new Date() },
          include: withModel,
        })
        const [created] = await toJobs([row], client)
        return created
      })
    },

    get,

    async list({ limit, after, status }) {
      const position = await behind(after, (id) =>
        database.job.findUnique({ where: { id }, select: placeInList }),
      )
      const rows = await database.job.findMany({
        where: { ...position, ...(status === undefined ? {} : { status }) },
        orderBy: [...newestFirst],
        take: limit + 1,
        include: withModel,
      })
      const jobs = await toJobs(rows)
      return toPage(jobs, { limit }, (job) => job)
    },

    async progress(ids) {
      const rows = await database.job.findMany({
        where: { id: { in: ids } },
        select: { id: true, status: true, epoch: true },
      })
      return rows.map(({ id, status, epoch }) => ({ jobId: id, status, epoch }))
    },

    async cancel(id) {
      return enter(id, 'cancelled', Prisma.sql`"finishedAt" = now()`)
    },

    async pause(id) {
      return enter(id, 'paused', Prisma.sql`"heartbeatAt" = NULL`)
    },

    async resume(id, change) {
      return database.$transaction((transaction) => resume(transaction, id, change))
    },

    async delete(id) {
      const finished = jobStatusSchema.options.filter(isFinished)
      const { count } = await database.job.deleteMany({ where: { id, status: { in: finished } } })
      return count > 0
    },

    async ticket(id) {
      const row = await database.job.findUnique({
        where: { id, status: 'queued' },
        select: { attempt: true },
      })
      return row === null ? null : { jobId: id, attempt: row.attempt }
    },

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

/** A paused job is queued again; with a change, both the spec and the record of changes follow it. */
async function resume(client: Prisma.TransactionClient, id: string, change: ResumeRequest): Promise<boolean> {
  const [row] = await client.$queryRaw<{ epoch: number; spec: unknown; changes: unknown }[]>`
    SELECT epoch, spec, changes FROM "Job" WHERE id = ${id} AND status = 'paused' FOR UPDATE`
  if (row === undefined) return false
  const spec = jobSpecSchema.parse(row.spec)
  const before = { epochs: spec.epochs, learningRate: spec.optimizer.learningRate }
  const after = { ...before, ...change }
  if (after.epochs !== before.epochs || after.learningRate !== before.learningRate) {
    const earlier = z.array(changeSchema).parse(row.changes)
    const next = await nextUnbegunEpoch(client, id, row.epoch)
    // Changes hold one after the other: none begins before one that was made earlier.
    const fromEpoch = Math.max(next, ...earlier.map((change) => change.fromEpoch))
    if (fromEpoch > Math.min(before.epochs, after.epochs)) {
      const message = `The job has begun its epoch ${fromEpoch - 1} of ${before.epochs}: a change could take effect from epoch ${fromEpoch} only.`
      throw new Problem('invalid-spec', message, [{ pointer: '/epochs', message }])
    }
    const changes = [...earlier, { at: new Date().toISOString(), fromEpoch, before, after }]
    const { epochs, learningRate } = after
    const changed: JobSpec = { ...spec, epochs, optimizer: { ...spec.optimizer, learningRate } }
    await client.job.update({ where: { id }, data: { spec: changed, epochs, changes } })
  }
  // A worker that has not noticed the pause yet must not write when the job is paused again.
  await client.$queryRaw`
    WITH changed AS (
      UPDATE "Job" SET status = 'queued', attempt = attempt + 1, "enqueuedAt" = now(), "workerId" = NULL
      WHERE id = ${id}
      RETURNING id, status, epoch
    ) ${notifyChanged}`
  return true
}

/** Whatever checkpoint a worker goes on from, the epochs before this one are computed as they were begun. */
async function nextUnbegunEpoch(
  client: Prisma.TransactionClient,
  jobId: string,
  epoch: number,
): Promise<number> {
  const newest = await client.checkpoint.findFirst({ where: { jobId }, orderBy: { sequence: 'desc' } })
  const atBoundary = newest === null ? epoch === 0 : newest.epoch === epoch && newest.step === 0
  return atBoundary ? epoch + 1 : epoch + 2
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
