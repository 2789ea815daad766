/**
 * What a worker writes while it runs a job. Every statement names the claim's attempt and the state running,
 * so a worker that was thought dead, or whose job was cancelled, changes nothing.
 */
import { type JobError, jobSpecSchema, sourcesOf } from '../contract/job.js'
import type { Claim, ClaimedJob, RunStore } from '../training/ports.js'
import { type Database, notifyChanged, Prisma } from './database.js'
import { encodeEpochs } from './epochs.js'
import { maximumCrashes, releaseCrashed } from './jobs.js'
import { insertModel } from './models.js'

/** A running job whose worker was heard of more recently than this is not taken from it. */
const takeoverMilliseconds = 4_000

export function runStore(database: Database): RunStore {
  /** The end of a run, one way or another; the claim must hold. */
  async function leave(client: Prisma.TransactionClient, claim: Claim, change: Prisma.Sql): Promise<boolean> {
    const changed = await client.$queryRaw<unknown[]>`
      WITH changed AS (
        UPDATE "Job" SET ${change}, "workerId" = NULL, "heartbeatAt" = NULL
        WHERE id = ${claim.jobId} AND attempt = ${claim.attempt}::int AND status = 'running'
        RETURNING id, status, epoch
      ) ${notifyChanged}`
    return changed.length > 0
  }

  async function fail(claim: Claim, error: JobError): Promise<boolean> {
    return leave(
      database,
      claim,
      Prisma.sql`status = 'failed', "finishedAt" = now(), "errorCode" = ${error.code},
                 "errorMessage" = ${error.message}, "errorEpoch" = ${error.epoch}::int`,
    )
  }

  return {
    fail,

    async claim(jobId, workerId) {
      const [row] = await database.$queryRaw<ClaimedRow[]>`
        WITH before AS (
          SELECT id, status FROM "Job"
          WHERE id = ${jobId} AND (
            status = ANY(${sourcesOf('running').filter((status) => status !== 'paused')}::"JobStatus"[])
            OR (status = 'running' AND "heartbeatAt" < now() - ${takeoverMilliseconds}::int * interval '1 millisecond'))
          FOR UPDATE
        ), changed AS (
          UPDATE "Job" SET status = 'running', attempt = attempt + 1, "workerId" = ${workerId},
            crashes = crashes + (CASE WHEN before.status = 'running' THEN 1 ELSE 0 END),
            "heartbeatAt" = now(), "startedAt" = coalesce("startedAt", now())
          FROM before WHERE "Job".id = before.id
          RETURNING "Job".id, "Job".status, "Job".epoch, attempt, crashes, spec, "datasetId"
        )
        SELECT changed.attempt, changed.crashes, changed.spec, changed."datasetId", changed.epoch,
          pg_notify('descent_jobs', id || ' ' || status || ' ' || epoch)::text FROM changed`
      if (row === undefined) return null
      const claim = { jobId, attempt: row.attempt }
      if (row.crashes >= maximumCrashes) {
        const message = `The worker died ${row.crashes} times while training this job, without a new epoch in between.`
        await fail(claim, { code: 'worker-crashed', message, epoch: row.epoch })
        return null
      }
      const claimed: ClaimedJob = {
        ...claim,
        spec: jobSpecSchema.parse(row.spec),
        datasetId: row.datasetId,
        storedEpoch: row.epoch,
      }
      return claimed
    },

    async heartbeat(claims) {
      const rows = await database.$queryRaw<{ id: string }[]>`
        UPDATE "Job" SET "heartbeatAt" = now()
        FROM unnest(${claims.map((claim) => claim.jobId)}::text[], ${claims.map((claim) => claim.attempt)}::int[])
          AS claim(id, attempt)
        WHERE "Job".id = claim.id AND "Job".attempt = claim.attempt AND status = 'running'
        RETURNING "Job".id`
      return new Set(rows.map((row) => row.id))
    },

    async appendEpochs(claim, epochs, backend) {
      const first = epochs[0]
      const last = epochs.at(-1)
      if (first === undefined || last === undefined) return true
      const changed = await database.$queryRaw<unknown[]>`
        WITH changed AS (
          UPDATE "Job" SET epoch = ${last.epoch}::int, loss = ${last.loss}, accuracy = ${last.accuracy},
            "valLoss" = ${last.valLoss}, "valAccuracy" = ${last.valAccuracy},
            backend = ${backend}, crashes = 0, "heartbeatAt" = now()
          WHERE id = ${claim.jobId} AND attempt = ${claim.attempt}::int AND status = 'running'
            AND epoch = ${first.epoch - 1}::int
          RETURNING id, status, epoch
        ), stored AS (
          INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics)
          SELECT id, ${first.epoch}::int, ${last.epoch}::int, ${encodeEpochs(epochs)} FROM changed
        ) ${notifyChanged}`
      return changed.length > 0
    },

    async succeed(claim, model) {
      return database.$transaction(async (transaction) => {
        if (!(await leave(transaction, claim, Prisma.sql`status = 'succeeded', "finishedAt" = now()`)))
          return false
        const job = await transaction.job.findUniqueOrThrow({ where: { id: claim.jobId } })
        await insertModel(transaction, model, { ...job, jobId: claim.jobId })
        return true
      })
    },

    async release(claim) {
      return leave(database, claim, Prisma.sql`status = 'queued', "enqueuedAt" = NULL`)
    },

    async crash(claim) {
      await releaseCrashed(database, Prisma.sql`id = ${claim.jobId} AND attempt = ${claim.attempt}::int`)
    },
  }
}

interface ClaimedRow {
  attempt: number
  crashes: number
  spec: unknown
  datasetId: string | null
  epoch: number
}
