import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** The database and the folder of migrations do not fit together, or a migration failed and was undone. */
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

/** Where the migrations lie, both among the sources and in the build. */
export const migrationsDirectory = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

/** The number Prisma's own migrate command locks, so that neither runs beside the other. */
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
 * Brings a database up to the migrations of a folder (`<name>/migration.sql`, in the order of their names),
 * each in one transaction, recorded as `prisma migrate deploy` records it. Several processes may call it at
 * once: one works, the others wait up to a minute and find the work done.
 * @returns the names applied by this call
 * @throws MigrationError when an applied migration was changed or is missing, an earlier one did not finish,
 *   or one fails (it is undone, those before it stay)
 */
export async function applyMigrations(connectionString: string, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const client = new pg.Client({ connectionString })
  // A cut connection rejects the query under way; without a listener it would also end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    // Nearly every start finds nothing to do, and then waits for nobody.
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
    // The lock belongs to the session and goes with it.
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
    throw new MigrationError('another process has been migrating this database for a minute: try again', {
      cause: error,
    })
  }
  await client.query('RESET lock_timeout')
}

/**
 * PostgreSQL looks for its client only between two statements unless it is told to: that of a killed process would hold the
 * lock until its migration is through, and then undo it. Versions before 14, and some systems, cannot.
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

/** Before the first migration there is no table. */
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
        `migration ${name} was begun on this database and did not finish: repair the database, then mark it ` +
          'with "prisma migrate resolve"',
      )
    }
    if (script === undefined) {
      throw new MigrationError(
        `migration ${name} was applied to this database but is not among ours: the database belongs to a ` +
          'newer or another version of Descent',
      )
    }
    if (!possibleChecksums(script).includes(checksum)) {
      throw new MigrationError(
        `migration ${name} was changed after it was applied to this database: restore the file and put the ` +
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
    throw new MigrationError(`migration ${name} failed and was undone: ${reason}`, { cause: error })
  }
}

/** A checkout may have changed the line endings, which Prisma forgives as well. */
function possibleChecksums(script: string): string[] {
  const unix = script.replaceAll('\r\n', '\n')
  return [script, unix, unix.replaceAll('\n', '\r\n')].map(sha256)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
