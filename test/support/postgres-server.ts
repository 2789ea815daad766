import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.js'
import { applyMigrations } from '../../src/store/migrations.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The local port that starts the run's PostgreSQL when it is first asked and answers where it is. */
    postgresStarter: number
  }
}

/**
 * Runs once a test run, in the process that outlives every test file: a throw-away PostgreSQL that starts when
 * the first test asks for a database, with a migrated database `descent` that fresh ones are copied from.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'descent-test-'))
  // Root's PostgreSQL runs as another user, who has to pass through.
  await chmod(folder, 0o711)
  let server: Promise<EmbeddedPostgres> | undefined
  const starter = createServer((_request, response) => {
    // A kept connection may be closed while the next test file asks.
    response.setHeader('connection', 'close')
    server ??= start(join(folder, 'postgres'))
    server.then(
      ({ connectionString }) => response.end(connectionString),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.stack : String(error)),
    )
  })
  await new Promise<void>((resolve) => starter.listen(0, '127.0.0.1', resolve))
  const address = starter.address()
  if (address === null || typeof address === 'string') throw new Error('the starter has no port')
  project.provide('postgresStarter', address.port)
  return async () => {
    starter.closeAllConnections()
    starter.close()
    await (await server?.catch(() => undefined))?.stop()
    await rm(folder, { recursive: true })
  }
}

async function start(directory: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    directory,
    log: { info: () => {}, warn: (message) => console.warn(message) },
  })
  const client = new pg.Client({ connectionString: server.connectionString })
  await client.connect()
  // What is thrown away after the run does not have to survive a power cut.
  await client.query('ALTER SYSTEM SET fsync = off')
  await client.query('SELECT pg_reload_conf()')
  await client.end()
  await applyMigrations(server.connectionString, join(import.meta.dirname, '../../prisma/migrations'))
  return server
}
