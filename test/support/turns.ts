/** Whose turn it is, counted from the rows: what claims and positions must agree with. */
import type { Database } from '../../src/store/database.js'

export interface Turn {
  id: string
  tenantId: string
  /** How many jobs of the tenant run. */
  busy: number
  /** From 1. */
  place: number
}

/**
 * The queued jobs in the order in which they are taken: higher priorities first; within one, tenants take turns: a tenant's
 * n-th waiting job comes after every tenant's job that would be its (n − 1)-th at work or earlier.
 */
export async function turnsOf(database: Database): Promise<Turn[]> {
  return database.$queryRaw<Turn[]>`
    SELECT id, "tenantId", busy::int,
      (row_number() OVER (ORDER BY priority DESC, turn, "queueNumber"))::int AS place
    FROM (
      SELECT queued.id, queued."tenantId", queued.priority, queued."queueNumber", coalesce(busy.jobs, 0) AS busy,
        coalesce(busy.jobs, 0) + row_number() OVER (
          PARTITION BY queued."tenantId", queued.priority ORDER BY queued."queueNumber") AS turn
      FROM "Job" AS queued
      LEFT JOIN (SELECT "tenantId", count(*) AS jobs FROM "Job" WHERE status = 'running' GROUP BY "tenantId") AS busy
        ON busy."tenantId" = queued."tenantId"
      WHERE queued.status = 'queued'
    ) AS waiting
    ORDER BY place`
}
