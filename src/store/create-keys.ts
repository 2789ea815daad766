/** Creates keys, and the tenants of first keys. */
import { z } from 'zod'
import type { ApiKey } from '../contract/api-key.js'
import { Problem } from '../contract/problems.js'
import type { Actor } from '../training/ports/audit.js'
import type { NewKey } from '../training/ports/keys.js'
import { audit, type Change } from './audit.js'
import type { Prisma } from './database.js'
import { keyColumns, keyRow, toKey } from './key-rows.js'
import { isLive } from './lookups.js'
import { idRow, query, statement } from './statements.js'

/** The current key, and its successor during a rotation. */
export const maximumLiveKeys = 2

/** Live keys of a tenant that may only predict listed models, such as one for each page that embeds a model. */
const maximumLivePredictKeys = 20

const clockStatement = statement('clock', z.strictObject({ now: z.date() }), 'SELECT now() AS now')

/** $1 tenants, in an order that concurrent creations share, so that they do not deadlock. */
export const createTenantsStatement = statement(
  'createTenants',
  idRow,
  `INSERT INTO "Tenant" (id) SELECT id FROM unnest($1::text[]) WITH ORDINALITY AS tenant(id, place) ORDER BY place
    ON CONFLICT DO NOTHING RETURNING id`,
)

/** $1 tenants. Concurrent creations of keys count each other. */
const lockTenantsStatement = statement(
  'lockTenants',
  z.strictObject({ id: z.string(), isDeleting: z.boolean() }),
  `SELECT id, "deletionRequestedAt" IS NOT NULL AS "isDeleting" FROM "Tenant"
    WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE`,
)

export const beingDeleted = (tenantId: string) =>
  new Problem('tenant-deleting', `Tenant ${tenantId} is being deleted.`)

/** Returns those that may get keys: others are being deleted. */
export async function lockTenants(
  client: Prisma.TransactionClient,
  tenants: readonly string[],
): Promise<Set<string>> {
  const locked = await query(client, lockTenantsStatement, [tenants])
  return new Set(locked.filter(({ isDeleting }) => !isDeleting).map(({ id }) => id))
}

/** $1 tenants. Keys that a rotation replaced do not count. */
const liveOfTenantsStatement = statement(
  'liveKeysOfTenants',
  z.strictObject({ id: z.string(), tenantId: z.string(), isLimited: z.boolean() }),
  `SELECT id, "tenantId", cardinality(models) > 0 AS "isLimited" FROM "Key"
    WHERE "tenantId" = ANY($1::text[]) AND "replacedBy" IS NULL AND ${isLive} ORDER BY "createdAt", id`,
)

/** $1 keys as JSON. */
const insertStatement = statement(
  'insertKeys',
  keyRow,
  `INSERT INTO "Key" (id, "tenantId", name, sha256, scopes, models, "expiresAt")
    SELECT id, "tenantId", name, sha256, scopes, models, coalesce("expiresAt", now() + days * interval '1 day')
    FROM jsonb_to_recordset($1::jsonb) AS new(id text, "tenantId" text, name text, sha256 text, scopes text[],
      models text[], "expiresAt" timestamptz, days float8)
    RETURNING ${keyColumns}`,
)

/** In the order of the keys. Refuses a key by a Problem. */
export async function createKeys(
  client: Prisma.TransactionClient,
  keys: readonly NewKey[],
  actor: Actor,
): Promise<(ApiKey | Problem)[]> {
  const [{ now }] = await query(client, clockStatement, [])
  const outcomes = keys.map((key) => pastExpiry(key, now))
  const tenants = [...new Set(keys.filter((_, index) => outcomes[index] === null).map((key) => key.tenantId))]
  const { changes, open } = await openTenants(client, tenants.toSorted())
  const live = await countLive(client, tenants)
  const refuse = (key: NewKey) => (open.has(key.tenantId) ? live.add(key) : beingDeleted(key.tenantId))
  const refused = outcomes.map((outcome, index) => outcome ?? refuse(keys[index]))
  const accepted = keys.filter((_, index) => refused[index] === null)
  const created = await insertKeys(client, accepted)
  changes.push(...accepted.map((key) => creationOf(created.get(key.id))))
  await audit(client, actor, ...changes)
  return refused.map((refusal, index) => refusal ?? keyOf(created, keys[index].id))
}

/** Creates missing tenants. Returns their entries of the audit log, and the tenants that may get keys. */
async function openTenants(
  client: Prisma.TransactionClient,
  tenants: readonly string[],
): Promise<{ changes: Change[]; open: Set<string> }> {
  const made = await query(client, createTenantsStatement, [tenants])
  const open = await lockTenants(client, tenants)
  return {
    changes: made.map(({ id }) => ({ action: 'tenant.created', tenantId: id, target: id })),
    open,
  }
}

/** The live keys of each tenant and kind, to which accepted keys are added. */
async function countLive(client: Prisma.TransactionClient, tenants: readonly string[]) {
  const ids = new Map<string, string[]>()
  const nameOf = (tenantId: string, isLimited: boolean) => `${tenantId} ${isLimited}`
  for (const { id, tenantId, isLimited } of await query(client, liveOfTenantsStatement, [tenants])) {
    const name = nameOf(tenantId, isLimited)
    ids.set(name, [...(ids.get(name) ?? []), id])
  }
  return {
    /** Returns the refusal; null if the key is within the limit. */
    add({ id, tenantId, models }: NewKey): Problem | null {
      const isLimited = models.length > 0
      const name = nameOf(tenantId, isLimited)
      const live = ids.get(name) ?? []
      const [maximum, kind] = isLimited
        ? [maximumLivePredictKeys, 'live keys with models']
        : [maximumLiveKeys, 'live keys']
      if (live.length >= maximum) {
        const message = `Tenant ${tenantId} has ${live.length} of ${maximum} ${kind}. Revoke one of ${live.join(', ')} first.`
        return new Problem('too-many-keys', message)
      }
      ids.set(name, [...live, id])
      return null
    },
  }
}

async function insertKeys(client: Prisma.TransactionClient, keys: readonly NewKey[]) {
  const values = keys.map(({ expiry, ...key }) => ({
    ...key,
    ...(expiry === null ? {} : 'at' in expiry ? { expiresAt: expiry.at } : { days: expiry.days }),
  }))
  const rows = keys.length === 0 ? [] : await query(client, insertStatement, [JSON.stringify(values)])
  return new Map(rows.map((row) => [row.id, toKey(row)]))
}

function keyOf(created: ReadonlyMap<string, ApiKey>, id: string): ApiKey {
  const key = created.get(id)
  if (key === undefined) throw new Error(`The key ${id} was not stored.`)
  return key
}

function creationOf(key: ApiKey | undefined): Change {
  if (key === undefined) throw new Error('A key was not stored.')
  const { id, tenantId, name, scopes, models, expiresAt } = key
  return { action: 'key.created', tenantId, target: id, details: { name, scopes, models, expiresAt } }
}

function pastExpiry({ expiry }: Pick<NewKey, 'expiry'>, now: Date): Problem | null {
  return expiry !== null && 'at' in expiry ? expiryProblem(expiry.at, now) : null
}

/** Null for a time of the future. */
export function expiryProblem(expiresAt: string, now: Date): Problem | null {
  if (new Date(expiresAt) > now) return null
  const message = `must be later than now, ${now.toISOString()}`
  return new Problem('invalid-request', `/expiresAt: ${message}`, [{ pointer: '/expiresAt', message }])
}
