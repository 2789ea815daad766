/** Long queues in little time: copies of one job's row. */
import { type JobState, type RunningService, smallJob } from './running-service.js'

export interface QueueShape {
  queued: number
  tenants: number
}

/**
 * A build that makes a ticket for each queued job would need minutes for all copies. Only this many seem to lack one.
 * A build without the column ignores the value.
 */
const withoutTicket = 300

/** Columns without values that PostgreSQL generates. */
const givenColumns = `
  SELECT string_agg(quote_ident(column_name), ', ') AS columns FROM information_schema.columns
  WHERE table_schema = current_schema() AND table_name = 'Job'
    AND is_generated = 'NEVER' AND is_identity = 'NO' AND coalesce(column_default, '') NOT LIKE 'nextval%'`

/** Values: the job to copy, the number of copies, the number of tenants. */
const copyStatement = (columns: string) => `
  INSERT INTO "Job" (${columns})
  SELECT ${columns} FROM (
    SELECT copy.* FROM "Job" AS original, generate_series(1, $2::int) AS n,
      jsonb_populate_record(original, jsonb_build_object(
        'id', 'job_' || md5(random()::text || n),
        'tenantId', CASE WHEN n % $3::int = 0 THEN original."tenantId" ELSE 'tenant_' || n % $3::int END,
        'createdAt', original."createdAt" - interval '1 hour' + n * interval '1 millisecond',
        'enqueuedAt', CASE WHEN n > ${withoutTicket} THEN now() + interval '1 day' END
      )) AS copy
    WHERE original.id = $1
  ) AS copies`

/** Adds the missing jobs, and one that is the last of its tenant. */
export async function fill(service: RunningService, { queued, tenants }: QueueShape): Promise<JobState> {
  const { database } = service.processes
  const last = await service.submit(smallJob(0))
  const { rows } = await database.query<{ count: string }>(
    `SELECT count(*) FROM "Job" WHERE status = 'queued'`,
  )
  const missing = queued - Number(rows[0].count)
  if (missing > 0) {
    const { rows: given } = await database.query<{ columns: string }>(givenColumns)
    await database.query(copyStatement(given[0].columns), [last.id, missing, tenants])
  }
  if (missing > queued / 2) await database.query('VACUUM ANALYZE "Job"')
  return last
}

export async function empty({ processes: { database } }: RunningService): Promise<void> {
  await database.query(`DELETE FROM "Job" WHERE status = 'queued'`)
  await database.query('VACUUM ANALYZE "Job"')
}
