/** Keys by id, with a hash of their secret. Times are those of the database's clock. */
import { z } from 'zod'
import type { Key } from '../contract/key.js'
import { scopeSchema } from '../contract/key.js'
import type { KeyStore } from '../training/ports/keys.js'
import type { Database } from './database.js'
import type { Key as KeyRow } from './generated/client.js'
import { KeyCache } from './key-cache.js'
import { isLive, sharedLookups } from './lookups.js'
import { idRow, noRow, query, send, statement } from './statements.js'

/** The current key, and its successor during a rotation. */
const maximumLiveKeys = 2

/** Live keys of a tenant that may only predict listed models, such as one for each page that embeds a model. */
const maximumLivePredictKeys = 20

/** Sent every second by each API process. */
const anyStatement = statement(
  'anyKey',
  z.strictObject({ found: z.int() }),
  'SELECT 1 AS found FROM "Key" LIMIT 1',
)
const liveStatement = statement(
  'liveKeys',
  idRow,
  `SELECT id FROM "Key" WHERE id = ANY($1::text[]) AND ${isLive}`,
)

const anyLiveStatement = statement(
  'anyLiveKey',
  z.strictObject({ found: z.int() }),
  `SELECT 1 AS found FROM "Key" WHERE ${isLive} LIMIT 1`,
  { scans: 'a start stops at the first live key' },
)

/** $1 tenant, $2 whether of keys that may only predict listed models, or of others. */
const liveOfTenantStatement = statement(
  'liveKeysOfTenant',
  idRow,
  `SELECT id FROM "Key"
    WHERE "tenantId" = $1 AND (cardinality(models) > 0) = $2 AND ${isLive} ORDER BY "createdAt"`,
)

/** $1 key, $2 days. */
const expireStatement = statement(
  'expireKey',
  noRow,
  `UPDATE "Key" SET "expiresAt" = "createdAt" + $2::float8 * interval '1 day' WHERE id = $1`,
)

const revokeStatement = statement(
  'revokeKey',
  idRow,
  'UPDATE "Key" SET "revokedAt" = now() WHERE id = $1 AND "revokedAt" IS NULL RETURNING id',
)

const deleteStatement = statement(
  'deleteKey',
  idRow,
  `DELETE FROM "Key" WHERE id = $1 AND NOT (${isLive}) RETURNING id`,
)

export function keyStore(database: Database): KeyStore {
  const liveKeys = new KeyCache(sharedLookups(database))
  return {
    async create({ days, ...key }) {
      return database.$transaction(async (client) => {
        // The update locks the tenant, so that concurrent creations count each other.
        await client.tenant.upsert({
          where: { id: key.tenantId },
          create: { id: key.tenantId },
          update: { id: key.tenantId },
        })
        const isLimited = key.models.length > 0
        const live = await query(client, liveOfTenantStatement, [key.tenantId, isLimited])
        const [maximum, kind] = isLimited
          ? [maximumLivePredictKeys, 'live keys with --models']
          : [maximumLiveKeys, 'live keys']
        if (live.length >= maximum) {
          const ids = live.map(({ id }) => id).join(', ')
          throw new Error(
            `Tenant ${key.tenantId} has ${live.length} of ${maximum} ${kind}. Revoke one of ${ids} first.`,
          )
        }
        const { id } = await client.key.create({ data: key })
        if (days !== null) {
          await query(client, expireStatement, [id, days])
        }
        return toKey(await client.key.findUniqueOrThrow({ where: { id } }))
      })
    },

    async list() {
      const rows = await database.key.findMany({ orderBy: [{ tenantId: 'asc' }, { createdAt: 'asc' }] })
      return rows.map(toKey)
    },

    async revoke(id) {
      return (await query(database, revokeStatement, [id])).length > 0
    },

    async delete(id) {
      return (await query(database, deleteStatement, [id])).length > 0
    },

    find: (id) => liveKeys.find(id),

    async live(ids) {
      const rows = await send(database.pool, liveStatement, [ids])
      return rows.map(({ id }) => id)
    },

    async anyLive() {
      return (await query(database, anyLiveStatement, [])).length > 0
    },

    async any() {
      return (await send(database.pool, anyStatement, [])).length > 0
    },
  }
}

function toKey({ sha256, scopes, ...row }: KeyRow): Key {
  return { ...row, scopes: scopes.map((scope) => scopeSchema.parse(scope)) }
}
