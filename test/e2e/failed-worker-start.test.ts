/** A start of the worker that fails at any step closes everything it opened, and says why. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { readConfig } from '../../src/config.js'
import { load } from '../support/built.js'
import { activeResources, descending, expectNothingOpen, FailingStack } from '../support/failing-stack.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js'
import { freePort, startService } from '../support/service.js'

const { startWorker }: typeof import('../../workers/start-worker.js') = await load('workers/start-worker.js')

let database: FreshDatabase
let redis: TestRedis | undefined

const start = (stack: AsyncDisposableStack, environment: Record<string, string> = {}) => {
  const config = readConfig({ DESCENT_BACKEND: 'wasm', ...environment })
  return startWorker(config, database.connectionString, pino({ level: 'silent' }), stack)
}

/** A server that answers as Redis 4, which BullMQ refuses. Its address. */
async function startOldRedis(): Promise<string> {
  const facts = 'redis_version:4.0.0\r\nmaxmemory_policy:noeviction\r\n'
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const [, command] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const isInfo = command.toLowerCase() === 'info'
        socket.write(isInfo ? `$${facts.length}\r\n${facts}\r\n` : '+OK\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

beforeAll(async () => {
  database = await freshDatabase()
  redis = hasRedis ? await startRedis() : undefined
})

afterAll(async () => {
  await redis?.stop()
  await database.drop()
})

describe.each(
  hasRedis ? ['PostgreSQL', 'Redis'] : ['PostgreSQL'],
)('a failed start of a worker, woken by %s', (queue) => {
  let environment: Record<string, string>
  let steps: number
  let before: string[]

  beforeAll(async () => {
    environment = queue === 'Redis' && redis !== undefined ? { REDIS_URL: redis.url } : {}
    // The first start loads what stays loaded, such as WebAssembly.
    const stack = new FailingStack(Number.POSITIVE_INFINITY)
    await start(stack, environment)
    await stack.disposeAsync()
    steps = stack.steps
    expect(stack.closed).toEqual(descending(steps))
    before = activeResources()
  })

  it('closes all earlier steps in reverse order, whichever step fails', async () => {
    expect(steps).toBe(queue === 'Redis' ? 12 : 11)
    for (let step = 1; step <= steps; step++) {
      const stack = new FailingStack(step)
      await expect(start(stack, environment)).rejects.toThrow(new RegExp(`^step ${step}$`))
      expect(stack.closed).toEqual(descending(step))
      await expectNothingOpen(database.connectionString, before)
    }
  })

  it('closes all steps even if every close throws', async () => {
    const stack = new FailingStack(steps, true)
    await expect(start(stack, environment)).rejects.toThrow(new RegExp(`^step ${steps}; then: `))
    expect(stack.closed).toEqual(descending(steps))
    await expectNothingOpen(database.connectionString, before)
  })
})

describe('a start of a worker without a usable database or Redis', () => {
  it('leaves no connection to a Redis that is too old', async () => {
    const before = activeResources()
    const REDIS_URL = await startOldRedis()
    const stack = new FailingStack(Number.POSITIVE_INFINITY)
    await expect(start(stack, { REDIS_URL })).rejects.toThrow('Redis version')
    expect(stack.closed).toEqual(descending(stack.steps))
    await expectNothingOpen(database.connectionString, [...before, 'TCPServerWrap'])
  })

  it.each([
    ['PostgreSQL', async () => ({ DATABASE_URL: `postgresql://127.0.0.1:${await freePort()}/none` })],
    ['Redis', async () => ({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` })],
  ])('ends the process and names the address of a %s that is away', async (_name, environment) => {
    const settings = {
      DATABASE_URL: database.connectionString,
      DESCENT_BACKEND: 'wasm',
      ...(await environment()),
    }
    const port = Object.values(settings)
      .flatMap((value) => value.match(/127\.0\.0\.1:\d+/) ?? [])
      .at(-1)
    await expect(startService(settings, 'dist/workers/main.js')).rejects.toThrow(`ECONNREFUSED ${port}`)
  })
})
