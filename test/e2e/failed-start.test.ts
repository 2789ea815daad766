/** A start of the API that fails at any step closes everything it opened. */
import { createServer } from 'node:net'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { readConfig } from '../../src/config.js'
import { load } from '../support/built.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { eventually } from '../support/service.js'
import { webhookKey } from '../support/stores.js'

const server: typeof import('../../src/server.js') = await load('src/server.js')

/** Throws after the step with this number. Its closes may throw, too. */
class FailingStack extends AsyncDisposableStack {
  readonly closed: number[] = []
  steps = 0

  constructor(
    private readonly failingStep: number,
    private readonly failingCloses = false,
  ) {
    super()
  }

  override defer(dispose: () => unknown): void {
    this.steps++
    const step = this.steps
    super.defer(async () => {
      await dispose()
      this.closed.push(step)
      if (this.failingCloses) throw new Error(`close of step ${step}`)
    })
    if (step === this.failingStep) throw new Error(`step ${step}`)
  }
}

const descending = (from: number) => Array.from({ length: from }, (_, index) => from - index)

/** Sockets, servers, timers and threads that keep this process alive, by kind. */
function activeResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /TCP|Timeout|MessagePort|Worker|Process/.test(kind))
    .toSorted()
}

describe('a failed start of the API', () => {
  let database: FreshDatabase
  let steps: number
  let before: string[]

  const start = (stack: AsyncDisposableStack, environment: Record<string, string> = {}) => {
    const config = readConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      LIVENESS_PORT: '0',
      DESCENT_BACKEND: 'wasm',
      WEBHOOK_KEYS: webhookKey,
      ...environment,
    })
    return server.startServer(config, database.connectionString, pino({ level: 'silent' }), stack)
  }

  async function expectNothingOpen() {
    const client = new pg.Client({ connectionString: database.connectionString })
    await client.connect()
    try {
      await eventually(async () => {
        const { rows } = await client.query(
          'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        )
        return rows.length === 0 ? true : undefined
      })
    } finally {
      await client.end()
    }
    await eventually(async () => (activeResources().length <= before.length ? true : undefined))
  }

  beforeAll(async () => {
    database = await freshDatabase()
    // The first start loads what stays loaded, such as WebAssembly.
    const stack = new FailingStack(Number.POSITIVE_INFINITY)
    await (await start(stack)).close()
    steps = stack.steps
    expect(stack.closed).toEqual(descending(steps))
    before = activeResources()
  }, 60_000)

  afterAll(() => database.drop())

  it('closes all earlier steps in reverse order, whichever step fails', async () => {
    expect(steps).toBeGreaterThan(10)
    for (let step = 1; step <= steps; step++) {
      const stack = new FailingStack(step)
      await expect(start(stack)).rejects.toThrow(new RegExp(`^step ${step}$`))
      expect(stack.closed).toEqual(descending(step))
      await expectNothingOpen()
    }
  }, 120_000)

  it('closes all steps even if every close throws', async () => {
    const stack = new FailingStack(steps, true)
    await expect(start(stack)).rejects.toThrow(new RegExp(`^step ${steps}; then: `))
    expect(stack.closed).toEqual(descending(steps))
    await expectNothingOpen()
  }, 60_000)

  it('closes all steps if the port is in use', async () => {
    const occupied = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => occupied.once('listening', resolve))
    try {
      const address = occupied.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const stack = new FailingStack(Number.POSITIVE_INFINITY)
      await expect(start(stack, { PORT: String(port) })).rejects.toThrow('EADDRINUSE')
      expect(stack.closed).toEqual(descending(steps))
    } finally {
      occupied.close()
    }
    await expectNothingOpen()
  }, 60_000)
})
