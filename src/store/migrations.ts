import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** The database and the folder of migrations do not match, or a migration failed and was rolled back. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

interface Migration {
  name: string
  script: string
}

interface Recorded {
  name: string
  checksum: string
  finished: boolean
}

/** The folder of migrations, in the sources and in the build. */
export const migrationsDirectory = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

/** The lock of Prisma's migrate command, so that the two exclude each other. */
const PRISMA_LOCK = 72707369

const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                  VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"            VARCHAR(64) NOT NULL,
    "finished_at"         TIMESTAMPTZ,
    "migration_name"      VARCHAR(255) NOT NULL,
    "logs"                TEXT,
    "rolled_back_at"      TIMESTAMPTZ,
    "started_at"          TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
  )`

/**
 * Applies the migrations of a folder (`<name>/migration.sql`, in the order of their names), each in one
 * transaction, and records them as `prisma migrate deploy` does. Of several processes, one works, and the
 * others wait for up to a minute.
 * @returns the names applied by this call
 * @throws MigrationError if an applied migration was changed or is missing, an earlier one did not finish,
 *   or one fails; it is rolled back, and those before it stay
 */
export async function applyMigrations(connectionString: string, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const client = new pg.Client({ connectionString })
  // The loss of the connection rejects the current query. Without a listener, it would also end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    // Most starts find nothing to do, and need no lock.
    if (isUpToDate(migrations, await readIfRecorded(client))) return []
    await lock(client)
    await endWithProcess(client)
    await client.query(MIGRATIONS_TABLE)
    const recorded = await readRecorded(client)
    checkHistory(migrations, recorded)
    const done = new Set(recorded.map(({ name }) => name))
    const pending = migrations.filter(({ name }) => !done.has(name))
    for (const migration of pending) await apply(client, migration)
    return pending.map(({ name }) => name)
  } finally {
    // Ends the session, which releases the lock.
    await client.end()
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      script: await readFile(join(directory, name, 'migration.sql'), 'utf8'),
    })),
  )
}

async function lock(client: pg.Client): Promise<void> {
  await client.query(`SET lock_timeout = '60s'`)
  try {
    await client.query(`SELECT pg_advisory_lock(${PRISMA_LOCK})`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '55P03')) throw error
    throw new MigrationError('another process has been migrating this database for a minute: retry later', {
      cause: error,
    })
  }
  await client.query('RESET lock_timeout')
}

/**
 * By default, PostgreSQL checks its client only between statements. The session of a killed process would
 * hold the lock until its migration ends, and then roll it back. Versions before 14 and some systems have no
 * such setting.
 */
async function endWithProcess(client: pg.Client): Promise<void> {
  await client.query(`SET client_connection_check_interval = '1s'`).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError)) throw error
  })
}

async function readRecorded(client: pg.Client): Promise<Recorded[]> {
  const { rows } = await client.query<Recorded>(
    `SELECT "migration_name" AS "name", "checksum", "finished_at" IS NOT NULL AS "finished"
     FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "started_at"`,
  )
  return rows
}

/** The table does not exist before the first migration. */
async function readIfRecorded(client: pg.Client): Promise<Recorded[]> {
  try {
    return await readRecorded(client)
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42P01') return []
    throw error
  }
}

function isUpToDate(migrations: Migration[], recorded: Recorded[]): boolean {
  const records = new Map(recorded.map((record) => [record.name, record]))
  return (
    migrations.length === recorded.length &&
    migrations.every(({ name, script }) => {
      const { finished, checksum } = records.get(name) ?? { finished: false, checksum: '' }
      return finished && possibleChecksums(script).includes(checksum)
    })
  )
}

function checkHistory(migrations: Migration[], recorded: Recorded[]): void {
  const scripts = new Map(migrations.map(({ name, script }) => [name, script]))
  for (const { name, checksum, finished } of recorded) {
    const script = scripts.get(name)
    if (!finished) {
      throw new MigrationError(
        `migration ${name} started on this database and did not finish: repair the database, then mark it ` +
          'with "prisma migrate resolve"',
      )
    }
    if (script === undefined) {
      throw new MigrationError(
        `migration ${name} was applied to this database and is unknown to this version: the database belongs to a ` +
          'newer or another version of Descent',
      )
    }
    if (!possibleChecksums(script).includes(checksum)) {
      throw new MigrationError(
        `migration ${name} was changed after it was applied to this database: restore the file, and put the ` +
          'change into a new migration',
      )
    }
  }
}

async function apply(client: pg.Client, { name, script }: Migration): Promise<void> {
  const id = randomUUID()
  try {
    await client.query('BEGIN')
    await client.query(
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name") VALUES ($1, $2, $3)`,
      [id, sha256(script), name],
    )
    await client.query(script)
    await client.query(
      `UPDATE "_prisma_migrations" SET "finished_at" = clock_timestamp(), "applied_steps_count" = 1 WHERE "id" = $1`,
      [id],
    )
    await client.query('COMMIT')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MigrationError(`migration ${name} failed and was rolled back: ${reason}`, { cause: error })
  }
}

/** Line endings may differ after a checkout, which Prisma accepts as well. */
function possibleChecksums(script: string): string[] {
  const unix = script.replaceAll('\r\n', '\n')
  return [script, unix, unix.replaceAll('\n', '\r\n')].map(sha256)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
