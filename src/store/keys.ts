/** Keys by their id, with a hash of their secret. Time is the database's. */
import type { Key } from '../contract/key.js'
import { scopeSchema } from '../contract/key.js'
import type { KeyStore } from '../training/ports/keys.js'
import { type Database, Prisma, type Statement, send } from './database.js'
import type { Key as KeyRow } from './generated/client.js'
import { LiveKeys } from './live-keys.js'
import { isLive as isLiveText, lookupsOf } from './lookups.js'

/** One in use, and its successor while it is replaced. */
const maximumLiveKeys = 2

const isLive = Prisma.raw(isLiveText)

/** Asked every second by each API process. */
const anyStatement: Statement = { name: 'anyKey', text: 'SELECT 1 FROM "Key" LIMIT 1' }
const liveStatement: Statement = {
  name: 'liveKeys',
  text: `SELECT id FROM "Key" WHERE id = ANY($1::text[]) AND ${isLiveText}`,
}

export function keyStore(database: Database): KeyStore {
  const liveKeys = new LiveKeys(lookupsOf(database))
  return {
    async create({ days, ...key }) {
      return database.$transaction(async (client) => {
        // The update locks the tenant, so that keys made at the same time are counted one after the other.
        await client.tenant.upsert({
          where: { id: key.tenantId },
          create: { id: key.tenantId },
          update: { id: key.tenantId },
        })
        const live = await client.$queryRaw<{ id: string }[]>`
          SELECT id FROM "Key" WHERE "tenantId" = ${key.tenantId} AND ${isLive} ORDER BY "createdAt"`
        if (live.length >= maximumLiveKeys) {
          const ids = live.map(({ id }) => id).join(', ')
          throw new Error(
            `Tenant ${key.tenantId} has ${live.length} live keys, the most allowed: revoke one of ${ids} first.`,
          )
        }
        const { id } = await client.key.create({ data: key })
        if (days !== null) {
          await client.$executeRaw`
            UPDATE "Key" SET "expiresAt" = "createdAt" + ${days}::float8 * interval '1 day' WHERE id = ${id}`
        }
        return toKey(await client.key.findUniqueOrThrow({ where: { id } }))
      })
    },

    async list() {
      const rows = await database.key.findMany({ orderBy: [{ tenantId: 'asc' }, { createdAt: 'asc' }] })
      return rows.map(toKey)
    },

    async revoke(id) {
      return (
        (await database.$executeRaw`
          UPDATE "Key" SET "revokedAt" = now() WHERE id = ${id} AND "revokedAt" IS NULL`) > 0
      )
    },

    async delete(id) {
      return (await database.$executeRaw`DELETE FROM "Key" WHERE id = ${id} AND NOT (${isLive})`) > 0
    },

    find: (id) => liveKeys.find(id),

    async live(ids) {
      const rows = await send<{ id: string }>(database.pool, liveStatement, [ids])
      return rows.map(({ id }) => id)
    },

    async anyLive() {
      const rows = await database.$queryRaw<unknown[]>`SELECT 1 FROM "Key" WHERE ${isLive} LIMIT 1`
      return rows.length > 0
    },

    async any() {
      return (await send(database.pool, anyStatement, [])).length > 0
    },
  }
}

function toKey({ sha256, scopes, ...row }: KeyRow): Key {
  return { ...row, scopes: scopes.map((scope) => scopeSchema.parse(scope)) }
}
