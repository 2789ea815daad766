/**
 * Claims jobs. Tenants take turns by the thread time of their jobs (start-time fair queueing: Goyal, Vin and
 * Cheng, 1996). Within a tenant, higher priorities come first. Small jobs are claimed in batches, in that
 * order. A job that waits for threads reserves them; only jobs that end before it can start may pass it
 * (backfilling: Lifka, 1995). While all threads are busy, the spare thread of a worker takes small jobs of tenants that
 * run none.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { changeSchema } from '../contract/job-change.js'
import { jobStatusSchema } from '../contract/job-status.js'
import type { Capacity, Claimed, ClaimedJob, SpareCapacity, Unreadable } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { notifyJob } from './hints.js'
import { parseSpec } from './job-rows.js'
import { send, statement } from './statements.js'
import { allowedRuns } from './tenant-limits.js'
import { enter, guard } from './transitions.js'

/** Columns of every row. A claim that takes no job returns one row with these only. */
const left = {
  left: z.number(),
  someFit: z.boolean(),
  firstId: z.string().nullable(),
  firstThreads: z.int().nullable(),
}

const claimedRowSchema = z.strictObject({
  ...left,
  id: z.string(),
  status: jobStatusSchema,
  tenantId: z.string(),
  requestId: z.string().nullable(),
  traceId: z.string().nullable(),
  spanId: z.string().nullable(),
  isSampled: z.boolean().nullable(),
  queuedSeconds: z.number(),
  attempt: z.int(),
  spec: z.instanceof(Uint8Array),
  changes: z.array(z.unknown()),
  datasetId: z.string().nullable(),
  validationDatasetId: z.string().nullable(),
  epoch: z.int(),
  epochs: z.int(),
  parameters: z.int(),
  backend: z.string().nullable(),
  estimatedSeconds: z.number(),
  crashes: z.int(),
  pauseAfter: z.int().nullable(),
  forkOf: z.string().nullable(),
  forkEpoch: z.int().nullable(),
  sweepId: z.string().nullable(),
  prefix: z.instanceof(Uint8Array).nullable(),
  place: z.string(),
  hint: z.string(),
})
type ClaimedRow = z.infer<typeof claimedRowSchema>

const claimRowSchema = z.union([claimedRowSchema, z.looseObject({ ...left, id: z.null() })])

/** A row is locked for about one statement. */
const lockedMilliseconds = 10

/**
 * Limits of a job on the spare thread, which the estimate of its seconds does not contain: weights to store, and rows to
 * encode.
 */
const spareLimits = { parameters: 100_000, datasetBytes: 256 * 1024 }

/**
 * Thread-microseconds that a tenant may be ahead of the queue's clock and still use the spare thread. The clock advances
 * each second, so a tenant with one small job after another may be this far ahead. One with a backlog gets no more
 * than its share.
 */
const spareLead = 1e6

const datasetBytes = (id: string) => `coalesce((SELECT bytes FROM "Dataset" WHERE "Dataset".id = ${id}), 0)`

/** What differs between the claims for ordinary threads and for the spare thread. */
const ordinary = {
  mayClaim: 'busy < allowed',
  mayTake: '"mayRun"',
  share: 'least($5::int, (SELECT ceil(sum(jobs) / $3::float8)::int FROM tenant))',
  mayStart: '"nthOfTenant" <= runs',
  clock: `, clock AS (
      UPDATE "QueueClock" SET "threadTime" = greatest("QueueClock"."threadTime", turn), "timeScale" = $7::float8
      FROM first WHERE EXISTS (SELECT FROM chosen)
        AND ("QueueClock"."threadTime" < turn OR abs("timeScale" - $7::float8) > 0.05 * "timeScale")
    )`,
  left: '(SELECT coalesce(sum(jobs), 0) FROM tenant)',
}
/**
 * A job that ran before may take longer than estimated, so it waits for an ordinary thread. The clock stays: tenants with
 * earlier turns may wait for ordinary threads.
 */
const onSpare: typeof ordinary = {
  mayClaim: `busy = 0 AND allowed > 0 AND "threadTime" <= (SELECT "threadTime" FROM "QueueClock") + ${spareLead}`,
  mayTake: `"mayRun" AND "isJoinable" AND attempt = 0 AND seconds <= $6::float8
        AND parameters <= ${spareLimits.parameters}
        AND ${datasetBytes('"datasetId"')} + ${datasetBytes('"validationDatasetId"')} <= ${spareLimits.datasetBytes}`,
  share: '$5::int',
  mayStart: '"nthOfTenant" <= runs AND runs = allowed',
  clock: '',
  left: '(SELECT count(*) FROM front)',
}

/**
 * $1 running jobs per tenant by the settings, $2 free threads, $3 all threads, $4 worker, $5 maximum number
 * of jobs, $6 maximum seconds of work in a batch, $7 measured seconds per estimated second, $8 seconds until
 * 1, 2, … threads are free, $9 job with a reservation, $10 seconds until its start.
 *
 * For each tenant, enough jobs are considered to find the complete order, or its share of 1,000. A thread
 * takes at most its share of the queue. Ids are passed as arrays, because the planner would read all jobs
 * instead of joining few.
 *
 * Only the claimed jobs and the first job in turn are locked. Otherwise a concurrent claim would take jobs
 * whose turn is later. At least one row is returned; it has the number of jobs left.
 */
const claimText = (kind: typeof ordinary) => `
    WITH tenant AS MATERIALIZED (
      SELECT waiting.*, ${allowedRuns('waiting."tenantId"', '$1::int')} AS allowed FROM "waitingTenants"() AS waiting
    ), waiting AS MATERIALIZED (
      SELECT * FROM tenant WHERE ${kind.mayClaim} ORDER BY "threadTime" LIMIT 2 * $5::int + 8
    ), candidate AS (
      SELECT waiting."tenantId", allowed, job.*,
        "threadTime" + coalesce(sum("threadTime"(seconds, threads)) OVER (
          PARTITION BY waiting."tenantId" ORDER BY priority DESC, "queueNumber" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS turn, busy + row_number() OVER own <= allowed AS "mayRun"
      FROM waiting CROSS JOIN LATERAL (
        SELECT id, priority, "queueNumber", attempt, parameters, "datasetId", "validationDatasetId", least("Job".threads, $3::int) AS threads,
          $7::float8 * "estimatedSeconds"(epochs - epoch, "stepsPerEpoch", "flopsPerEpoch") AS seconds,
          "Job".threads = 1 AND NOT "claimAlone" AND NOT "hasFolds" AS "isJoinable"
        FROM "Job" WHERE ${guard('claim')} AND "Job"."tenantId" = waiting."tenantId"
        ORDER BY priority DESC, "queueNumber"
        LIMIT least(2 * $5::int + 8, greatest(2, 1000 / (SELECT count(*) FROM waiting)))
      ) AS job
      WINDOW own AS (PARTITION BY waiting."tenantId" ORDER BY priority DESC, "queueNumber")
    ), front AS MATERIALIZED (
      SELECT *, row_number() OVER (ORDER BY turn, "queueNumber") AS place FROM candidate
      WHERE ${kind.mayTake}
      ORDER BY turn, "queueNumber" LIMIT 2 * $5::int + 8
    ), first AS MATERIALIZED (
      SELECT front.*, front.threads <= $2::int AS fits FROM front JOIN "Job" AS job ON job.id = front.id AND ${guard('claim', 'job.status')}
      WHERE job.id = ANY(ARRAY(SELECT id FROM front)) ORDER BY place LIMIT 1 FOR UPDATE OF job SKIP LOCKED
    ), gap AS MATERIALIZED (
      SELECT *, CASE WHEN fits THEN 'Infinity' ELSE
        least(($8::float8[])[threads], CASE WHEN id = $9::text THEN $10::float8 END) END AS seconds,
        greatest(1, ${kind.share}) AS share
      FROM (SELECT id, place, fits, "isJoinable", threads FROM first) AS each
    ), next AS MATERIALIZED (
      SELECT front.* FROM front JOIN gap ON front.place > gap.place
      WHERE CASE WHEN fits THEN gap."isJoinable" ELSE front.threads <= $2::int AND front.seconds <= gap.seconds END
      ORDER BY front.place
      LIMIT (SELECT share FROM gap)
    ), prefix AS (
      SELECT * FROM (
        SELECT each.*, row_number() OVER turns AS nth, bool_and(each."isJoinable") OVER turns
          AND sum(each.seconds) OVER turns <= least($6::float8, gap.seconds) AS "isTogether", share
        FROM (
          SELECT id, "tenantId", allowed, threads, seconds, "isJoinable", place FROM first WHERE fits
          UNION ALL SELECT id, "tenantId", allowed, threads, seconds, "isJoinable", place FROM next
        ) AS each CROSS JOIN gap
        WINDOW turns AS (ORDER BY each.place)
      ) AS numbered
      WHERE threads <= $2::int AND (nth = 1 OR "isTogether")
        AND nth <= share
    ), locked AS MATERIALIZED (
      SELECT prefix.* FROM prefix JOIN "Job" AS job ON job.id = prefix.id AND ${guard('claim', 'job.status')}
      WHERE job.id = ANY(ARRAY(SELECT id FROM prefix)) ORDER BY place FOR UPDATE OF job SKIP LOCKED
    ), free AS MATERIALIZED (
      SELECT "tenantId", "freeRuns"("tenantId", allowed, (SELECT "threadTime" FROM "QueueClock")) AS runs
      FROM (SELECT DISTINCT "tenantId", allowed FROM locked ORDER BY "tenantId") AS each
    ), chosen AS MATERIALIZED (
      SELECT id, place, threads, seconds, count(*) OVER () AS size FROM (
        SELECT *, row_number() OVER (PARTITION BY "tenantId" ORDER BY place) AS "nthOfTenant" FROM locked
      ) AS numbered JOIN free USING ("tenantId") WHERE ${kind.mayStart}
    ), changed AS (
      UPDATE "Job" SET ${enter('claim')}, attempt = attempt + 1, "workerId" = $4, "heartbeatAt" = now(),
        "startedAt" = coalesce("startedAt", now()), "claimSize" = chosen.size, "claimedAt" = now(),
        "heldThreads" = chosen.threads / chosen.size::float8, charged = "threadTime"(seconds, chosen.threads)
      FROM chosen WHERE "Job".id = chosen.id
      RETURNING "Job".id, status, "tenantId", "requestId", "traceId", "spanId", "isSampled", attempt, spec, changes, "datasetId",
        "validationDatasetId", epoch, epochs, parameters, backend, crashes, "pauseAfter",
        "forkOf", "forkEpoch", "sweepId", prefix, place, seconds / $7::float8 AS "estimatedSeconds",
        -- A job that is claimed for the first time has no event.
        extract(epoch FROM now() - CASE WHEN attempt = 1 THEN "createdAt" ELSE coalesce((
          SELECT least(now(), coalesce("retryAt", event."createdAt")) FROM "JobEvent" AS event
          WHERE event."jobId" = "Job".id ORDER BY event.id DESC LIMIT 1
        ), "createdAt") END)::float8 AS "queuedSeconds"
    )${kind.clock}
    SELECT ${kind.left}::float8 - (SELECT count(*) FROM changed) AS "left",
      EXISTS (SELECT FROM front WHERE threads <= $2::int) AS "someFit",
      first.id AS "firstId", first.threads AS "firstThreads",
      changed.*, CASE WHEN changed.id IS NOT NULL THEN (SELECT ${notifyJob}
        FROM (SELECT changed.id, changed.status, changed.epoch) AS changes) END AS hint
    FROM (SELECT) AS one LEFT JOIN changed ON true LEFT JOIN first ON true ORDER BY place`

export const claimStatement = statement('claimJobs', claimRowSchema, claimText(ordinary))
const spareClaimStatement = statement('claimSpareJobs', claimRowSchema, claimText(onSpare))

export const claimJobs = (
  database: Pick<Database, 'pool'>,
  workerId: string,
  capacity: Capacity,
  runningJobs: number,
): Promise<Claimed> => claim(database, claimStatement, workerId, capacity, runningJobs)

/** For the spare thread. */
export const claimSpareJobs = (
  database: Pick<Database, 'pool'>,
  workerId: string,
  capacity: SpareCapacity,
  runningJobs: number,
): Promise<Claimed> =>
  claim(
    database,
    spareClaimStatement,
    workerId,
    { ...capacity, free: 1, freeIn: [0], reservation: null },
    runningJobs,
  )

/** Retries while other statements lock the jobs whose turn it is. */
async function claim(
  { pool }: Pick<Database, 'pool'>,
  statement: typeof claimStatement,
  workerId: string,
  { free, all, jobs, seconds, timeScale, freeIn, reservation }: Capacity,
  runningJobs: number,
): Promise<Claimed> {
  for (;;) {
    const rows = await send(pool, statement, [
      runningJobs,
      free,
      all,
      workerId,
      jobs,
      seconds,
      timeScale,
      freeIn,
      reservation?.jobId ?? null,
      reservation?.seconds ?? null,
    ])
    const taken = rows.flatMap((row) => (row.id === null ? [] : read(row)))
    const [{ left, someFit, firstId, firstThreads }] = rows
    const waits = firstId !== null && firstThreads !== null && firstThreads > free
    if (taken.length > 0 || waits || !someFit) {
      const jobs = taken.flatMap((each) => ('error' in each ? [] : each))
      const unreadable = taken.flatMap((each) => ('error' in each ? each : []))
      return { jobs, unreadable, left, waiting: waits ? { jobId: firstId, threads: firstThreads } : null }
    }
    await sleep(lockedMilliseconds)
  }
}

/** A job that cannot be parsed must not fail the others of its batch. */
function read(row: ClaimedRow): ClaimedJob | Unreadable {
  try {
    return toClaim(row)
  } catch (error) {
    return { claim: { jobId: row.id, attempt: row.attempt }, error }
  }
}

function toClaim(row: ClaimedRow): ClaimedJob {
  return {
    jobId: row.id,
    attempt: row.attempt,
    tenantId: row.tenantId,
    requestId: row.requestId,
    traceId: row.traceId,
    spanId: row.spanId,
    isSampled: row.isSampled,
    queuedSeconds: row.queuedSeconds,
    spec: parseSpec(row.spec),
    changes: row.changes.map((change) => changeSchema.parse(change)),
    datasetId: row.datasetId,
    validationDatasetId: row.validationDatasetId,
    storedEpoch: row.epoch,
    epochs: row.epochs,
    parameters: row.parameters,
    backend: row.backend,
    estimatedSeconds: row.estimatedSeconds,
    crashes: row.crashes,
    pauseAfter: row.pauseAfter,
    sharing:
      row.sweepId === null || row.prefix === null ? null : { sweepId: row.sweepId, prefix: row.prefix },
    fork: row.forkOf === null || row.forkEpoch === null ? null : { jobId: row.forkOf, epoch: row.forkEpoch },
  }
}
