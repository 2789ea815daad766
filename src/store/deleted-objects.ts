/**
 * The table of objects that nothing needs. Triggers insert the keys of deleted rows in their transaction, and writers those
 * that they wrote in vain. The cleanup deletes the objects (`object-cleaner.ts`).
 */
import { z } from 'zod'
import { chunkTables } from './object-store.js'
import { type Connection, noRow, send, statement } from './statements.js'

const keyRow = z.strictObject({ key: z.string() })

/** A process that claimed objects has this long to delete them. After an error, they wait as long. */
const claimMinutes = 10
const claimedAtOnce = 200

/**
 * $1 keys. No dump names them, so they are due at once, but for a minute: a transaction whose answer was lost may still
 * commit a row that names one.
 */
const discardStatement = statement(
  'discardObjects',
  noRow,
  `INSERT INTO "DeletedObject" (key, "deletedAt", "claimedAt")
    SELECT unnest($1::text[]), '-infinity', now() - interval '${claimMinutes - 1} minutes'`,
)

/** Objects that were written. Rows that are not yet committed may name them. */
export class WrittenObjects {
  readonly #keys = new Set<string>()

  constructor(private readonly pool: Connection) {}

  readonly add = (key: string): void => {
    this.#keys.add(key)
  }

  /** The row that names it is committed. */
  isNamed(key: string | null): void {
    if (key !== null) this.#keys.delete(key)
  }

  /**
   * Lets the cleanup delete the others, unless a row names them after all. Ignores errors, because the daily sweep deletes
   * what it finds without a row.
   */
  async discard(): Promise<void> {
    if (this.#keys.size === 0) return
    await send(this.pool, discardStatement, [[...this.#keys]]).catch(() => {})
  }
}

/** Whether a row names the object. Jobs and models that continue others share their objects. */
const isNamed = (key: string) =>
  chunkTables.map((table) => `EXISTS (SELECT FROM "${table}" WHERE object = ${key})`).join(' OR ')

/** $1 seconds that an object stays after its row. The oldest come first. */
const claimStatement = statement(
  'claimDeletedObjects',
  z.strictObject({ id: z.string(), key: z.string() }),
  `
    WITH due AS MATERIALIZED (
      SELECT id FROM "DeletedObject"
      WHERE "deletedAt" <= now() - $1::float8 * interval '1 second'
        AND ("claimedAt" IS NULL OR "claimedAt" < now() - interval '${claimMinutes} minutes')
      ORDER BY "deletedAt" LIMIT ${claimedAtOnce} FOR UPDATE SKIP LOCKED
    )
    UPDATE "DeletedObject" SET "claimedAt" = now() WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING id, key`,
)

/** $1 keys. */
const unnamedStatement = statement(
  'unnamedObjects',
  keyRow,
  `SELECT listed.key FROM unnest($1::text[]) AS listed(key) WHERE NOT (${isNamed('listed.key')})`,
)

/** $1 ids. */
const forgetStatement = statement(
  'forgetDeletedObjects',
  noRow,
  'DELETE FROM "DeletedObject" WHERE id = ANY($1::bigint[])',
)

/** $1 keys. Those in the table are deleted by it. */
const orphansStatement = statement(
  'orphanedObjects',
  keyRow,
  `SELECT listed.key FROM unnest($1::text[]) AS listed(key)
    WHERE NOT (${isNamed('listed.key')})
      AND NOT EXISTS (SELECT FROM "DeletedObject" WHERE "DeletedObject".key = listed.key)`,
)

export const claimDeletedObjects = (pool: Connection, keptSeconds: number) =>
  send(pool, claimStatement, [keptSeconds])

/** Those of the keys that no row names. */
export async function unnamedObjects(pool: Connection, keys: readonly string[]): Promise<string[]> {
  return (await send(pool, unnamedStatement, [keys])).map(({ key }) => key)
}

export async function forgetDeletedObjects(pool: Connection, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await send(pool, forgetStatement, [ids])
}

/** Those of the keys that neither a row nor the table names. */
export async function orphanedObjects(pool: Connection, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  return (await send(pool, orphansStatement, [keys])).map(({ key }) => key)
}

const waitingStatement = statement(
  'countDeletedObjects',
  z.strictObject({ objects: z.number() }),
  'SELECT count(*)::float8 AS objects FROM "DeletedObject"',
  { scans: 'Counts what the cleanup will delete.' },
)

export async function countDeletedObjects(pool: Connection): Promise<number> {
  const [{ objects }] = await send(pool, waitingStatement, [])
  return objects
}
