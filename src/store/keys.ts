/** Keys by their id, with a hash of their secret. Time is the database's. */
import type { Key } from '../contract/key.js'
import { scopeSchema } from '../contract/key.js'
import type { KeyStore } from '../training/ports.js'
import { type Database, Prisma } from './database.js'
import type { Key as KeyRow } from './generated/client.js'
import { isLive as isLiveText, LiveKeys } from './live-keys.js'

/** One in use, and its successor while it is replaced. */
const maximumLiveKeys = 2

const isLive = Prisma.raw(isLiveText)

export function keyStore(database: Database): KeyStore {
  const liveKeys = new LiveKeys(database)
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
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT id FROM "Key" WHERE id = ANY(${ids}) AND ${isLive}`
      return rows.map(({ id }) => id)
    },

    async anyLive() {
      const rows = await database.$queryRaw<unknown[]>`SELECT 1 FROM "Key" WHERE ${isLive} LIMIT 1`
      return rows.length > 0
    },

    async any() {
      return (await database.key.findFirst({ select: { id: true } })) !== null
    },
  }
}

function toKey({ sha256, scopes, ...row }: KeyRow): Key {
  return { ...row, scopes: scopes.map((scope) => scopeSchema.parse(scope)) }
}
