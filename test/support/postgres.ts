import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { checkRows } from '../../src/store/statements.js'

checkRows()

/** A separate database on the PostgreSQL of the test run. */
export interface FreshDatabase {
  connectionString: string
  /** Removes the database, cutting connections still open. */
  drop(): Promise<void>
}

/**
 * A new database with all migrations applied, or with nothing in it for `empty`.
 * Drop it in `afterAll`; for a database of one test use `freshDatabaseOfTest`.
 */
export async function freshDatabase(content: 'migrated' | 'empty' = 'migrated'): Promise<FreshDatabase> {
  const server = await askForServer()
  const name = `test_${randomBytes(8).toString('hex')}`
  const template = content === 'migrated' ? 'descent' : 'template0'
  await asAdministrator(server, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const address = new URL(server)
  address.pathname = `/${name}`
  return {
    connectionString: address.href,
    drop: () => asAdministrator(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** The address of a fresh database that is dropped when the running test has finished. */
export async function freshDatabaseOfTest(content: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  const database = await freshDatabase(content)
  onTestFinished(() => database.drop())
  return database.connectionString
}

async function askForServer(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${inject('postgresStarter')}/`)
  const answer = await response.text()
  if (!response.ok) throw new Error(`the tests' PostgreSQL does not start: ${answer}`)
  return answer
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
