/**
 * What a worker writes while it runs a job. Every statement names the claim's attempt and the states it may write in,
 * so a worker that was thought dead, or whose job was cancelled, changes nothing.
 */
import type { Epoch } from '../contract/epoch.js'
import type { JobError } from '../contract/job.js'
import type { NewModel } from '../training/ports/models.js'
import type { Claim, RunStore } from '../training/ports/runs.js'
import { largestWhole, lengthOf } from './bytes.js'
import { deleteCheckpointBytes, readCheckpoint } from './checkpoints.js'
import { claimJobs } from './claims.js'
import { type Database, notifyChanged, Prisma } from './database.js'
import { type Draft, dropDraft, finishModelDraft, writeDraft } from './drafts.js'
import { readEpoch } from './epochs.js'
import { endColumns, withEnds } from './job-ends.js'
import { eventColumns, withEvents } from './job-events.js'
import { releaseCrashed } from './jobs.js'
import { insertModel } from './models.js'
import { record } from './records.js'
import { isWhole, succeedAll } from './successes.js'
import { unlimited } from './tenant-limits.js'

export function runStore(database: Database, { runningJobs } = unlimited): RunStore {
  /** The end of a run, one way or another; the claim must hold. */
  async function leave(
    client: Prisma.TransactionClient,
    claim: Claim,
    change: Prisma.Sql,
    { modelId = null, events = Prisma.empty }: { modelId?: string | null; events?: Prisma.Sql } = {},
  ): Promise<boolean> {
    const changed = await client.$queryRaw<unknown[]>`
      WITH changed AS (
        UPDATE "Job" SET ${change}, "heartbeatAt" = NULL
        WHERE id = ${claim.jobId} AND attempt = ${claim.attempt}::int AND status = 'running'
        RETURNING id, status, epoch, ${modelId}::text AS "modelId", ${eventColumns}, ${Prisma.raw(endColumns)}
      ) ${Prisma.raw(withEnds)} ${events} ${notifyChanged}`
    return changed.length > 0
  }

  async function fail(claim: Claim, error: JobError): Promise<boolean> {
    const held = await leave(
      database,
      claim,
      Prisma.sql`status = 'failed', "finishedAt" = now(), "errorCode" = ${error.code},
                 "errorMessage" = ${error.message}, "errorEpoch" = ${error.epoch}::int`,
    )
    await deleteCheckpointBytes(database, claim.jobId)
    return held
  }

  async function succeed(
    claim: Claim,
    model: NewModel,
    bestEpoch: number | null,
    draft: Draft | null,
  ): Promise<boolean> {
    return database.$transaction(async (transaction) => {
      const best = bestEpoch === null ? null : await readEpoch(transaction, claim.jobId, bestEpoch)
      const metrics = best === null ? Prisma.empty : withMetricsOf(best)
      const change = Prisma.sql`status = 'succeeded', "finishedAt" = now() ${metrics}`
      if (!(await leave(transaction, claim, change, { modelId: model.id }))) return false
      const job = await transaction.job.findUniqueOrThrow({ where: { id: claim.jobId } })
      const named = { ...model, name: model.name ?? job.name }
      const epoch = job.bestEpoch ?? job.epoch
      if (draft !== null) await finishModelDraft(transaction, draft)
      await insertModel(transaction, job.tenantId, named, { ...job, jobId: claim.jobId, epoch, draft })
      return true
    })
  }

  return {
    fail,

    claim: (workerId, room) => claimJobs(database, workerId, room, runningJobs),

    async heartbeat(claims) {
      // In the order of their ids, here as elsewhere, so that no two statements wait for each other's rows.
      return database.$queryRaw<Claim[]>`
        WITH locked AS MATERIALIZED (
          SELECT "Job".id
          FROM unnest(${claims.map((claim) => claim.jobId)}::text[], ${claims.map((claim) => claim.attempt)}::int[])
            AS claim(id, attempt)
          JOIN "Job" ON "Job".id = claim.id AND "Job".attempt = claim.attempt AND status = 'running'
          ORDER BY "Job".id FOR NO KEY UPDATE OF "Job"
        )
        UPDATE "Job" SET "heartbeatAt" = now() FROM locked WHERE "Job".id = locked.id
        RETURNING "Job".id AS "jobId", "Job".attempt`
    },

    async checkpoint(jobId, onDamage) {
      return readCheckpoint(database, jobId, onDamage)
    },

    record: (claim, progress) => record(database, claim, progress),

    async succeed(claim, model, bestEpoch = null) {
      const isSmall = lengthOf(model.weights) <= largestWhole
      const draft = isSmall ? null : await writeDraft(database, claim, { modelId: model.id }, model.weights)
      const held = (isSmall || draft !== null) && (await succeed(claim, model, bestEpoch, draft))
      if (!held && draft !== null) await dropDraft(database, draft.id)
      await deleteCheckpointBytes(database, claim.jobId)
      return held
    },

    isWhole,

    succeedAll: (successes) => succeedAll(database, successes),

    async release(claim, reason) {
      const events = withEvents({ type: 'released', reason })
      const held = await leave(database, claim, Prisma.sql`status = 'queued'`, { events })
      // A run that was cancelled ends here.
      if (!held) await deleteCheckpointBytes(database, claim.jobId)
      return held
    },

    async requeue(claim) {
      return leave(database, claim, Prisma.sql`status = 'queued'`)
    },

    async crash(claim, retryMilliseconds = 0) {
      const which = Prisma.sql`id = ${claim.jobId} AND attempt = ${claim.attempt}::int`
      const strikes = Prisma.sql`(crashes + 1)`
      return releaseCrashed(database, which, { strikes, reason: 'thread-died', retryMilliseconds })
    },
  }
}

/** The model holds the weights of that epoch, so the job shows its metrics. */
const withMetricsOf = ({ epoch, loss, accuracy, valLoss, valAccuracy }: Epoch) => Prisma.sql`
  , "bestEpoch" = ${epoch}::int, loss = ${loss}::float8, accuracy = ${accuracy}::float8,
    "valLoss" = ${valLoss}::float8, "valAccuracy" = ${valAccuracy}::float8`
