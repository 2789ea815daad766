/** A start of the API that fails at any step closes everything it opened. */
import { createServer } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { readConfig } from '../../src/config.js'
import { load } from '../support/built.js'
import { activeResources, descending, expectNothingOpen, FailingStack } from '../support/failing-stack.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { webhookKey } from '../support/stores.js'

const server: typeof import('../../src/server.js') = await load('src/server.js')

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
      await expectNothingOpen(database.connectionString, before)
    }
  }, 120_000)

  it('closes all steps even if every close throws', async () => {
    const stack = new FailingStack(steps, true)
    await expect(start(stack)).rejects.toThrow(new RegExp(`^step ${steps}; then: `))
    expect(stack.closed).toEqual(descending(steps))
    await expectNothingOpen(database.connectionString, before)
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
    await expectNothingOpen(database.connectionString, before)
  }, 60_000)
})
