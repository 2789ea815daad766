/** Jobs whose run ended because the database or the object store was unavailable or full. */
import { z } from 'zod'
import type { ReleaseReason } from '../contract/job-event.js'
import type { Claim } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { query, statement } from './statements.js'
import { changedRow, effects, guard, returned } from './transitions.js'

/**
 * Such ends without a new epoch in between after which the job fails. Each pause is twice as long as the one before, so
 * a job survives an outage of an hour.
 */
export const maximumOutages = 20
const firstPauseMilliseconds = 1_000
const longestPauseMilliseconds = 300_000

const outagesStatement = statement(
  'countOutages',
  z.strictObject({ outages: z.int() }),
  `
    SELECT count(*)::int AS outages FROM "JobEvent" AS event JOIN "Job" ON "Job".id = "jobId"
    WHERE "jobId" = $1 AND type = 'released' AND event.epoch = "Job".epoch
      AND reason IN ('database-unavailable', 'database-full')`,
)

/** $1 job, $2 attempt, $3 reason, $4 milliseconds. The job holds no threads while it waits. */
const postponeStatement = statement(
  'postponeRun',
  changedRow,
  `
    WITH changed AS (
      UPDATE "Job" SET "heartbeatAt" = now(), charged = 0, "heldThreads" = NULL
      WHERE id = $1 AND attempt = $2::int AND ${guard('release')} RETURNING ${returned()}
    ) ${effects('release', { type: 'released', reason: '$3', retryMilliseconds: '$4' })}`,
)

/** Returns how often the job had such an end since its last epoch. */
export async function countOutages(database: Database, { jobId }: Claim): Promise<number> {
  const [row] = await query(database, outagesStatement, [jobId])
  return row?.outages ?? 0
}

/** @returns milliseconds for which the claim stays; null if it is no longer valid */
export async function postpone(
  database: Database,
  { jobId, attempt }: Claim,
  reason: ReleaseReason,
  outages: number,
): Promise<number | null> {
  const pause = Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** outages)
  const rows = await query(database, postponeStatement, [jobId, attempt, reason, pause])
  return rows.length > 0 ? pause : null
}
