/** Stream tickets. The statement that uses a ticket deletes it, so that two processes cannot both accept it. */
import { z } from 'zod'
import { localTenant } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TicketStore } from '../training/ports/stream-tickets.js'
import type { Database } from './database.js'
import { noRow, query, statement } from './statements.js'

const lifetime = `interval '30 seconds'`

const createdRow = z.strictObject({ expiresAt: z.date() })

/** $1 hash, $2 key, $3 job, $4 share link. */
const createStatement = statement(
  'createTicket',
  createdRow,
  `INSERT INTO "StreamTicket" (sha256, "jobId", "keyId", "shareLinkId", "expiresAt")
    SELECT $1, id, $2, $4, now() + ${lifetime} FROM "Job" WHERE id = $3 FOR KEY SHARE
    RETURNING "expiresAt"`,
)

const createForAllStatement = statement(
  'createTicketForAll',
  createdRow,
  `INSERT INTO "StreamTicket" (sha256, "keyId", "expiresAt") VALUES ($1, $2, now() + ${lifetime})
    RETURNING "expiresAt"`,
)

/** $1 hash, $2 job. */
const useStatement = statement(
  'useTicket',
  z.strictObject({
    tenantId: z.string(),
    keyId: z.string().nullable(),
    shareLinkId: z.string().nullable(),
    limits: z.unknown(),
  }),
  `
        WITH used AS (DELETE FROM "StreamTicket" WHERE sha256 = $1 RETURNING *)
        SELECT owner.id AS "tenantId", used."keyId", used."shareLinkId", "Tenant".limits FROM used
        LEFT JOIN "Job" ON "Job".id = used."jobId"
        LEFT JOIN "Key" ON "Key".id = used."keyId"
        CROSS JOIN LATERAL (SELECT coalesce("Job"."tenantId", "Key"."tenantId", '${localTenant}') AS id) AS owner
        LEFT JOIN "Tenant" ON "Tenant".id = owner.id
        WHERE used."jobId" IS NOT DISTINCT FROM $2 AND used."expiresAt" > now() AND "Key"."revokedAt" IS NULL
          AND ("Key"."expiresAt" IS NULL OR "Key"."expiresAt" > now()) AND "Tenant"."suspendedAt" IS NULL`,
)

const cleanUpStatement = statement(
  'cleanUpTickets',
  noRow,
  'DELETE FROM "StreamTicket" WHERE "expiresAt" <= now()',
)

export function ticketStore(database: Database): TicketStore {
  return {
    async create({ sha256, jobId, keyId, shareLinkId = null }) {
      const [row] = await query(database, createStatement, [sha256, keyId, jobId, shareLinkId])
      return row?.expiresAt ?? null
    },

    async createForAll({ sha256, keyId }) {
      const [row] = await query(database, createForAllStatement, [sha256, keyId])
      return row.expiresAt
    },

    async use(sha256, jobId) {
      const [row] = await query(database, useStatement, [sha256, jobId])
      if (row === undefined) return null
      const { limits, ...used } = row
      return { ...used, ownLimits: ownLimitsSchema.parse(limits ?? {}) }
    },

    async cleanUp() {
      await query(database, cleanUpStatement, [])
    },
  }
}
