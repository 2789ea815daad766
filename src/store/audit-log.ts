/** The audit log: entries, and counts of the further changes of a day. Both are deleted after AUDIT_DAYS. */
import { z } from 'zod'
import { type AuditEntry, actorTypeSchema, auditActionSchema } from '../contract/audit.js'
import { Problem } from '../contract/problems.js'
import type { AuditFilter, AuditStore } from '../training/ports/audit.js'
import type { Database } from './database.js'
import { pageByPosition } from './pages.js'
import { send, statement, transaction } from './statements.js'

const defaultAuditDays = 400

/** The maximum per statement of the cleanup. */
const deletedAtOnce = 1_000

/**
 * Newest first; a count has the time of its first change. $1 and $2 the position after which the list begins, $3 first time,
 * $4 maximum number.
 */
const listStatement = (name: string, conditions: string) =>
  statement(
    name,
    z.strictObject({
      id: z.string(),
      at: z.date(),
      actorType: actorTypeSchema,
      actorId: z.string().nullable(),
      action: auditActionSchema,
      tenantId: z.string().nullable(),
      target: z.string().nullable(),
      details: z.record(z.string(), z.unknown()).nullable(),
      requestId: z.string().nullable(),
      address: z.string().nullable(),
      further: z.int().nullable(),
      lastAt: z.date().nullable(),
      objects: z.number().nullable(),
    }),
    `SELECT id::text, at, "actorType", "actorId", action, "tenantId", target, details, "requestId", address, further, "lastAt",
        objects
      FROM (
        (SELECT id, at, "actorType", "actorId", action, "tenantId", target, details, "requestId", address, NULL::int AS further,
            NULL::timestamptz AS "lastAt", NULL::float8 AS objects
          FROM "AuditEntry" WHERE (at, id) < ($1::timestamptz, $2::bigint) AND at >= $3::timestamptz ${conditions}
          ORDER BY at DESC, id DESC LIMIT $4::int)
        UNION ALL
        (SELECT id, at, "actorType", nullif("actorId", ''), action, "tenantId", NULL, NULL, "requestId", address, further,
            "lastAt", objects
          FROM "AuditCount" WHERE at IS NOT NULL AND (at, id) < ($1::timestamptz, $2::bigint)
            AND at >= $3::timestamptz - interval '1 day' AND "lastAt" >= $3::timestamptz ${conditions}
          ORDER BY at DESC, id DESC LIMIT $4::int)
      ) AS entry ORDER BY at DESC, entry.id DESC LIMIT $4::int`,
  )

const allStatement = listStatement('auditEntries', '')
const ofTenantStatement = listStatement('auditEntriesOfTenant', 'AND "tenantId" = $5')
const ofActionStatement = listStatement('auditEntriesOfAction', 'AND action = $5')
const ofBothStatement = listStatement('auditEntriesOfBoth', 'AND "tenantId" = $5 AND action = $6')

const keepStatement = statement(
  'setAuditDays',
  z.strictObject({ days: z.string() }),
  `SELECT set_config('descent.audit_days', $1::text, true) AS days`,
)

/** $1 days, $2 maximum number. */
const cleanUpStatement = statement(
  'cleanUpAuditEntries',
  z.strictObject({ id: z.string() }),
  `DELETE FROM "AuditEntry" WHERE id = ANY(ARRAY(
    SELECT id FROM "AuditEntry" WHERE at < now() - $1::int * interval '1 day' ORDER BY at, id LIMIT $2::int
  )) RETURNING id::text`,
)

/** $1 days, $2 maximum number. Counts of earlier days that are no entry are not needed any more. */
const cleanUpCountsStatement = statement(
  'cleanUpAuditCounts',
  z.strictObject({ day: z.date() }),
  `DELETE FROM "AuditCount" WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM "AuditCount" WHERE day < (now() AT TIME ZONE 'UTC')::date - 1
      AND (at IS NULL OR day < (now() AT TIME ZONE 'UTC')::date - $1::int) ORDER BY day LIMIT $2::int FOR UPDATE SKIP LOCKED
  )) RETURNING day`,
)

export function auditStore(database: Database, days = defaultAuditDays): AuditStore {
  return {
    async list(filter, page) {
      const { tenantId, action, since } = filter
      const position = readPosition(page.after, filter)
      const values = [...position, since ?? '-infinity', page.limit + 1]
      const [statement, filters] =
        tenantId === undefined
          ? action === undefined
            ? ([allStatement, []] as const)
            : ([ofActionStatement, [action]] as const)
          : action === undefined
            ? ([ofTenantStatement, [tenantId]] as const)
            : ([ofBothStatement, [tenantId, action]] as const)
      const rows = await send(database.pool, statement, [...values, ...filters])
      return pageByPosition(rows, page, toEntry, ({ id, at }) => `${id}~${at.getTime().toString(36)}`)
    },

    async cleanUp() {
      for (const statement of [cleanUpStatement, cleanUpCountsStatement]) {
        let deleted: number
        do {
          deleted = await transaction(database.pool, async (client) => {
            await send(client, keepStatement, [String(days)])
            return (await send<object>(client, statement, [days, deletedAtOnce])).length
          })
        } while (deleted === deletedAtOnce)
      }
    },
  }
}

/** Time and id before which the entries of the page are. */
function readPosition(after: string | undefined, { until }: AuditFilter): [Date | string, string] {
  const none = '0'
  if (after === undefined) return [until ?? 'infinity', none]
  const { id, time } = /^(?<id>\d{1,18})~(?<time>[0-9a-z]{1,9})$/.exec(after)?.groups ?? {}
  if (id === undefined || time === undefined) {
    const message = 'must be the lastId of a page'
    throw new Problem('invalid-request', `/after: ${message}`, [{ pointer: '/after', message }])
  }
  const at = new Date(Number.parseInt(time, 36))
  return until !== undefined && until < at ? [until, none] : [at, id]
}

type Row = z.infer<typeof allStatement.row>

function toEntry({ at, actorType, actorId, details, further, lastAt, objects, ...entry }: Row): AuditEntry {
  const count = objects === null ? {} : { count: objects }
  return {
    ...entry,
    object: 'auditEntry',
    at: at.toISOString(),
    actor: { type: actorType, id: actorId },
    details: details ?? { changes: further, until: lastAt?.toISOString(), ...count },
  }
}
