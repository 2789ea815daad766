/** A connection that ends at any message of a transaction: an outage for the client, and all or nothing is stored. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { databaseTrouble, openDatabase } from '../../src/store/database.js'
import { modelStore } from '../../src/store/models.js'
import { openStores, type Stores, storeModel } from '../support/stores.js'
import { openStrikingProxy, type Strike, type StrikingProxy } from '../support/striking-proxy.js'

let stores: Stores
let proxy: StrikingProxy

beforeAll(async () => {
  stores = await openStores()
  proxy = await openStrikingProxy(stores.connectionString)
})

afterAll(async () => {
  proxy.close()
  await stores.close()
})

const never = Number.POSITIVE_INFINITY

/** Kills the server process of the connection, which says so before it ends. */
const terminate = (pid: number) => stores.database.$queryRaw`SELECT pg_terminate_backend(${pid}::int, 5000)`

it.each([
  ['breaks before', () => 'before' as const],
  ['breaks after', () => 'after' as const],
  ['is terminated by the server at', (pid: number) => () => terminate(pid)],
])(
  'a model is deleted whose connection %s any message, when the client repeats the request',
  async (_, strike: (pid: number) => Strike) => {
    const database = openDatabase(proxy.connectionString, { prisma: 1, statements: 1 })
    const models = modelStore(database).of('local')
    for (let message = 1; ; message++) {
      const { id } = await storeModel(stores)
      const [{ pid }] = await database.$queryRaw<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`
      proxy.strikeAt(message, strike(pid))
      const attempt = () => models.delete(id).catch((error: unknown) => databaseTrouble(error) ?? error)
      const outcome = await attempt()
      const { seen } = proxy
      proxy.strikeAt(never, 'before')
      // There were fewer messages.
      if (seen < message) {
        expect([outcome, message > 5]).toEqual(['deleted', true])
        break
      }
      expect([message, outcome]).toEqual([message, 'unavailable'])
      // The pool may not have noticed the end of the connection.
      let repeated = await attempt()
      if (repeated === 'unavailable') repeated = await attempt()
      // A commit may take effect although its answer is lost.
      expect(['deleted', 'missing']).toContain(repeated)
      expect(await stores.models.get(id)).toBeNull()
    }
    await database.$disconnect()
  },
  60_000,
)
