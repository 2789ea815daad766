/** Jobs whose worker or thread died: they are queued again, or fail when that happened too often. */
import type { ReleaseReason } from '../contract/job-event.js'
import type { Claim } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { query, statement } from './statements.js'
import { changedRow, effects, enterEither, guard, returned } from './transitions.js'

/** A third crash without a new epoch in between ends the job. */
const maximumCrashes = 3

/**
 * The worker does not say which job of a batch crashed it. Each is then claimed alone, and only further
 * crashes count.
 */
const unlessTogether = `(crashes + CASE WHEN "claimSize" > 1 THEN 0 ELSE 1 END)`
const always = '(crashes + 1)'

interface Crash {
  /** Which jobs, besides those that run. */
  where: string
  /** The new value of `crashes`. */
  crashes: string
  reason: ReleaseReason
  /** Milliseconds for which the claim is held before the job is queued again. */
  retryMilliseconds?: string
}

function crashStatement(name: string, { where, crashes, reason, retryMilliseconds }: Crash) {
  const isHeld = retryMilliseconds !== undefined
  const fails = `${crashes} >= ${maximumCrashes}`
  return statement(
    name,
    changedRow,
    `
    WITH locked AS MATERIALIZED (
      SELECT id FROM "Job" WHERE ${guard(['fail', 'release'])} AND ${where} ORDER BY id FOR NO KEY UPDATE
    ), changed AS (
      UPDATE "Job" SET ${enterEither(fails, 'fail', isHeld ? null : 'release')},
        "finishedAt" = CASE WHEN ${fails} THEN now() END,
        "errorCode" = CASE WHEN ${fails} THEN 'worker-crashed' END,
        "errorMessage" = CASE WHEN ${fails}
          THEN 'The worker died ' || ${crashes} || ' times while training this job, without a new epoch in between.' END,
        "errorEpoch" = CASE WHEN ${fails} THEN epoch END,
        crashes = ${crashes}, "heartbeatAt" = ${isHeld ? 'now()' : 'NULL'},
        ${isHeld ? 'charged = 0, "heldThreads" = NULL,' : ''}
        "claimAlone" = "claimAlone" OR coalesce("claimSize" > 1, false), "claimSize" = NULL
      FROM locked WHERE "Job".id = locked.id
      RETURNING ${returned()}
    ) ${effects(['fail', 'release'], { type: 'released', reason: `'${reason}'`, retryMilliseconds })}`,
  )
}

const abandonedStatement = crashStatement('releaseAbandoned', {
  where: `"heartbeatAt" < now() - $1::int * interval '1 millisecond'`,
  crashes: unlessTogether,
  reason: 'worker-died',
})

export async function releaseAbandoned(database: Database, milliseconds: number): Promise<void> {
  await query(database, abandonedStatement, [milliseconds])
}

const workerStatement = crashStatement('releaseWorker', {
  where: `"workerId" = $1`,
  crashes: unlessTogether,
  reason: 'worker-died',
})

export async function releaseWorker(database: Database, workerId: string): Promise<void> {
  await query(database, workerStatement, [workerId])
}

const threadDied = {
  where: 'id = $1 AND attempt = $2::int',
  crashes: always,
  reason: 'thread-died',
} as const
const crashedStatement = crashStatement('releaseCrashed', threadDied)
/** The job holds no threads while it waits. */
const heldStatement = crashStatement('holdCrashed', { ...threadDied, retryMilliseconds: '$3' })

/** @returns whether the claim is held, because the job is to be queued again later */
export async function releaseCrashed(
  database: Database,
  { jobId, attempt }: Claim,
  retryMilliseconds: number,
): Promise<boolean> {
  if (retryMilliseconds === 0) {
    await query(database, crashedStatement, [jobId, attempt])
    return false
  }
  const rows = await query(database, heldStatement, [jobId, attempt, retryMilliseconds])
  return rows.some(({ status }) => status === 'running')
}
