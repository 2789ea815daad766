/** The audit log. An entry is written in the transaction of the change that it reports. */
import { z } from 'zod'
import { type AuditAction, type AuditEntry, actorTypeSchema, auditActionSchema } from '../contract/audit.js'
import { Problem } from '../contract/problems.js'
import type { Actor, AuditFilter, AuditStore } from '../training/ports/audit.js'
import type { Database, Prisma } from './database.js'
import { pageByPosition } from './pages.js'
import { noRow, query, send, statement, transaction } from './statements.js'

const defaultAuditDays = 400

/** The maximum per statement of the cleanup. */
const deletedAtOnce = 1_000

export interface Change {
  action: AuditAction
  tenantId: string
  /** The id of the object that changed. */
  target: string
  /** Without secrets. */
  details?: object
}

/** $1 changes as JSON, $2 type and $3 id of the actor, $4 request, $5 address. */
const insertStatement = statement(
  'insertAuditEntries',
  noRow,
  `INSERT INTO "AuditEntry" ("actorType", "actorId", action, "tenantId", target, details, "requestId", address)
    SELECT $2, $3, action, "tenantId", target, coalesce(details, '{}'), $4, $5
    FROM jsonb_to_recordset($1::jsonb) AS change(action text, "tenantId" text, target text, details jsonb)`,
)

const valuesOf = (changes: readonly Change[], { type, id, requestId, address }: Actor) => [
  JSON.stringify(changes),
  type,
  id,
  requestId,
  address,
]

/** Writes entries in the transaction of `client`. @param actor null for the service itself, whose changes have no entry */
export async function audit(
  client: Prisma.TransactionClient,
  actor: Actor | null,
  ...changes: readonly Change[]
): Promise<void> {
  if (actor !== null && changes.length > 0) await query(client, insertStatement, valuesOf(changes, actor))
}

/** Newest first. $1 and $2 the position after which the list begins, $3 first time, $4 maximum number. */
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
      details: z.record(z.string(), z.unknown()),
      requestId: z.string().nullable(),
      address: z.string().nullable(),
    }),
    `SELECT id::text, at, "actorType", "actorId", action, "tenantId", target, details, "requestId", address
      FROM "AuditEntry" WHERE (at, id) < ($1::timestamptz, $2::bigint) AND at >= $3::timestamptz ${conditions}
      ORDER BY at DESC, "AuditEntry".id DESC LIMIT $4::int`,
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
      let deleted: number
      do {
        deleted = await transaction(database.pool, async (client) => {
          await send(client, keepStatement, [String(days)])
          return (await send(client, cleanUpStatement, [days, deletedAtOnce])).length
        })
      } while (deleted === deletedAtOnce)
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

function toEntry({ at, actorType, actorId, ...entry }: Row): AuditEntry {
  return {
    ...entry,
    object: 'auditEntry',
    at: at.toISOString(),
    actor: { type: actorType, id: actorId },
  }
}
