import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { applyMigrations, MigrationError } from '../../src/store/migrations.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { deploymentByPrisma } from '../support/schema-engine.js'

const ours = join(import.meta.dirname, '../../prisma/migrations')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'descent-migrations-'))
  await add('0001_first', 'CREATE TABLE "First" ("id" INTEGER PRIMARY KEY);\n')
})

afterEach(() => rm(folder, { recursive: true }))

async function add(name: string, script: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), script)
}

async function ask(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

const tablesOf = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`

describe('applying migrations', () => {
  it('applies ours to an empty database, once, in the order of their names', async () => {
    const database = await freshDatabaseOfTest('empty')
    const entries = await readdir(ours, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
    expect(await applyMigrations(database, ours)).toEqual(names.sort())
    expect(await applyMigrations(database, ours)).toEqual([])
  })

  it('applies only what is new', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    await add('0002_second', 'ALTER TABLE "First" ADD COLUMN "name" TEXT; CREATE INDEX ON "First" ("name");')
    expect(await applyMigrations(database, folder)).toEqual(['0002_second'])
  })

  it('records a migration as Prisma does', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    const script = await readFile(join(folder, '0001_first/migration.sql'))
    const [row] = await ask(database, 'SELECT * FROM _prisma_migrations')
    expect(row).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      checksum: createHash('sha256').update(script).digest('hex'),
      finished_at: expect.any(Date),
      migration_name: '0001_first',
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      applied_steps_count: 1,
    })
  })

  it('leaves a history that Prisma accepts as complete', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    expect(await deploymentByPrisma(database, folder)).toEqual({
      history: {
        editedMigrationNames: [],
        failedMigrationNames: [],
        hasMigrationsTable: true,
        history: null,
      },
      applied: [],
    })
  })

  it('continues a history of Prisma', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    await add('0002_second', 'CREATE TABLE "Second" ("id" INTEGER);')
    expect((await deploymentByPrisma(database, folder)).applied).toEqual(['0002_second'])
    await add('0003_third', 'CREATE TABLE "Third" ("id" INTEGER);')
    expect(await applyMigrations(database, folder)).toEqual(['0003_third'])
  })

  it('is done once by several concurrent processes', async () => {
    const database = await freshDatabaseOfTest('empty')
    const applied = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(database, folder)))
    expect(applied.flat()).toEqual(['0001_first'])
  })

  it('does not wait if there is nothing to do', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    const other = new pg.Client({ connectionString: database })
    await other.connect()
    await other.query('SELECT pg_advisory_lock(72707369)')
    expect(await applyMigrations(database, folder)).toEqual([])
    await other.end()
  })

  it('waits for a lock that Prisma holds', async () => {
    const database = await freshDatabaseOfTest('empty')
    const prisma = new pg.Client({ connectionString: database })
    await prisma.connect()
    onTestFinished(() => prisma.end())
    await prisma.query('SELECT pg_advisory_lock(72707369)')
    const applying = applyMigrations(database, folder)
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
    await expect.poll(() => ask(database, waiting)).toHaveLength(1)
    expect(await ask(database, tablesOf)).toEqual([])
    await prisma.query('SELECT pg_advisory_unlock(72707369)')
    expect(await applying).toEqual(['0001_first'])
  })
})

describe('refusing a history', () => {
  it('rolls back a migration that fails, and keeps those before it', async () => {
    const database = await freshDatabaseOfTest('empty')
    await add('0002_broken', 'CREATE TABLE "Half" ("id" INTEGER); CREATE TABLE "First" ("id" INTEGER);')
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      new MigrationError('migration 0002_broken failed and was rolled back: relation "First" already exists'),
    )
    expect(await ask(database, tablesOf)).toEqual([
      { table_name: 'First' },
      { table_name: '_prisma_migrations' },
    ])
    await add('0002_broken', 'CREATE TABLE "Whole" ("id" INTEGER);')
    expect(await applyMigrations(database, folder)).toEqual(['0002_broken'])
  })

  it('names an applied migration whose file was changed, except for line endings', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    await add('0001_first', 'CREATE TABLE "First" ("id" INTEGER PRIMARY KEY);\r\n')
    expect(await applyMigrations(database, folder)).toEqual([])
    await add('0001_first', 'CREATE TABLE "First" ("id" BIGINT PRIMARY KEY);\n')
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      /0001_first was changed after it was applied/,
    )
  })

  it('names an applied migration that the folder lacks', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    await cp(join(folder, '0001_first'), join(folder, '0000_renamed'), { recursive: true })
    await rm(join(folder, '0001_first'), { recursive: true })
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      /0001_first .* is unknown to this version/,
    )
  })

  it('names a migration that another tool did not finish, until it is marked as rolled back', async () => {
    const database = await freshDatabaseOfTest('empty')
    await applyMigrations(database, folder)
    await ask(
      database,
      `UPDATE _prisma_migrations SET finished_at = NULL, logs = 'connection lost', applied_steps_count = 0`,
    )
    await expect(applyMigrations(database, folder)).rejects.toThrow(/0001_first started .* did not finish/)
    await ask(database, 'UPDATE _prisma_migrations SET rolled_back_at = now(); DROP TABLE "First"')
    expect(await applyMigrations(database, folder)).toEqual(['0001_first'])
  })
})
