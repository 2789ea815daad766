/**
 * Writes the audit log, in the transaction of the change that it reports. Changes that a key may make as often as it likes have
 * a limited number of entries a day. A row of AuditCount counts the further ones.
 */
import { type AuditAction, frequentActions, separateEntries } from '../contract/audit.js'
import type { Actor } from '../training/ports/audit.js'
import type { Prisma } from './database.js'
import { type Connection, noRow, query, type Statement, send, statement } from './statements.js'

export interface Change {
  action: AuditAction
  tenantId: string
  /** The id of the object that changed; null for several. */
  target: string | null
  /** Without secrets. `count`, if there is one, is summed for further changes. */
  details?: object
}

const columns = '"actorType", "actorId", action, "tenantId", target, details, "requestId", address'

/** $1 changes as JSON, $2 type and $3 id of the actor, $4 request, $5 address. */
const insertStatement = statement(
  'insertAuditEntries',
  noRow,
  `INSERT INTO "AuditEntry" (${columns})
    SELECT $2, $3, action, "tenantId", target, coalesce(details, '{}'), $4, $5
    FROM jsonb_to_recordset($1::jsonb) AS change(action text, "tenantId" text, target text, details jsonb)`,
)

/**
 * $1 tenant, $2 action, $3 target, $4 details, $5 type and $6 id of the actor, $7 request, $8 address, $9 separate entries.
 * The count stays locked until the commit, so at most short statements of a transaction follow.
 */
const countStatement = statement(
  'countAuditEntry',
  noRow,
  `WITH total AS (
      INSERT INTO "AuditCount" AS total ("tenantId", "actorType", "actorId", action, day)
      VALUES ($1, $5, coalesce($6, ''), $2, (now() AT TIME ZONE 'UTC')::date)
      ON CONFLICT ("tenantId", "actorType", "actorId", action, day) DO UPDATE SET
        changes = total.changes + 1,
        (id, at, "lastAt", further, objects, "requestId", address) = (
          SELECT coalesce(total.id, nextval('"AuditEntry_id_seq"')), coalesce(total.at, now()),
            greatest(total."lastAt", now()), coalesce(total.further, 0) + 1,
            coalesce(total.objects + count, total.objects, count), $7::text, $8::text
          FROM (SELECT ($4::jsonb ->> 'count')::float8 AS count) AS details WHERE total.changes >= $9::int
        )
      RETURNING id
    )
    INSERT INTO "AuditEntry" (${columns}) SELECT $5, $6, $2, $1, $3, $4::jsonb, $7, $8 FROM total WHERE id IS NULL`,
)

/** @param actor null for the service itself, whose changes have no entry */
export const audit = (
  client: Prisma.TransactionClient,
  actor: Actor | null,
  ...changes: readonly Change[]
): Promise<void> => write((statement, values) => query(client, statement, values), actor, changes)

/** The same in a transaction of a connection. */
export const auditOn = (connection: Connection, actor: Actor, change: Change): Promise<void> =>
  write((statement, values) => send(connection, statement, values), actor, [change])

async function write(
  run: (statement: Statement, values: unknown[]) => Promise<unknown>,
  actor: Actor | null,
  changes: readonly Change[],
): Promise<void> {
  if (actor === null) return
  const { type, id, requestId, address } = actor
  const by = [type, id, requestId, address]
  const rare = changes.filter(({ action }) => !frequentActions.includes(action))
  if (rare.length > 0) await run(insertStatement, [JSON.stringify(rare), ...by])
  for (const { tenantId, action, target, details = {} } of changes) {
    if (!frequentActions.includes(action)) continue
    await run(countStatement, [tenantId, action, target, JSON.stringify(details), ...by, separateEntries])
  }
}
