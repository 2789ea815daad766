/** What one tenant has, and may have: counted where it is created, so that requests at the same time count each other. */

import { z } from 'zod'
import type { JobSpec } from '../contract/job.js'
import {
  describeLimit,
  effectiveLimit,
  type Limits,
  ownLimitsSchema,
  type TenantLimits,
  type Use,
} from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { Prisma } from './database.js'
import { query, statement } from './statements.js'

/** For stores that create nothing for strangers. */
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

/** Of a spec as text, the same whichever seed was drawn. */
export const specBytes = (spec: JobSpec) => Buffer.byteLength(JSON.stringify({ ...spec, seed: 0 }))

/** What a job will leave, as the function "jobBytes" of the database counts it: weights, epochs and its spec. */
export const bytesToLeave = (parameters: number, spec: JobSpec) =>
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

/** $1 what is locked until the end of the transaction. */
export const lockStatement = statement(
  'lock',
  z.strictObject({ locked: z.string() }),
  'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text AS locked',
)

/** With the tenant's own limits, as they are in the same instant. */
export async function readUse(
  client: Prisma.TransactionClient,
  tenantId: string,
): Promise<{ use: Use; own: TenantLimits['own'] }> {
  const [{ own, ...use }] = await query(client, useStatement, [tenantId])
  return { use, own: ownLimitsSchema.parse(own ?? {}) }
}

type Kept = 'queuedJobs' | 'storedBytes'

const refusals: Record<Kept, (demand: number, describeLimit: string) => Problem> = {
  queuedJobs: (demand, describeLimit) =>
    new Problem('too-many-jobs', `${demand} jobs would be queued or paused; ${describeLimit}.`),
  storedBytes: (demand, describeLimit) =>
    new Problem('too-much-stored', `The stored data would be ${demand} bytes; ${describeLimit}.`),
}

/** Throws Problem `too-many-jobs` or `too-much-stored`. */
export function checkUse(use: Use, limits: TenantLimits, kept: readonly Kept[]): void {
  for (const name of kept) {
    if (use[name] > effectiveLimit(limits, name)) throw refusals[name](use[name], describeLimit(limits, name))
  }
}

/**
 * Others who create something of the tenant wait for the end of the transaction. To be called before the first statement
 * that adds to the tenant's sums: two transactions that take the lock and the row of a sum in different orders wait for
 * each other.
 */
export async function lockLimits(client: Prisma.TransactionClient, tenantId: string): Promise<void> {
  await query(client, lockStatement, [`has ${tenantId}`])
}

/** To be called last in a transaction that has locked the limits. Throws as `checkUse` does. */
export async function keepLimits(
  client: Prisma.TransactionClient,
  tenantId: string,
  settings: Limits,
  kept: readonly Kept[],
): Promise<void> {
  const { use, own } = await readUse(client, tenantId)
  checkUse(use, { settings, own }, kept)
}
