/** Deletes finished jobs with their epochs, checkpoints and snapshots. Models stay. */
import { z } from 'zod'
import { finishedStatuses, type JobStatus } from '../contract/job-status.js'
import { unfinishedSweepStatuses } from '../contract/sweep.js'
import type { Actor } from '../training/ports/audit.js'
import { auditOn } from './audit.js'
import type { Database } from './database.js'
import { idRow, send, statement, transaction } from './statements.js'
import { statusIn } from './transitions.js'

/** The maximum per statement, which locks the rows. */
const maximumPerStatement = 500

/** $1 tenant, $2 statuses, $3 time before which the jobs finished, $4 maximum number. */
const deleteStatement = statement(
  'deleteEnded',
  idRow,
  `WITH old AS MATERIALIZED (
      SELECT id FROM "Job" WHERE "tenantId" = $1 AND status = ANY($2::"JobStatus"[]) AND "finishedAt" < $3 AND "createdAt" < $3
        AND NOT EXISTS (SELECT FROM "Sweep" WHERE "jobId" = "Job".id AND ${statusIn(unfinishedSweepStatuses)})
      ORDER BY "createdAt", id LIMIT $4::int FOR UPDATE SKIP LOCKED
    )
    DELETE FROM "Job" USING old WHERE "Job".id = old.id RETURNING "Job".id`,
)

/** The tenants with jobs beyond their number of days; $1 days by the settings. */
const overdueStatement = statement(
  'overdueJobs',
  z.strictObject({ tenantId: z.string(), before: z.date() }),
  `
    SELECT "tenantId", now() - days * interval '1 day' AS before FROM (
      SELECT use."tenantId", coalesce((limits ->> 'jobDays')::int, $1::int) AS days
      FROM (SELECT DISTINCT "tenantId" FROM "TenantUse") AS use LEFT JOIN "Tenant" ON "Tenant".id = use."tenantId"
    ) AS tenant CROSS JOIN LATERAL (
      -- The limit keeps the planner from reading all jobs.
      SELECT FROM "Job" WHERE "Job"."tenantId" = tenant."tenantId"
        AND "createdAt" < now() - days * interval '1 day' AND "finishedAt" < now() - days * interval '1 day'
      LIMIT 1
    ) AS overdue`,
  { scans: 'the cleanup reads the tenants once' },
)

interface EndedBefore {
  tenantId: string
  statuses: readonly JobStatus[]
  before: Date
  /** Of a request; null for a deletion that needs no entry of the audit log. */
  actor: Actor | null
}

/**
 * Deletes the oldest first, and at most `most`.
 * @returns the number of deleted jobs
 */
export async function deleteEnded(
  { pool }: Pick<Database, 'pool'>,
  { tenantId, statuses, before, actor }: EndedBefore,
  most: number,
): Promise<number> {
  let deleted = 0
  for (;;) {
    const limit = Math.min(maximumPerStatement, most - deleted)
    const values = [tenantId, statuses, before, limit]
    const rows =
      actor === null
        ? await send(pool, deleteStatement, values)
        : await transaction(pool, async (client) => {
            const rows = await send(client, deleteStatement, values)
            const details = { count: rows.length, statuses, before }
            const change = { action: 'jobs.deleted', tenantId, target: null, details } as const
            if (rows.length > 0) await auditOn(client, actor, change)
            return rows
          })
    deleted += rows.length
    if (rows.length < limit || deleted === most) return deleted
  }
}

/** Deletes jobs that are older than the limit of their tenant, or than the setting. */
export async function deleteOverdue(database: Pick<Database, 'pool'>, days: number): Promise<void> {
  const overdue = await send(database.pool, overdueStatement, [days])
  for (const { tenantId, before } of overdue) {
    const ended = { tenantId, statuses: finishedStatuses, before, actor: null }
    await deleteEnded(database, ended, Number.POSITIVE_INFINITY)
  }
}
