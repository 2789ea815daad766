/** Checks the object store of OBJECT_STORE_URL before the service uses it. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Database } from './database.js'
import type { ObjectLocation } from './object-location.js'
import { chunkTables, ObjectStore } from './object-store.js'
import { send, statement } from './statements.js'

/** $1 a new id, for the first start with a store. */
const ownerStatement = statement(
  'objectOwner',
  z.strictObject({ owner: z.string() }),
  `INSERT INTO "ObjectStoreState" (owner) VALUES ($1)
    ON CONFLICT (id) DO UPDATE SET owner = "ObjectStoreState".owner RETURNING owner`,
)

const namedStatement = statement(
  'countNamedObjects',
  z.strictObject({ objects: z.number() }),
  `SELECT ${chunkTables
    .map((table) => `(SELECT count(*) FROM "${table}" WHERE object IS NOT NULL)`)
    .join(' + ')}::float8 AS objects`,
)

export const openObjectStore = (location: ObjectLocation | undefined): ObjectStore | null =>
  location === undefined ? null : new ObjectStore(location)

/**
 * Writes, reads, deletes and lists as the service will. Then claims the prefix for this database: the cleanup deletes all
 * objects under the prefix that no row of its database names.
 * @throws Error that says what is wrong
 */
export async function checkObjectStore(
  { pool }: Pick<Database, 'pool'>,
  objects: ObjectStore,
): Promise<void> {
  try {
    await objects.probe()
    const [{ owner }] = await send(pool, ownerStatement, [randomBytes(16).toString('hex')])
    const found = await objects.owner()
    if (found === null) await objects.setOwner(owner)
    else if (found !== owner) throw new Error(otherOwner)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The object store at ${objects.address} cannot be used: ${reason} OBJECT_STORE_URL needs an existing bucket, and ` +
        'keys that may get, put, delete and list its objects.',
      { cause: error },
    )
  }
}

const otherOwner =
  'It belongs to another database. The cleanup would delete the objects of that one. Choose another prefix.'

/** How many chunks a process without a store cannot read. */
export async function countNamedObjects({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const [{ objects }] = await send(pool, namedStatement, [])
  return objects
}
