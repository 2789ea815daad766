/** Changes, rotates, revokes and deletes keys. */
import { z } from 'zod'
import type { ApiKey, KeyChange } from '../contract/api-key.js'
import { Problem } from '../contract/problems.js'
import type { Actor } from '../training/ports/audit.js'
import type { KeyRotation } from '../training/ports/keys.js'
import { audit } from './audit.js'
import { beingDeleted, expiryProblem, lockTenants, maximumLiveKeys } from './create-keys.js'
import type { Prisma } from './database.js'
import { keyColumns, keyRow, toKey } from './key-rows.js'
import { isLive } from './lookups.js'
import { idRow, query, statement } from './statements.js'
import { lockStatement } from './tenant-limits.js'

/** Live keys of a tenant that were replaced, and those of the same kind that were not. */
const maximumWithReplaced = 10 * maximumLiveKeys

const holdStatement = statement(
  'holdKey',
  z.strictObject({ ...keyRow.shape, now: z.date() }),
  `SELECT ${keyColumns}, now() AS now FROM "Key" WHERE id = $1 FOR NO KEY UPDATE`,
)

const ownerStatement = statement(
  'ownerOfKey',
  z.strictObject({ tenantId: z.string() }),
  'SELECT "tenantId" FROM "Key" WHERE id = $1',
)

/** $1 key: whether another live key has the scope `admin`. */
const otherAdminStatement = statement(
  'otherAdminKey',
  idRow,
  `SELECT key.id FROM (SELECT id, "tenantId" FROM "Key" WHERE 'admin'::text = ANY(scopes) AND id <> $1 AND ${isLive}) AS key
    JOIN "Tenant" ON "Tenant".id = key."tenantId" AND "suspendedAt" IS NULL LIMIT 1`,
)

/** $1 key, $2 name, $3 expiry. */
const changeStatement = statement(
  'changeKey',
  keyRow,
  `UPDATE "Key" SET name = $2, "expiresAt" = $3::timestamptz WHERE id = $1 RETURNING ${keyColumns}`,
)

const revokeStatement = statement(
  'revokeKey',
  keyRow,
  `UPDATE "Key" SET "revokedAt" = now() WHERE id = $1 RETURNING ${keyColumns}`,
)

const deleteStatement = statement('deleteKey', idRow, 'DELETE FROM "Key" WHERE id = $1 RETURNING id')

/** $1 new key, $2 its hash, $3 the key that it replaces. */
const copyStatement = statement(
  'copyKey',
  keyRow,
  `INSERT INTO "Key" (id, "tenantId", name, sha256, scopes, models, "expiresAt")
    SELECT $1, "tenantId", name, $2, scopes, models, "expiresAt" FROM "Key" WHERE id = $3 RETURNING ${keyColumns}`,
)

/** $1 key, $2 its successor, $3 seconds of overlap. A time of the present must not be rounded up. */
const replaceStatement = statement(
  'replaceKey',
  keyRow,
  `UPDATE "Key" SET "replacedBy" = $2, "expiresAt" = least("expiresAt",
      date_trunc('milliseconds', now()) + $3::int * interval '1 second')
    WHERE id = $1 RETURNING ${keyColumns}`,
)

const countStatement = statement(
  'countLiveKeys',
  z.strictObject({ live: z.int() }),
  `SELECT count(*)::int AS live FROM "Key" WHERE "tenantId" = $1 AND ${isLive}`,
)

/** Locks a key. Null if there is none. */
async function holdKey(
  client: Prisma.TransactionClient,
  id: string,
): Promise<{ key: ApiKey; now: Date } | null> {
  const [row] = await query(client, holdStatement, [id])
  if (row === undefined) return null
  const { now, ...key } = row
  return { key: toKey(key), now }
}

function requireLive({ id, status }: ApiKey): void {
  if (status !== 'live') throw new Problem('key-not-live', `The key ${id} is ${status}.`)
}

/** The command line may end the last key, because it can create another. */
async function keepAdmin(
  client: Prisma.TransactionClient,
  { id, scopes }: ApiKey,
  actor: Actor,
): Promise<void> {
  if (actor.type === 'command' || !scopes.includes('admin')) return
  // Concurrent requests could otherwise each leave the key of the other.
  await query(client, lockStatement, ['admin keys'])
  if ((await query(client, otherAdminStatement, [id])).length > 0) return
  const message = `The key ${id} is the last live one with the scope admin. Create another first.`
  throw new Problem('last-admin-key', message)
}

export async function changeKey(
  client: Prisma.TransactionClient,
  id: string,
  { name, expiresAt }: KeyChange,
  actor: Actor,
): Promise<ApiKey | null> {
  const held = await holdKey(client, id)
  if (held === null) return null
  const { key, now } = held
  requireLive(key)
  if (typeof expiresAt === 'string') {
    const problem = expiryProblem(expiresAt, now)
    if (problem !== null) throw problem
    await keepAdmin(client, key, actor)
  }
  if (expiresAt !== undefined && key.replacedBy !== null) throw replaced(key)
  const values = [
    id,
    name === undefined ? key.name : name,
    expiresAt === undefined ? key.expiresAt : expiresAt,
  ]
  const [row] = await query(client, changeStatement, values)
  const changed = toKey(row)
  const before = { name: key.name, expiresAt: key.expiresAt }
  const after = { name: changed.name, expiresAt: changed.expiresAt }
  const { tenantId } = key
  await audit(client, actor, { action: 'key.changed', tenantId, target: id, details: { before, after } })
  return changed
}

export async function rotateKey(
  client: Prisma.TransactionClient,
  id: string,
  { id: newId, sha256, overlapSeconds }: KeyRotation,
  actor: Actor,
): Promise<{ key: ApiKey; previous: ApiKey } | null> {
  const [owner] = await query(client, ownerStatement, [id])
  if (owner === undefined) return null
  const { tenantId } = owner
  // The tenant before the key, as creations do.
  const open = await lockTenants(client, [tenantId])
  const held = await holdKey(client, id)
  if (held === null) return null
  if (!open.has(tenantId)) throw beingDeleted(tenantId)
  requireLive(held.key)
  if (held.key.replacedBy !== null) throw replaced(held.key)
  const [{ live }] = await query(client, countStatement, [tenantId])
  if (live >= maximumWithReplaced) {
    const message = `Tenant ${tenantId} has ${live} of ${maximumWithReplaced} live keys with those that were replaced. Revoke one first.`
    throw new Problem('too-many-keys', message)
  }
  const [copy] = await query(client, copyStatement, [newId, sha256, id])
  const [old] = await query(client, replaceStatement, [id, newId, overlapSeconds])
  const previous = toKey(old)
  const details = { replacedBy: newId, expiresAt: previous.expiresAt }
  await audit(client, actor, { action: 'key.rotated', tenantId, target: id, details })
  return { key: toKey(copy), previous }
}

const replaced = ({ id, replacedBy }: ApiKey) =>
  new Problem('key-not-live', `The key ${id} was replaced by ${replacedBy}.`)

export async function revokeKey(
  client: Prisma.TransactionClient,
  id: string,
  actor: Actor,
): Promise<ApiKey | null> {
  const held = await holdKey(client, id)
  if (held === null) return null
  const { key } = held
  requireLive(key)
  await keepAdmin(client, key, actor)
  const [row] = await query(client, revokeStatement, [id])
  await audit(client, actor, { action: 'key.revoked', tenantId: key.tenantId, target: id })
  return toKey(row)
}

export async function deleteKey(
  client: Prisma.TransactionClient,
  id: string,
  actor: Actor,
): Promise<boolean> {
  const held = await holdKey(client, id)
  if (held === null) return false
  const { status, tenantId } = held.key
  if (status === 'live') throw new Problem('key-not-live', `The key ${id} is still live. Revoke it first.`)
  await query(client, deleteStatement, [id])
  await audit(client, actor, { action: 'key.deleted', tenantId, target: id })
  return true
}
