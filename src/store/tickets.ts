/** Tickets for streams: each is deleted by the statement that uses it, so no two processes can both accept it. */
import { localTenant } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TicketStore } from '../training/ports/stream-tickets.js'
import { type Database, Prisma } from './database.js'

const lifetime = Prisma.sql`interval '30 seconds'`

export function ticketStore(database: Database): TicketStore {
  return {
    async create({ sha256, jobId, keyId }) {
      const [row] = await database.$queryRaw<{ expiresAt: Date }[]>`
        INSERT INTO "StreamTicket" (sha256, "jobId", "keyId", "expiresAt")
        SELECT ${sha256}, id, ${keyId}, now() + ${lifetime} FROM "Job" WHERE id = ${jobId} FOR KEY SHARE
        RETURNING "expiresAt"`
      return row?.expiresAt ?? null
    },

    async createForAll({ sha256, keyId }) {
      const [row] = await database.$queryRaw<{ expiresAt: Date }[]>`
        INSERT INTO "StreamTicket" (sha256, "keyId", "expiresAt") VALUES (${sha256}, ${keyId}, now() + ${lifetime})
        RETURNING "expiresAt"`
      return row.expiresAt
    },

    async use(sha256, jobId) {
      const [row] = await database.$queryRaw<{ tenantId: string; keyId: string | null; limits: unknown }[]>`
        WITH used AS (DELETE FROM "StreamTicket" WHERE sha256 = ${sha256} RETURNING *)
        SELECT owner.id AS "tenantId", used."keyId", "Tenant".limits FROM used
        LEFT JOIN "Job" ON "Job".id = used."jobId"
        LEFT JOIN "Key" ON "Key".id = used."keyId"
        CROSS JOIN LATERAL (SELECT coalesce("Job"."tenantId", "Key"."tenantId", ${localTenant}) AS id) AS owner
        LEFT JOIN "Tenant" ON "Tenant".id = owner.id
        WHERE used."jobId" IS NOT DISTINCT FROM ${jobId} AND used."expiresAt" > now() AND "Key"."revokedAt" IS NULL
          AND ("Key"."expiresAt" IS NULL OR "Key"."expiresAt" > now())`
      if (row === undefined) return null
      const { limits, ...used } = row
      return { ...used, ownLimits: ownLimitsSchema.parse(limits ?? {}) }
    },

    async sweep() {
      await database.$executeRaw`DELETE FROM "StreamTicket" WHERE "expiresAt" <= now()`
    },
  }
}
