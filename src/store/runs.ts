/**
 * Writes of a worker that runs a job. Every statement checks the attempt and the status, so a worker that
 * lost its job changes nothing.
 */
import { z } from 'zod'
import { type Epoch, metricsSchema } from '../contract/epoch.js'
import type { JobError } from '../contract/job.js'
import type { NewModel } from '../training/ports/models.js'
import type { Claim, RunStore } from '../training/ports/runs.js'
import { adoptCheckpoint } from './adopt-checkpoint.js'
import { maximumDirectBytes, totalLength } from './bytes.js'
import { deleteCheckpointBytes, readCheckpoint } from './checkpoints.js'
import { claimJobs, claimSpareJobs } from './claims.js'
import { releaseCrashed } from './crashes.js'
import type { Database } from './database.js'
import { type Draft, dropDraft, finishDraft, writeDraft } from './drafts.js'
import { findDifference, readEpoch } from './epochs.js'
import { type KeptCheckpoints, keepsNone } from './kept-checkpoints.js'
import { insertModel } from './models.js'
import { countOutages, maximumOutages, postpone } from './postponed-jobs.js'
import { advanceClock, preempt } from './preemption.js'
import { recordProgress } from './record-progress.js'
import { sharedCheckpoints, stopSharing } from './shared-checkpoints.js'
import { type Client, query, type Statement, send, statement, transaction } from './statements.js'
import { isWhole, successWriter } from './successes.js'
import { unlimited } from './tenant-limits.js'
import { changedRow, guard, transition } from './transitions.js'

/** $1 job, $2 attempt. */
const where = 'id = $1 AND attempt = $2::int'

const failStatement = statement(
  'failRun',
  changedRow,
  transition('fail', {
    where,
    set: `"finishedAt" = now(), "heartbeatAt" = NULL, "errorCode" = $3, "errorMessage" = $4, "errorEpoch" = $5::int`,
  }),
)

/** $3 model, $4 the epoch whose weights it has, $5 to $8 its metrics, which the job then shows; null for the last epoch. */
const succeedStatement = statement(
  'succeedRun',
  changedRow,
  transition('succeed', {
    where,
    set: `"finishedAt" = now(), "heartbeatAt" = NULL, "bestEpoch" = coalesce($4::int, "bestEpoch"),
        loss = CASE WHEN $4::int IS NULL THEN loss ELSE $5::float8 END,
        accuracy = CASE WHEN $4::int IS NULL THEN accuracy ELSE $6::float8 END,
        "valLoss" = CASE WHEN $4::int IS NULL THEN "valLoss" ELSE $7::float8 END,
        "valAccuracy" = CASE WHEN $4::int IS NULL THEN "valAccuracy" ELSE $8::float8 END`,
    modelId: '$3',
  }),
)

/** What the model of a run that succeeded inherits from its job. */
const endedStatement = statement(
  'endedRun',
  z.strictObject({
    tenantId: z.string(),
    name: z.string().nullable(),
    epoch: z.int(),
    ...metricsSchema.shape,
  }),
  `SELECT "tenantId", name, coalesce("bestEpoch", epoch) AS epoch, loss, accuracy, "valLoss", "valAccuracy"
    FROM "Job" WHERE id = $1`,
)

const pauseStatement = statement(
  'pauseRun',
  changedRow,
  transition('pause', { where, set: '"heartbeatAt" = NULL', event: { type: 'paused' } }),
)

const releaseStatement = statement(
  'releaseRun',
  changedRow,
  transition('release', {
    where,
    set: '"heartbeatAt" = NULL',
    event: { type: 'released', reason: '$3' },
  }),
)

/** Without an event, because the crash before it stored one. */
const requeueStatement = statement(
  'requeueRun',
  changedRow,
  transition('release', { where, set: '"heartbeatAt" = NULL' }),
)

/** $1 jobs, $2 attempts. Rows are locked in the order of their ids, as elsewhere, so that two statements cannot deadlock. */
const heartbeatStatement = statement(
  'heartbeat',
  z.strictObject({ jobId: z.string(), attempt: z.int() }),
  `
    WITH locked AS MATERIALIZED (
      SELECT "Job".id FROM unnest($1::text[], $2::int[]) AS claim(id, attempt)
      JOIN "Job" ON "Job".id = claim.id AND "Job".attempt = claim.attempt AND ${guard('succeed')}
      ORDER BY "Job".id FOR NO KEY UPDATE OF "Job"
    )
    UPDATE "Job" SET "heartbeatAt" = now() FROM locked WHERE "Job".id = locked.id
    RETURNING "Job".id AS "jobId", "Job".attempt`,
)

export function runStore(
  database: Database,
  { runningJobs } = unlimited,
  rule: KeptCheckpoints = keepsNone,
): RunStore {
  async function fail(claim: Claim, error: JobError): Promise<boolean> {
    const held = await applies(database, failStatement, claim, [error.code, error.message, error.epoch])
    await deleteCheckpointBytes(database, claim.jobId, rule)
    return held
  }

  async function succeed(
    claim: Claim,
    model: NewModel,
    bestEpoch: number | null,
    draft: Draft | null,
  ): Promise<boolean> {
    return transaction(database.pool, async (client) => {
      const best = bestEpoch === null ? null : await readEpoch(client, claim.jobId, bestEpoch)
      if (!(await applies(client, succeedStatement, claim, [model.id, ...toValues(best)]))) return false
      const [{ tenantId, name, ...run }] = await send(client, endedStatement, [claim.jobId])
      if (draft !== null) await finishDraft(client, draft)
      const origin = { ...run, jobId: claim.jobId, draft }
      await insertModel(client, tenantId, { ...model, name: model.name ?? name }, { origin })
      return true
    })
  }

  return {
    fail,

    claim: (workerId, capacity) => claimJobs(database, workerId, capacity, runningJobs),
    claimSpare: (workerId, capacity) => claimSpareJobs(database, workerId, capacity, runningJobs),

    preempt: (jobIds, capacity) => preempt(database, jobIds, capacity, runningJobs),
    advanceClock: () => advanceClock(database),

    async heartbeat(claims) {
      const values = [claims.map(({ jobId }) => jobId), claims.map(({ attempt }) => attempt)]
      return query(database, heartbeatStatement, values)
    },

    async checkpoint(jobId, onDamage) {
      return readCheckpoint(database, jobId, onDamage)
    },

    adoptCheckpoint: (claim, other) => adoptCheckpoint(database, claim, other),

    sharedCheckpoints: (job, backend, upTo) => sharedCheckpoints(database, job, backend, upTo),

    stopSharing: (claim) => stopSharing(database, claim),

    findDifference: (jobId, epochs) => findDifference(database, jobId, epochs),

    record: (claim, progress) => recordProgress(database, claim, progress, rule),

    async succeed(claim, model, bestEpoch = null) {
      const isSmall = totalLength(model.weights) <= maximumDirectBytes(database.objects)
      const draft = isSmall ? null : await writeDraft(database, claim, { modelId: model.id }, model.weights)
      const held = (isSmall || draft !== null) && (await succeed(claim, model, bestEpoch, draft))
      if (!held && draft !== null) await dropDraft(database, draft.id)
      await deleteCheckpointBytes(database, claim.jobId, rule)
      return held
    },

    isWhole: (success) => isWhole(success, maximumDirectBytes(database.objects)),

    succeedAll: successWriter(database),

    async release(claim, reason) {
      const held = await applies(database, releaseStatement, claim, [reason])
      // If the job was cancelled, this is the end of its run.
      if (!held) await deleteCheckpointBytes(database, claim.jobId, rule)
      return held
    },

    async postpone(claim, reason) {
      const outages = await countOutages(database, claim)
      if (outages + 1 >= maximumOutages) {
        const message = `The database or the object store was unavailable or full at the end of ${outages + 1} attempts, without a new epoch in between.`
        await fail(claim, { code: 'internal', message, epoch: null })
        return null
      }
      const pause = await postpone(database, claim, reason, outages)
      // If the job was cancelled, this is the end of its run.
      if (pause === null) await deleteCheckpointBytes(database, claim.jobId, rule)
      return pause
    },

    async pause(claim) {
      return applies(database, pauseStatement, claim)
    },

    async requeue(claim) {
      return applies(database, requeueStatement, claim)
    },

    async crash(claim, retryMilliseconds = 0) {
      return releaseCrashed(database, claim, retryMilliseconds)
    },
  }
}

/** @returns whether the claim held */
async function applies(
  client: Client,
  statement: Statement,
  { jobId, attempt }: Claim,
  values: unknown[] = [],
): Promise<boolean> {
  return (await query(client, statement, [jobId, attempt, ...values])).length > 0
}

const toValues = (best: Epoch | null) => [
  best?.epoch ?? null,
  best?.loss ?? null,
  best?.accuracy ?? null,
  best?.valLoss ?? null,
  best?.valAccuracy ?? null,
]
