/** The PostgreSQL of a test run, with a migrated database `descent` that fresh ones are copied from. */
import { existsSync, statfsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.js'
import { applyMigrations } from '../../src/store/migrations.js'

/** Its data is removed after the run, so it does not have to survive a power cut. */
const settings = ['fsync = off', 'full_page_writes = off']

/** @returns its address. It ends, and its files are removed, when the stack is disposed. */
export async function startTestPostgres(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(temporaryFiles(), 'descent-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  // Root's PostgreSQL runs as another user, who has to pass through.
  await chmod(folder, 0o711)
  const { connectionString } = stack.adopt(
    await startEmbeddedPostgres({
      directory: join(folder, 'postgres'),
      log: { info: () => {}, warn: (message) => console.warn(message) },
    }),
    (server) => server.stop(),
  )
  await configure(connectionString)
  await applyMigrations(connectionString, join(import.meta.dirname, '../../prisma/migrations'))
  return connectionString
}

/**
 * In memory where there is room, because a database is hundreds of files, which file systems of disks create slowly
 * after others were deleted.
 */
function temporaryFiles(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= 4 * 1024 ** 3 ? memory : tmpdir()
}

async function configure(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    for (const setting of settings) await client.query(`ALTER SYSTEM SET ${setting}`)
    await client.query('SELECT pg_reload_conf()')
    // Every new connection hashes the password that often.
    await client.query('SET scram_iterations = 1')
    const { username, password } = new URL(connectionString)
    await client.query(`ALTER ROLE ${username} PASSWORD '${password}'`)
  } finally {
    await client.end()
  }
}
