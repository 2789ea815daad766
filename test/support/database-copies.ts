/** Fresh databases on a PostgreSQL. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** A separate database on the PostgreSQL of the test run. */
export interface FreshDatabase {
  connectionString: string
  /** Removes the database, cutting connections still open. */
  drop(): Promise<void>
}

/** A copy of the migrated database of a server, or an empty database. */
export async function copyDatabase(
  server: string,
  content: 'migrated' | 'empty' = 'migrated',
): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const template = content === 'migrated' ? 'descent' : 'template0'
  // Copying the files takes less time than writing all their pages to the log.
  await asAdministrator(server, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
  const address = new URL(server)
  address.pathname = `/${name}`
  return {
    connectionString: address.href,
    drop: () => asAdministrator(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** Connected to `postgres`, because a database that is copied must have nobody connected to it. */
async function asAdministrator(server: string, statement: string): Promise<void> {
  const address = new URL(server)
  address.pathname = '/postgres'
  const client = new pg.Client({ connectionString: address.href })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
