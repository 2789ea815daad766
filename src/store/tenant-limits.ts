/**
 * What a tenant stores, and its limits. Checked in the transaction that creates something, so that
 * concurrent requests count each other.
 */

import { z } from 'zod'
import type { JobSpec } from '../contract/job-spec.js'
import {
  describeLimit,
  effectiveLimit,
  type Limits,
  ownLimitsSchema,
  type TenantLimits,
  type Use,
} from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { type Client, query, statement } from './statements.js'

/** For stores that create nothing for tenants. */
export const unlimited: Limits = {
  requestsPerMinute: Number.MAX_SAFE_INTEGER,
  sockets: Number.MAX_SAFE_INTEGER,
  queuedJobs: Number.MAX_SAFE_INTEGER,
  runningJobs: 2 ** 31 - 1,
  arenaBytes: Number.MAX_SAFE_INTEGER,
  jobFlops: Number.MAX_SAFE_INTEGER,
  epochs: Number.MAX_SAFE_INTEGER,
  datasetBytes: Number.MAX_SAFE_INTEGER,
  storedBytes: Number.MAX_SAFE_INTEGER,
  jobDays: 36_500,
}

/** The size of a spec as text, independent of the seed. */
export const specBytes = (spec: JobSpec) => Buffer.byteLength(JSON.stringify({ ...spec, seed: 0 }))

/** The bytes that a job will store: weights, epochs and its spec, as the database function "jobBytes". */
export const futureBytes = (parameters: number, spec: JobSpec) =>
  4 * parameters + 32 * spec.epochs + specBytes(spec)

const useStatement = statement(
  'readUse',
  z.strictObject({
    queuedJobs: z.number(),
    runningJobs: z.number(),
    storedBytes: z.number(),
    own: z.unknown(),
  }),
  `SELECT coalesce(sum("queuedJobs"), 0) AS "queuedJobs", coalesce(sum("runningJobs"), 0) AS "runningJobs",
      coalesce(sum("storedBytes"), 0) AS "storedBytes", (SELECT limits FROM "Tenant" WHERE id = $1) AS own
    FROM "TenantUse" WHERE "tenantId" = $1`,
)

/** $1 name of the lock, held until the end of the transaction. */
export const lockStatement = statement(
  'lock',
  z.strictObject({ locked: z.string() }),
  'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text AS locked',
)

/** The use and the tenant's own limits, from one snapshot. */
export async function readUse(
  client: Client,
  tenantId: string,
): Promise<{ use: Use; own: TenantLimits['own'] }> {
  const [{ own, ...use }] = await query(client, useStatement, [tenantId])
  return { use, own: ownLimitsSchema.parse(own ?? {}) }
}

/** How many jobs of a tenant may run, as SQL: none while the tenant is suspended. @param setting for tenants without own limit */
export const allowedRuns = (tenant: string, setting: string) => `
  coalesce((SELECT CASE WHEN "suspendedAt" IS NULL THEN (limits ->> 'runningJobs')::int ELSE 0 END
    FROM "Tenant" WHERE "Tenant".id = ${tenant}), ${setting})`

type Kept = 'queuedJobs' | 'storedBytes'

const refusals: Record<Kept, (demand: number, describeLimit: string) => Problem> = {
  queuedJobs: (demand, describeLimit) =>
    new Problem('too-many-jobs', `${demand} jobs would be queued or paused; ${describeLimit}.`),
  storedBytes: (demand, describeLimit) =>
    new Problem('too-much-stored', `The stored data would be ${demand} bytes; ${describeLimit}.`),
}

/** @throws Problem `too-many-jobs` or `too-much-stored` */
export function checkUse(use: Use, limits: TenantLimits, kept: readonly Kept[]): void {
  for (const name of kept) {
    if (use[name] > effectiveLimit(limits, name)) throw refusals[name](use[name], describeLimit(limits, name))
  }
}

/**
 * Other creations of the tenant wait until the transaction ends. Call this before any statement that adds to
 * the tenant's sums: transactions that lock the tenant and a sum in different orders would deadlock.
 */
export async function lockLimits(client: Client, tenantId: string): Promise<void> {
  await query(client, lockStatement, [`has ${tenantId}`])
}

/**
 * Called last in a transaction that has locked the limits.
 * @throws Problem `too-many-jobs` or `too-much-stored`
 */
export async function enforceLimits(
  client: Client,
  tenantId: string,
  settings: Limits,
  kept: readonly Kept[],
): Promise<void> {
  const { use, own } = await readUse(client, tenantId)
  checkUse(use, { settings, own }, kept)
}

/**
 * Runs a change of labels, which may also free storage: a tenant above its limit may do that.
 * @throws Problem `too-much-stored` if more would be stored than before and than the limit
 */
export async function enforceGrowth<T>(
  client: Client,
  tenantId: string,
  settings: Limits,
  change: () => Promise<T>,
): Promise<T> {
  await lockLimits(client, tenantId)
  const before = await readUse(client, tenantId)
  const result = await change()
  const { use, own } = await readUse(client, tenantId)
  if (use.storedBytes > before.use.storedBytes) checkUse(use, { settings, own }, ['storedBytes'])
  return result
}
