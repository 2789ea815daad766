/**
 * Runs once a test run, in the process that outlives every test file. Starts what files share when the first asks:
 *
 *   /postgres        PostgreSQL, with a migrated database `descent` that fresh ones are copied from
 *   /service/NUMBER  the built service for the files of one worker of Vitest, which run one after the other
 *   /browser         Chromium
 */
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { launchOptions } from '../../bench/browser.js'
import { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { copyDatabase } from './database-copies.js'
import { startService } from './service.js'
import { startTestPostgres } from './test-postgres.js'

/** Pages of one context share a process: starting one takes longer than most tests of a page. */
const fewRenderers = ['--renderer-process-limit=1', '--disable-site-isolation-trials']

declare module 'vitest' {
  interface ProvidedContext {
    /** The local port that starts shared processes and answers with their addresses. */
    sharedProcesses: number
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = new AsyncDisposableStack()
  const starts = new Map<string, Promise<string>>()
  const addressOf = (path: string): Promise<string> => {
    const started = starts.get(path) ?? start(path)
    starts.set(path, started)
    return started
  }

  async function start(path: string): Promise<string> {
    if (path === '/postgres') return startTestPostgres(stack)
    if (path === '/browser') {
      const options = launchOptions()
      const args = [...options.args, ...fewRenderers]
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
