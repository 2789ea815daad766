/** Evaluations of jobs on the rows that they kept apart. */
import { z } from 'zod'
import type { TestCounts } from '../contract/test-evaluation.js'
import type { Database } from './database.js'
import { send, statement } from './statements.js'

/** $1 job, $2 tenant, $3 the key of the rows. */
const recordStatement = statement(
  'recordTest',
  z.strictObject({ ofJob: z.int(), ofRows: z.int(), jobs: z.int(), firstAt: z.date() }),
  `
    WITH own AS (
      UPDATE "Job" SET "testCount" = "testCount" + 1, "testedAt" = coalesce("testedAt", now()), "testKey" = $3
      WHERE id = $1 AND "tenantId" = $2 RETURNING "testCount", "testedAt"
    ), others AS (
      SELECT count(*)::int AS jobs, coalesce(sum("testCount"), 0)::int AS tests, min("testedAt") AS "firstAt"
      FROM "Job" WHERE "tenantId" = $2 AND "testKey" = $3 AND id <> $1
    )
    SELECT "testCount" AS "ofJob", "testCount" + tests AS "ofRows", jobs + 1 AS jobs,
      least("testedAt", "firstAt") AS "firstAt" FROM own, others`,
)

/** Null if there is no such job. */
export async function recordTest(
  { pool }: Pick<Database, 'pool'>,
  { id, tenantId }: { id: string; tenantId: string },
  key: string,
): Promise<TestCounts | null> {
  const [row] = await send(pool, recordStatement, [id, tenantId, key])
  return row === undefined ? null : { ...row, firstAt: row.firstAt.toISOString() }
}
