/** Jobs as clients see and steer them. What a worker writes while it runs one is in runs.ts. */

import { z } from 'zod'
import { type Job, jobErrorSchema, jobSpecSchema, sourcesOf } from '../contract/job.js'
import type { JobStore, Ticket } from '../training/ports.js'
import { type Database, notifyChanged, Prisma } from './database.js'
import { insertDataset } from './datasets.js'
import { epochOf } from './epochs.js'
import type { Job as JobRow } from './generated/client.js'
import { behind, newestFirst, toPage } from './pages.js'

/** A third death of the worker without a new epoch in between ends the job. */
export const maximumCrashes = 3

const withModel = { model: { select: { id: true } } } as const
type JobWithModel = JobRow & { model: { id: string } | null }

export function jobStore(database: Database): JobStore {
  async function toJobs(rows: JobWithModel[]): Promise<Job[]> {
    const positions = await queuePositions(database, rows)
    return rows.map((row) => toJob(row, positions.get(row.id) ?? null))
  }

  async function get(id: string): Promise<Job | null> {
    const row = await database.job.findUnique({ where: { id }, include: withModel })
    return row === null ? null : ((await toJobs([row]))[0] ?? null)
  }

  return {
    async create(job) {
      const { inlineDataset, spec, metadata, ...rest } = job
      const row = await database.$transaction(async (transaction) => {
        if (inlineDataset !== null) await insertDataset(transaction, inlineDataset)
        return transaction.job.create({
          data: { ...rest, spec, metadata, epochs: spec.epochs },
          include: withModel,
        })
      })
      const [created] = await toJobs([row])
      return created
    },

    get,

    async list({ limit, after, status }) {
      const position = await behind(after, (id) =>
        database.job.findUnique({ where: { id }, select: { id: true, createdAt: true } }),
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
      const changed = await database.$queryRaw<unknown[]>`
        WITH changed AS (
          UPDATE "Job" SET status = 'cancelled', "finishedAt" = now()
          WHERE id = ${id} AND status = ANY(${sourcesOf('cancelled')}::"JobStatus"[])
          RETURNING id, status, epoch
        ) ${notifyChanged}`
      return changed.length > 0
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
      RETURNING id, status, epoch
    ) ${notifyChanged}`
}

/** Place in the line of each queued row; rows must be neighbours in the list of jobs, newest first. */
async function queuePositions(database: Database, rows: JobWithModel[]): Promise<Map<string, number>> {
  const queued = rows.filter((row) => row.status === 'queued').reverse()
  const positions = new Map<string, number>()
  const [oldest] = queued
  if (oldest === undefined) return positions
  const { createdAt, id } = oldest
  const ahead = await database.job.count({
    where: { status: 'queued', OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] },
  })
  queued.forEach((row, index) => {
    positions.set(row.id, ahead + index + 1)
  })
  return positions
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
    queuePosition,
    estimatedFinishAt: estimatedFinish(row),
    modelId: row.model?.id ?? null,
    error:
      row.errorCode === null
        ? null
        : jobErrorSchema.parse({ code: row.errorCode, message: row.errorMessage, epoch: row.errorEpoch }),
    spec: jobSpecSchema.parse(row.spec),
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
