/** Tenants of the service, as operators manage them. */
import { z } from 'zod'
import { localTenant } from '../contract/key.js'
import { type LimitChanges, ownLimitsSchema } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { StoredTenant } from '../contract/tenant.js'
import type { Actor } from '../training/ports/audit.js'
import type { TenantAdministration } from '../training/ports/tenants.js'
import { audit } from './audit.js'
import { beingDeleted, createTenantsStatement } from './create-keys.js'
import type { Database, Prisma } from './database.js'
import { isLive } from './lookups.js'
import { pageByPosition } from './pages.js'
import { idRow, query, send, statement } from './statements.js'
import { readUse } from './tenant-limits.js'

const tenantRow = z.strictObject({
  id: z.string(),
  limits: z.unknown(),
  createdAt: z.date(),
  suspendedAt: z.date().nullable(),
  suspendedReason: z.string().nullable(),
  deletionRequestedAt: z.date().nullable(),
  queuedJobs: z.number(),
  runningJobs: z.number(),
  storedBytes: z.number(),
  liveKeys: z.int(),
  lastJobAt: z.date().nullable(),
})

/** The rows of the tenants that `from` selects, as `tenant`. */
const selectTenants = (from: string) => `
  SELECT tenant.id, limits, tenant."createdAt", "suspendedAt", "suspendedReason", "deletionRequestedAt", use.*,
    (SELECT count(*)::int FROM "Key" WHERE "tenantId" = tenant.id AND ${isLive}) AS "liveKeys",
    (SELECT "createdAt" FROM "Job" WHERE "tenantId" = tenant.id ORDER BY "createdAt" DESC, id DESC LIMIT 1) AS "lastJobAt"
  FROM (${from}) AS tenant CROSS JOIN LATERAL (
    SELECT coalesce(sum("queuedJobs"), 0) AS "queuedJobs", coalesce(sum("runningJobs"), 0) AS "runningJobs",
      coalesce(sum("storedBytes"), 0) AS "storedBytes" FROM "TenantUse" WHERE "tenantId" = tenant.id
  ) AS use`

/** $1 id after which the list begins, $2 prefix, $3 maximum number. Characters of ids come before `{`. */
const listStatement = statement(
  'listTenants',
  tenantRow,
  `${selectTenants(`
    SELECT * FROM "Tenant" WHERE id ~>~ $1 AND id ~>=~ $2 AND id ~<~ ($2 || '{') ORDER BY id USING ~<~ LIMIT $3::int`)}
  ORDER BY tenant.id USING ~<~`,
)

const getStatement = statement('getTenant', tenantRow, selectTenants('SELECT * FROM "Tenant" WHERE id = $1'))

const holdStatement = statement(
  'holdTenant',
  z.strictObject({ limits: z.unknown(), suspendedReason: z.string().nullable(), isDeleting: z.boolean() }),
  `SELECT limits, "suspendedReason", "deletionRequestedAt" IS NOT NULL AS "isDeleting" FROM "Tenant"
    WHERE id = $1 FOR NO KEY UPDATE`,
)

/** $1 tenant, $2 limits to set, $3 names of limits to reset. */
const changeStatement = statement(
  'changeLimits',
  idRow,
  'UPDATE "Tenant" SET limits = (limits || $2::jsonb) - $3::text[] WHERE id = $1 RETURNING id',
)

/** $1 tenant, $2 reason; null resumes it. */
const suspendStatement = statement(
  'suspendTenant',
  idRow,
  `UPDATE "Tenant" SET "suspendedReason" = $2,
      "suspendedAt" = CASE WHEN $2::text IS NOT NULL THEN coalesce("suspendedAt", now()) END
    WHERE id = $1 RETURNING id`,
)

/** $1 tenant, $2 actor, $3 reason for its keys. */
const requestDeletionStatement = statement(
  'requestTenantDeletion',
  idRow,
  `UPDATE "Tenant" SET "deletionRequestedAt" = now(), "deletionActor" = $2::jsonb,
      "suspendedAt" = coalesce("suspendedAt", now()), "suspendedReason" = coalesce("suspendedReason", $3)
    WHERE id = $1 RETURNING id`,
)

const adminKeyStatement = statement(
  'adminKeyOfTenant',
  idRow,
  `SELECT id FROM "Key" WHERE "tenantId" = $1 AND 'admin'::text = ANY(scopes) AND ${isLive} LIMIT 1`,
)

export function tenantAdministration(database: Database): TenantAdministration {
  return {
    async list(prefix, page) {
      const rows = await send(database.pool, listStatement, [page.after ?? '', prefix, page.limit + 1])
      return pageByPosition(rows, page, toTenant, ({ id }) => id)
    },

    async get(id) {
      const [row] = await send(database.pool, getStatement, [id])
      return row === undefined ? null : toTenant(row)
    },

    create: (id, limits, actor) =>
      database.$transaction(async (client) => {
        const isNew = (await query(client, createTenantsStatement, [[id]])).length > 0
        if (isNew) await audit(client, actor, { action: 'tenant.created', tenantId: id, target: id })
        await changeLimits(client, id, limits, actor)
        return isNew
      }),

    changeLimits: (id, changes, actor) =>
      database.$transaction(async (client) => {
        if (id === localTenant) await query(client, createTenantsStatement, [[id]])
        return changeLimits(client, id, changes, actor)
      }),

    suspend: (id, reason, actor) =>
      database.$transaction(async (client) => {
        if ((await holdTenant(client, id)) === null) return false
        const [key] = await query(client, adminKeyStatement, [id])
        if (key !== undefined) throw hasAdminKey(id, key.id)
        await query(client, suspendStatement, [id, reason])
        await audit(client, actor, {
          action: 'tenant.suspended',
          tenantId: id,
          target: id,
          details: { reason },
        })
        return true
      }),

    resume: (id, actor) =>
      database.$transaction(async (client) => {
        const tenant = await holdTenant(client, id)
        if (tenant === null) return false
        if (tenant.suspendedReason === null) return true
        await query(client, suspendStatement, [id, null])
        await audit(client, actor, { action: 'tenant.resumed', tenantId: id, target: id })
        return true
      }),

    delete: (id, isConfirmed, actor) =>
      database.$transaction(async (client) => {
        const [tenant] = await query(client, holdStatement, [id])
        if (tenant === undefined) return null
        // Before the eraser of another process deletes the row.
        const read = async () => toTenant((await query(client, getStatement, [id]))[0])
        if (tenant.isDeleting) return read()
        const [key] = await query(client, adminKeyStatement, [id])
        if (key !== undefined) throw hasAdminKey(id, key.id)
        const { use } = await readUse(client, id)
        const wasSuspended = tenant.suspendedReason !== null
        if (!isConfirmed && (!wasSuspended || use.runningJobs > 0))
          throw isActive(id, wasSuspended, use.runningJobs)
        const reason = 'Its data is being deleted.'
        await query(client, requestDeletionStatement, [id, JSON.stringify(actor), reason])
        const change = { tenantId: id, target: id, details: { wasSuspended, ...use } }
        await audit(client, actor, { action: 'tenant.deletionRequested', ...change })
        return read()
      }),
  }
}

/** Locks a tenant. Null if there is none. @throws Problem `tenant-deleting` */
async function holdTenant(client: Prisma.TransactionClient, id: string) {
  const [tenant] = await query(client, holdStatement, [id])
  if (tenant === undefined) return null
  if (tenant.isDeleting) throw beingDeleted(id)
  return tenant
}

/** False if there is no such tenant. Writes no entry if nothing changes. */
async function changeLimits(
  client: Prisma.TransactionClient,
  id: string,
  changes: LimitChanges,
  actor: Actor,
): Promise<boolean> {
  const tenant = await holdTenant(client, id)
  if (tenant === null) return false
  const own = ownLimitsSchema.parse(tenant.limits)
  const changed = Object.entries(changes).filter(([name, value]) => (ownOf(own, name) ?? null) !== value)
  if (changed.length === 0) return true
  const set = changed.filter(([, value]) => value !== null)
  const unset = changed.flatMap(([name, value]) => (value === null ? [name] : []))
  await query(client, changeStatement, [id, JSON.stringify(Object.fromEntries(set)), unset])
  const before = Object.fromEntries(changed.map(([name]) => [name, ownOf(own, name) ?? null]))
  const details = { before, after: Object.fromEntries(changed) }
  await audit(client, actor, { action: 'limits.changed', tenantId: id, target: id, details })
  return true
}

const ownOf = (own: Readonly<Record<string, number | undefined>>, name: string) => own[name]

function hasAdminKey(tenantId: string, keyId: string): Problem {
  const message = `Tenant ${tenantId} has the live key ${keyId} with the scope admin. Revoke it first.`
  return new Problem('last-admin-key', message)
}

function isActive(tenantId: string, isSuspended: boolean, runningJobs: number): Problem {
  const jobs = runningJobs === 1 ? '1 job runs' : `${runningJobs} jobs run`
  const [state, advice] = isSuspended
    ? [`is suspended, but ${jobs}`, 'Wait until they have ended']
    : [`is not suspended${runningJobs > 0 ? `, and ${jobs}` : ''}`, 'Suspend it first']
  const message = `Tenant ${tenantId} ${state}. ${advice}, or repeat the request with confirm=${tenantId}.`
  return new Problem('tenant-active', message)
}

function toTenant({
  limits,
  queuedJobs,
  runningJobs,
  storedBytes,
  ...row
}: z.infer<typeof tenantRow>): StoredTenant {
  return { ...row, ownLimits: ownLimitsSchema.parse(limits), use: { queuedJobs, runningJobs, storedBytes } }
}
