/**
 * Which running trainings go back to the queue because a tenant waits that holds fewer threads. Only if the claim after it
 * takes the waiting job: its tenant has used less thread time.
 */
import type { Capacity } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { idRow, noRow, send, statement } from './statements.js'
import { allowedRuns } from './tenant-limits.js'
import { guard } from './transitions.js'

/** A job that waits shorter may be about to be claimed by a worker with a free thread. */
const leastWaitSeconds = 0.25
/** After this time, the claim went to another job, or its worker died. */
const retrySeconds = 5
/** A long job waits for a share of the time that it is estimated to take, up to a limit, so that long jobs alternate seldom. */
const waitShare = 0.1
const longestWaitSeconds = 60
/** A run holds its threads for at least this time per parameter: ten times what storing a checkpoint takes at 20 MB/s. */
const secondsPerParameter = 6e-6

const isUnmarked = `("preemptedForAt" IS NULL OR "preemptedForAt" <= now() - interval '${retrySeconds} seconds')`

/**
 * $1 running jobs per tenant by the settings, $2 runs of this worker, $3 free threads, $4 all threads. The runs are returned in
 * the order given, until enough threads are free for the first waiting job in turn for which that is possible.
 */
const preemptStatement = statement(
  'preemptRuns',
  idRow,
  `
    WITH clock AS MATERIALIZED (
      SELECT "threadTime", "timeScale" FROM "QueueClock"
    ), alone AS MATERIALIZED (
      SELECT "tenantId", sum("heldThreads") AS threads FROM "Job"
      WHERE ${guard('release')} AND "claimSize" = 1 GROUP BY "tenantId"
    ), waiting AS MATERIALIZED (
      SELECT tenant."tenantId", tenant."threadTime" AS turn, coalesce(alone.threads, 0) AS held, job.*
      FROM "waitingTenants"() AS tenant LEFT JOIN alone USING ("tenantId") CROSS JOIN clock CROSS JOIN LATERAL (
        SELECT id, "queueNumber", least(threads, $4::int) AS needed, "createdAt", "preemptedForAt",
          clock."timeScale" * "estimatedSeconds"(epochs - epoch, "stepsPerEpoch", "flopsPerEpoch") AS seconds
        FROM "Job" WHERE ${guard('claim')} AND "Job"."tenantId" = tenant."tenantId"
        ORDER BY priority DESC, "queueNumber" LIMIT 1
      ) AS job
      WHERE busy < ${allowedRuns('tenant."tenantId"', '$1::int')}
    ), run AS MATERIALIZED (
      SELECT job.id, place, job."tenantId", "heldThreads" AS threads, alone.threads AS held,
        greatest(clock."threadTime", "usedTime"(job."tenantId") - "beyondCharge"("heldThreads", "claimedAt", charged)
          - charged + time) AS turn,
        time / "heldThreads" / 1e6 AS seconds, parameters * ${secondsPerParameter} AS least
      FROM unnest($2::text[]) WITH ORDINALITY AS given(id, place) JOIN "Job" AS job USING (id)
        JOIN alone USING ("tenantId") CROSS JOIN clock CROSS JOIN LATERAL (SELECT "heldTime"("heldThreads", "claimedAt") AS time) AS so
      WHERE ${guard('release', 'job.status')} AND "claimSize" = 1 AND "heldThreads" > 0
    ), pair AS (
      SELECT waiting.id AS "waitingId", waiting.turn, waiting."queueNumber", needed, run.id, place, threads,
        $3::int + sum(threads) OVER (PARTITION BY waiting.id ORDER BY place) AS free
      FROM waiting JOIN run ON waiting."tenantId" <> run."tenantId" AND waiting.turn < run.turn AND waiting.held < run.held
        AND run.seconds >= greatest(least, least(${longestWaitSeconds}, ${waitShare} * waiting.seconds))
      WHERE needed > $3::int AND "createdAt" <= now() - interval '${leastWaitSeconds} seconds'
        AND ${isUnmarked}
    ), first AS (
      SELECT "waitingId" AS id FROM pair WHERE free >= needed ORDER BY turn, "queueNumber" LIMIT 1
    ), marked AS (
      UPDATE "Job" SET "preemptedForAt" = now() FROM first
      WHERE "Job".id = first.id AND ${guard('claim', '"Job".status')}
        AND ${isUnmarked}
      RETURNING "Job".id
    )
    SELECT pair.id FROM pair JOIN marked ON "waitingId" = marked.id WHERE free - threads < needed ORDER BY place`,
)

/**
 * While no tenant waits, those that run jobs are served alike, so one that comes back starts from what the least of them has
 * used. Otherwise the long trainings of others would give it hours of turns. A run counts what it has held: with the ten
 * seconds that it counts at least, the turn of a tenant that comes back would be after it.
 */
const advanceClockStatement = statement(
  'advanceQueueClock',
  noRow,
  `
    UPDATE "QueueClock" SET "threadTime" = least FROM (
      SELECT min(time) AS least FROM (
        SELECT beyond + coalesce(used, 0) AS time FROM (
          SELECT "tenantId", sum("heldTime"("heldThreads", "claimedAt") - charged) AS beyond FROM "Job"
          WHERE ${guard('release')} AND "claimSize" = 1 GROUP BY "tenantId"
        ) AS serving CROSS JOIN LATERAL (
          SELECT sum("threadTime") AS used FROM "TenantUse" WHERE "TenantUse"."tenantId" = serving."tenantId"
        ) AS charges
        UNION ALL SELECT "threadTime" FROM "waitingTenants"()
      ) AS each
    ) AS active WHERE "threadTime" < least`,
)

/**
 * @param jobIds running jobs of one worker, in the order in which they are preempted
 * @returns those to return to the queue
 */
export async function preempt(
  { pool }: Pick<Database, 'pool'>,
  jobIds: readonly string[],
  { free, all }: Pick<Capacity, 'free' | 'all'>,
  runningJobs: number,
): Promise<string[]> {
  const rows = await send(pool, preemptStatement, [runningJobs, jobIds, free, all])
  return rows.map(({ id }) => id)
}

export async function advanceClock({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await send(pool, advanceClockStatement, [])
}
