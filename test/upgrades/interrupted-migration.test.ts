/** A process that is killed while it migrates, and processes of another release on the same database. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { applyMigrations } from '../../src/store/migrations.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'
import { readRelease, restoreRelease } from './release.js'

const ours = join(import.meta.dirname, '../../prisma/migrations')
const release = 'a27858b'

interface Begun {
  child: ChildProcess
  exit: Promise<unknown>
  output(): string
}

/** A process that may end before it has started. */
function begin(program: string, connectionString: string): Begun {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: '0', HOST: '', REDIS_URL: '', DATABASE_URL: connectionString },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return { child, exit: once(child, 'close'), output: () => output }
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** Other connections of the database that wait for a lock of a table. */
async function waitingFor(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(`
    SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'relation'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
  return rows.map(({ pid }) => pid)
}

async function appliedTo(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
  )
  return rows.map(({ name }) => name)
}

describe('a process killed in the middle of a migration', () => {
  it('leaves no partial changes, and the next start finishes', async () => {
    const connectionString = await freshDatabaseOfTest('empty')
    await restoreRelease(release, connectionString)
    const looking = await connect(connectionString)
    const before = await appliedTo(looking)
    const holding = await connect(connectionString)
    // The first lock blocks at once; the others after much of a migration is done.
    for (const table of ['Job', 'WeightSnapshot', 'StreamTicket']) {
      await holding.query(`BEGIN; LOCK TABLE "${table}" IN ACCESS EXCLUSIVE MODE`)
      const { child, exit, output } = begin('dist/src/server.js', connectionString)
      const waiting = await eventually(async () => {
        if (child.exitCode !== null) throw new Error(output())
        const [pid] = await waitingFor(looking)
        return pid
      })
      child.kill('SIGKILL')
      await exit
      // Its connection ends with it, although the lock it waits for is still held.
      await eventually(async () => ((await waitingFor(looking)).includes(waiting) ? undefined : true))
      await holding.query('ROLLBACK')
    }
    const half = await appliedTo(looking)
    expect(half.slice(0, before.length)).toEqual(before)
    const { rows } = await looking.query('SELECT 1 FROM _prisma_migrations WHERE finished_at IS NULL')
    expect(rows).toEqual([])

    const service = await startService(
      {
        DATABASE_URL: connectionString,
        LOG_LEVEL: 'info',
        WEBHOOK_KEYS: randomBytes(32).toString('base64'),
      },
      'dist/src/server.js',
    )
    const entries = await readdir(ours, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    expect(await appliedTo(looking)).toEqual(names.sort())
    const { keys, paused } = await readRelease(release)
    const headers = { authorization: `Bearer ${keys.blue}` }
    const answer = await fetch(`${service.url}/jobs/${paused}`, { headers })
    expect(await answer.json()).toMatchObject({ id: paused, status: 'paused' })
    await service.stop()
  }, 60_000)
})

describe('a database of a newer release', () => {
  it.each([
    'dist/src/server.js',
    'dist/workers/main.js',
  ])('is refused with a message by %s', async (program) => {
    const connectionString = await freshDatabaseOfTest()
    const folder = await mkdtemp(join(tmpdir(), 'descent-newer-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await cp(ours, folder, { recursive: true })
    await cp(join(ours, '0003_columns'), join(folder, '9999_newer'), { recursive: true })
    const client = await connect(connectionString)
    await client.query(`INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
      VALUES ('1', repeat('0', 64), now(), '9999_newer', 1)`)
    await expect(applyMigrations(connectionString, ours)).rejects.toThrow(/9999_newer/)
    const { child, exit, output } = begin(program, connectionString)
    await exit
    expect(child.exitCode).toBe(1)
    expect(output()).toMatch(
      /9999_newer was applied to this database and is unknown to this version: .* newer/,
    )
  })
})
