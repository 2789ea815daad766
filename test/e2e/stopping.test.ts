/** Requests that wait for a thread when the service stops are refused, and not logged as its faults. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { HttpClient, json } from '../../bench/http-client.js'
import { freshDatabase } from '../support/postgres.js'
import { startService } from '../support/service.js'

const database = await freshDatabase()
afterAll(() => database.drop())

const row = [0.25, 1]
const large = json({ dataset: { x: Array.from({ length: 60_000 }, () => row), y: [] } })

it('ends requests that wait for the request thread with 503 at SIGTERM', async () => {
  const service = await startService(
    { DATABASE_URL: database.connectionString, LOG_LEVEL: 'info' },
    'dist/src/server.js',
  )
  const client = new HttpClient(service.url)
  const sent = Array.from({ length: 40 }, () =>
    client.send({ method: 'POST', path: '/jobs/validate', body: large }),
  )
  await Promise.race(sent)
  // The server waits for open connections, and not for these.
  client.breakConnections()
  await sleep(20)
  const { code } = await service.stop()
  await Promise.all(sent)
  expect(code).toBe(0)
  expect(service.output()).not.toContain('"level":50')
  expect(service.output()).not.toContain('"statusCode":500')
}, 60_000)
