/** The usage that the trigger counts, against the jobs that ended, including deleted ones. */
import { expect } from 'vitest'
import { type Database, Prisma } from '../../src/store/database.js'

interface Sums {
  tenantId: string
  day: string
  succeeded: number
  failed: number
  cancelled: number
  threadSeconds: number
  epochs: number
}

/** From now on, keeps what a deleted job counts. */
export async function keepDeletedJobs(database: Database): Promise<void> {
  await database.$executeRaw`CREATE TABLE "DeletedJob" AS SELECT * FROM "Job" WHERE false`
  await database.$executeRaw`
    CREATE FUNCTION "keepDeletedJobs"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO "DeletedJob" SELECT * FROM gone; RETURN NULL; END $$`
  await database.$executeRaw`
    CREATE TRIGGER "keepDeleted" AFTER DELETE ON "Job" REFERENCING OLD TABLE AS gone
      FOR EACH STATEMENT EXECUTE FUNCTION "keepDeletedJobs"()`
}

/** Fails when a sum is not what the jobs say. */
export async function expectTrueUsage(database: Database): Promise<void> {
  const isolationLevel = Prisma.TransactionIsolationLevel.RepeatableRead
  const [kept, counted] = await database.$transaction(
    async (client) => [
      await client.$queryRaw<Sums[]>`
        SELECT "tenantId", day::text, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled,
          round(sum("threadSeconds")::numeric, 6)::float8 AS "threadSeconds", sum(epochs) AS epochs
        FROM "TenantUsage" GROUP BY 1, 2 ORDER BY 1, 2`,
      await client.$queryRaw<Sums[]>`
        SELECT "tenantId", ("finishedAt" AT TIME ZONE 'UTC')::date::text AS day,
          (count(*) FILTER (WHERE status = 'succeeded'))::float8 AS succeeded,
          (count(*) FILTER (WHERE status = 'failed'))::float8 AS failed,
          (count(*) FILTER (WHERE status = 'cancelled'))::float8 AS cancelled,
          round(sum("trainingSeconds" * threads)::numeric, 6)::float8 AS "threadSeconds",
          sum(CASE WHEN "reusedFrom" IS NULL THEN epoch - coalesce("continuedEpoch", 0) ELSE 0 END)::float8 AS epochs
        FROM (SELECT * FROM "Job" UNION ALL SELECT * FROM "DeletedJob") AS job
        WHERE status IN ('succeeded', 'failed', 'cancelled') GROUP BY 1, 2 ORDER BY 1, 2`,
    ],
    { isolationLevel },
  )
  expect(kept).toEqual(counted)
}
