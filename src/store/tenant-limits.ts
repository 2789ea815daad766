/** What one tenant may have: counted where it is created, so that requests at the same time count each other. */
import { Problem } from '../contract/problems.js'
import type { TenantLimits } from '../training/ports.js'
import type { Prisma } from './database.js'

export const unlimited: TenantLimits = {
  queuedJobs: Number.MAX_SAFE_INTEGER,
  runningJobs: 2 ** 31 - 1,
  storedBytes: Number.MAX_SAFE_INTEGER,
}

/**
 * To be called last in the transaction that creates something; others of the tenant wait for its end.
 * Throws Problem `too-many-jobs` or `too-much-stored`.
 */
export async function keepLimits(
  client: Prisma.TransactionClient,
  tenantId: string,
  limits: TenantLimits,
): Promise<void> {
  await client.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`has ${tenantId}`}, 0))`
  // What unfinished jobs will store is theirs already.
  const [has] = await client.$queryRaw<{ waiting: number; bytes: number }[]>`
    SELECT
      (SELECT count(*) FROM "Job" WHERE "tenantId" = ${tenantId} AND status IN ('queued', 'paused'))::float8 AS waiting,
      (SELECT coalesce(sum(bytes), 0) FROM "Dataset" WHERE "tenantId" = ${tenantId})::float8
        + (SELECT coalesce(sum("weightBytes"), 0) FROM "Model" WHERE "tenantId" = ${tenantId})::float8
        + (SELECT coalesce(sum(4 * parameters::int8), 0) FROM "Job"
           WHERE "tenantId" = ${tenantId} AND status IN ('queued', 'running', 'paused'))::float8 AS bytes`
  const { queuedJobs, storedBytes } = limits
  if (has.waiting > queuedJobs) {
    throw new Problem(
      'too-many-jobs',
      `With this job ${has.waiting} would be queued or paused; ${queuedJobs} are allowed (MAXIMUM_QUEUED_JOBS).`,
    )
  }
  if (has.bytes > storedBytes) {
    throw new Problem(
      'too-much-stored',
      `With this, datasets and models would take ${has.bytes} bytes; ${storedBytes} are allowed (MAXIMUM_STORED_BYTES).`,
    )
  }
}
