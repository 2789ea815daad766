/**
 * Taking the jobs whose turn it is. Higher priorities come first; within one, tenants take turns: a tenant's n-th waiting job
 * comes after every job of others that would be the (n − 1)-th at work or earlier there. Small jobs are taken several
 * together, in that order.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { changeSchema } from '../contract/job.js'
import type { ClaimedJob, Room } from '../training/ports.js'
import { type Database, notifyJob, type Statement, send } from './database.js'
import { parseSpec } from './job-rows.js'

/** A row is locked for about as long as one statement takes. */
const lockedMilliseconds = 10

/** Tenants with queued jobs that may run one more; $1 is what the settings allow. */
const waiting = `
  waiting AS MATERIALIZED (
    SELECT * FROM (
      SELECT "tenantId", "busyJobs"("tenantId") AS busy,
        coalesce((SELECT (limits ->> 'runningJobs')::int FROM "Tenant" WHERE "Tenant".id = "tenantId"), $1::int) AS allowed
      FROM "QueueCount" WHERE jobs > 0 GROUP BY "tenantId"
    ) AS tenant WHERE busy < allowed
  )`

/**
 * What decides whether a candidate is taken, and with which others. The ids are a list, too: for want of knowing how few there
 * are, the planner would read all jobs.
 */
const considered = (source: string) => `
      SELECT candidate.*,
        least(coalesce((job.spec ->> 'threads')::int, 1), $3::int) AS threads,
        coalesce((job.spec ->> 'threads')::int, 1) = 1 AND NOT job."claimAlone"
          AND job.spec #> '{earlyStopping,folds}' IS NULL AS "isJoinable",
        (job.epochs - job.epoch) * (coalesce(job."stepsPerEpoch", 1) * 3e-6 + job."flopsPerEpoch" * 1e-9) AS seconds
      FROM ${source} AS candidate JOIN "Job" AS job ON job.id = candidate.id AND job.status = 'queued'
      WHERE job.id = ANY(ARRAY(SELECT id FROM ${source}))`

/**
 * $2 free threads, $3 all threads, $4 worker, $5 jobs at most, $6 seconds of work taken together: 3 µs a step and 1 ns an
 * operation. Of each tenant so many are considered that the whole order is found, or its share of 1,000; no thread takes more
 * than its share of what is queued. Nothing is locked but what is taken, or another claim of the same moment would take jobs
 * whose turn comes later: first the job whose turn it is, then those that go with it.
 */
export const claimStatement: Statement = {
  name: 'claim',
  text: `
    WITH ${waiting}, candidate AS (
      SELECT job.*, "tenantId", allowed,
        busy + row_number() OVER (PARTITION BY "tenantId", priority ORDER BY "queueNumber") AS turn,
        busy + row_number() OVER (PARTITION BY "tenantId" ORDER BY priority DESC, "queueNumber") <= allowed AS "mayRun"
      FROM waiting CROSS JOIN LATERAL (
        SELECT id, priority, "queueNumber" FROM "Job"
        WHERE status = 'queued' AND "Job"."tenantId" = waiting."tenantId"
        ORDER BY priority DESC, "queueNumber"
        LIMIT least(2 * $5::int + 8, greatest(2, 1000 / (SELECT count(*) FROM waiting)))
      ) AS job
    ), front AS MATERIALIZED (
      SELECT * FROM candidate WHERE "mayRun" ORDER BY priority DESC, turn, "queueNumber" LIMIT 2 * $5::int + 8
    ), first AS MATERIALIZED (
      ${considered('front')}
      ORDER BY candidate.priority DESC, turn, candidate."queueNumber" LIMIT 1
      FOR UPDATE OF job SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT front.* FROM front JOIN first
        ON (-front.priority, front.turn, front."queueNumber") > (-first.priority, first.turn, first."queueNumber")
      WHERE first."isJoinable"
      ORDER BY front.priority DESC, front.turn, front."queueNumber"
      LIMIT greatest(1, least($5::int, (SELECT ceil(sum(jobs) / $3::float8)::int FROM "QueueCount"))) - 1
    ), prefix AS (
      SELECT * FROM (
        SELECT *, row_number() OVER turns AS place,
          bool_and("isJoinable") OVER turns AND sum(seconds) OVER turns <= $6::float8 AS "isTogether"
        FROM (SELECT * FROM first UNION ALL ${considered('next')}) AS considered
        WINDOW turns AS (ORDER BY priority DESC, turn, "queueNumber")
      ) AS placed WHERE threads <= $2::int AND (place = 1 OR "isTogether")
    ), locked AS MATERIALIZED (
      SELECT prefix.* FROM prefix JOIN "Job" AS job ON job.id = prefix.id AND job.status = 'queued'
      WHERE job.id = ANY(ARRAY(SELECT id FROM prefix)) ORDER BY place FOR UPDATE OF job SKIP LOCKED
    ), free AS MATERIALIZED (
      SELECT "tenantId", "freeRuns"("tenantId", allowed) AS runs
      FROM (SELECT DISTINCT "tenantId", allowed FROM locked ORDER BY "tenantId") AS each
    ), chosen AS MATERIALIZED (
      SELECT id, place, count(*) OVER () AS size FROM (
        SELECT *, row_number() OVER (PARTITION BY "tenantId" ORDER BY place) AS nth FROM locked
      ) AS numbered JOIN free USING ("tenantId") WHERE nth <= runs
    ), changed AS (
      UPDATE "Job" SET status = 'running', attempt = attempt + 1, "workerId" = $4, "heartbeatAt" = now(),
        "startedAt" = coalesce("startedAt", now()), "claimSize" = chosen.size
      FROM chosen WHERE "Job".id = chosen.id
      RETURNING "Job".id, status, "tenantId", "requestId", "traceId", attempt, spec::text AS spec, changes, "datasetId",
        "validationDatasetId", epoch, epochs, backend, place
    )
    SELECT changed.*, ${notifyJob} FROM changed ORDER BY place`,
}

/** Whether the job whose turn it is fits the free threads. */
const nextFitsStatement: Statement = {
  name: 'nextFits',
  text: `
    WITH ${waiting}
    SELECT least(coalesce((spec ->> 'threads')::int, 1), $3::int) <= $2::int AS fits
    FROM waiting CROSS JOIN LATERAL (
      SELECT priority, "queueNumber", spec FROM "Job"
      WHERE status = 'queued' AND "Job"."tenantId" = waiting."tenantId" ORDER BY priority DESC, "queueNumber" LIMIT 1
    ) AS job ORDER BY priority DESC, busy, "queueNumber" LIMIT 1`,
}

/** What a claim returns, by node-postgres' types; test/store/rows.test.ts compares. */
export const claimedRowSchema = z.object({
  id: z.string(),
  tenantId: z.string(),
  requestId: z.string().nullable(),
  traceId: z.string().nullable(),
  attempt: z.int(),
  spec: z.string(),
  changes: z.array(z.unknown()),
  datasetId: z.string().nullable(),
  validationDatasetId: z.string().nullable(),
  epoch: z.int(),
  epochs: z.int(),
  backend: z.string().nullable(),
})
type ClaimedRow = z.infer<typeof claimedRowSchema>

/** Waits while somebody else writes the row of the job whose turn it is. */
export async function claimJobs(
  { pool }: Pick<Database, 'pool'>,
  workerId: string,
  { free, all, jobs, seconds }: Room,
  runningJobs: number,
): Promise<ClaimedJob[]> {
  for (;;) {
    const rows = await send<ClaimedRow>(pool, claimStatement, [
      runningJobs,
      free,
      all,
      workerId,
      jobs,
      seconds,
    ])
    if (rows.length > 0) return rows.map(toClaim)
    const [next] = await send<{ fits: boolean }>(pool, nextFitsStatement, [runningJobs, free, all])
    if (next?.fits !== true) return []
    await sleep(lockedMilliseconds)
  }
}

const anyQueuedStatement: Statement = {
  name: 'anyQueued',
  text: 'SELECT 1 FROM "QueueCount" WHERE jobs > 0 LIMIT 1',
}

export async function anyQueued({ pool }: Pick<Database, 'pool'>): Promise<boolean> {
  return (await send(pool, anyQueuedStatement, [])).length > 0
}

function toClaim(row: ClaimedRow): ClaimedJob {
  return {
    jobId: row.id,
    attempt: row.attempt,
    tenantId: row.tenantId,
    requestId: row.requestId,
    traceId: row.traceId,
    spec: parseSpec(row.spec),
    changes: row.changes.map((change) => changeSchema.parse(change)),
    datasetId: row.datasetId,
    validationDatasetId: row.validationDatasetId,
    storedEpoch: row.epoch,
    epochs: row.epochs,
    backend: row.backend,
  }
}
