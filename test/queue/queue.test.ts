import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase } from '../support/postgres.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { type AbandonedTicket, abandonTicket, type Backend, queueCases } from './cases.js'

const postgres: Backend = {
  async open() {
    const { connectionString, drop } = await freshDatabase()
    return { address: { type: 'postgres', connectionString }, drop }
  },
}

const redis: Backend = {
  async open() {
    const { url, stop } = await startRedis()
    return { address: { type: 'redis', url }, drop: stop }
  },
}

// hasRedis says loudly when there is none.
const backends = [
  { name: 'PostgreSQL', backend: postgres },
  ...(hasRedis ? [{ name: 'Redis', backend: redis }] : []),
]

/** Begun first and looked at last, because the tickets come back only after seconds. */
const abandoned = new Map<string, AbandonedTicket>()

beforeAll(async () => {
  await Promise.all(
    backends.map(async ({ name, backend }) => abandoned.set(name, await abandonTicket(backend))),
  )
}, 60_000)

afterAll(() => Promise.all([...abandoned.values()].map((each) => each.close())))

for (const { name, backend } of backends) queueCases(name, backend)

describe.each(backends)('the ticket of a killed worker on $name', ({ name }) => {
  it('is delivered again', async () => {
    const ticket = abandoned.get(name)
    expect(await ticket?.deliveredAgain()).toBe(ticket?.jobId)
  }, 60_000)
})
