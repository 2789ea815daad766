/**
 * Runs once a test run, in the process that outlives every test file. Starts what files share when the first asks:
 *
 *   /postgres        PostgreSQL, with a migrated database `descent` that fresh ones are copied from
 *   /service/NUMBER  the built service for the files of one worker of Vitest, which run one after the other
 *   /browser         Chromium
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { launchOptions } from '../../bench/browser.js'
import { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.js'
import { applyMigrations } from '../../src/store/migrations.js'
import { copyDatabase } from './database-copies.js'
import { startService } from './service.js'

/** Pages of one context share a process: starting one takes longer than most tests of a page. */
const fewRenderers = ['--renderer-process-limit=1', '--disable-site-isolation-trials']
/** A separate compositing thread takes a quarter of the processor time. It keeps scrolling smooth, which no test measures. */
const oneThread = ['--disable-threaded-compositing', '--disable-threaded-animation']

declare module 'vitest' {
  interface ProvidedContext {
    /** The local port that starts shared processes and answers with their addresses. */
    sharedProcesses: number
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'descent-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  // Root's PostgreSQL runs as another user, who has to pass through.
  await chmod(folder, 0o711)
  const starts = new Map<string, Promise<string>>()
  const addressOf = (path: string): Promise<string> => {
    const started = starts.get(path) ?? start(path)
    starts.set(path, started)
    return started
  }

  async function start(path: string): Promise<string> {
    if (path === '/postgres') {
      const server = stack.adopt(await startPostgres(join(folder, 'postgres')), (opened) => opened.stop())
      return server.connectionString
    }
    if (path === '/browser') {
      const options = launchOptions()
      const args = [...options.args, ...fewRenderers, ...oneThread]
      const server = stack.adopt(await chromium.launchServer({ ...options, args }), (opened) =>
        opened.close(),
      )
      return server.wsEndpoint()
    }
    const database = await copyDatabase(await addressOf('/postgres'))
    const service = await startService({ DATABASE_URL: database.connectionString })
    stack.adopt(service, (opened) => opened.stop())
    return service.url
  }

  const starter = createServer((request, response) => {
    // A kept connection may be closed while the next test file asks.
    response.setHeader('connection', 'close')
    addressOf(request.url ?? '').then(
      (address) => response.end(address),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.stack : String(error)),
    )
  })
  await new Promise<void>((resolve) => starter.listen(0, '127.0.0.1', resolve))
  const address = starter.address()
  if (address === null || typeof address === 'string') throw new Error('the starter has no port')
  project.provide('sharedProcesses', address.port)
  return async () => {
    starter.closeAllConnections()
    starter.close()
    await Promise.allSettled(starts.values())
    await stack.disposeAsync()
  }
}

async function startPostgres(directory: string): Promise<EmbeddedPostgres> {
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
