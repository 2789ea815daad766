import { onTestFinished } from 'vitest'
import { checkRows } from '../../src/store/statements.js'
import { copyDatabase, type FreshDatabase } from './database-copies.js'
import { shared } from './shared.js'

export type { FreshDatabase }

checkRows()

/**
 * A new database with all migrations applied, or with nothing in it for `empty`.
 * Drop it in `afterAll`; for a database of one test use `freshDatabaseOfTest`.
 */
export async function freshDatabase(content: 'migrated' | 'empty' = 'migrated'): Promise<FreshDatabase> {
  return copyDatabase(await shared('/postgres'), content)
}

/** The address of a fresh database that is dropped when the running test has finished. */
export async function freshDatabaseOfTest(content: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  const database = await freshDatabase(content)
  onTestFinished(() => database.drop())
  return database.connectionString
}
