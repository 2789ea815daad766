/** A database for a short task of another program than the service. */
import { type Database, openDatabase } from './database.js'
import { applyMigrations, migrationsDirectory } from './migrations.js'

/** Brings the database up to date, and opens it until `work` ends. */
export async function withMigratedDatabase<T>(
  connectionString: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  await applyMigrations(connectionString, migrationsDirectory)
  const database = openDatabase(connectionString, { prisma: 1, statements: 1 })
  return work(database).finally(() => database.$disconnect())
}
